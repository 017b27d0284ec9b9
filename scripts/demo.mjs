/**
 * A container's life, as a person would type it: `npm run demo`. Each command is printed and then carried out by a
 * shell, and what follows is what it printed. State is kept where `tsrun` keeps it by default. Whatever happens, the
 * containers are gone in the end; those of an earlier demo that was killed are removed first.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tsrun = "dist/tsrun";
const ids = ["demo-hello", "demo"];
const log = "build/demo.log";

/** How long to wait for what a step brings about: in milliseconds. */
const deadline = 10_000;

if (process.getuid?.() !== 0) {
	console.error('demo: only root can make containers from these bundles: run "sudo npm run demo"');
	process.exit(1);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
	process.on(signal, () => {
		removeContainers();
		process.exit(1);
	});
}

execFileSync(process.execPath, ["scripts/bundles.mjs", "hello", "signals"], {
	cwd: root,
	stdio: ["ignore", "ignore", "inherit"],
});
mkdirSync(join(root, "build"), { recursive: true });
removeContainers();
try {
	await story();
} catch (error) {
	console.error(`demo: ${error.message}`);
	process.exitCode = 1;
} finally {
	removeContainers();
}

async function story() {
	say("One program, from its start to its end:");
	await type(`${tsrun} run --bundle bundles/hello demo-hello`);

	say("The same in steps, as container engines do it. Everything is made, and the program waits:");
	await type(`${tsrun} create --bundle bundles/signals demo < /dev/null > ${log}`);
	await type(`${tsrun} state demo`);

	say("The program, a shell, starts. It has handlers for USR1 and INT:");
	await type(`${tsrun} start demo`);
	await until("the program to be ready", () => logged().includes("ready"));
	await type(`cat ${log}`);
	await type(`${tsrun} list`);
	await type(`${tsrun} ps demo`);
	say("The same processes, seen from inside:");
	await type(`${tsrun} exec demo ps`);

	say("TERM has no handler, and to the kernel this process is an init: the signal is dropped.");
	await type(`${tsrun} kill demo TERM`);
	await type(`${tsrun} kill demo USR1`);
	await until("the answer to USR1", () => logged().includes("USR1"));
	await type(`cat ${log}`);
	say("INT's handler ends the shell, and the kernel ends all others with it:");
	await type(`${tsrun} kill demo INT`);
	await until("the container to stop", () => status("demo") === "stopped");
	await type(`tail -1 ${log}`);
	await type(`${tsrun} list`);

	say("What is left is a record, and a control group:");
	await type(`${tsrun} delete demo`);
	await type(`${tsrun} list`);
}

/** @param {string} text */
function say(text) {
	console.log(`\n# ${text}`);
}

/**
 * Prints the command and what it prints; throws when it fails.
 *
 * @param {string} command
 * @returns {Promise<void>}
 */
function type(command) {
	console.log(`$ ${command}`);
	return new Promise((resolve, reject) => {
		const child = spawn("sh", ["-c", command], { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
		child.on("error", reject);
		child.on("close", (code, signal) => {
			if (code === 0) resolve();
			else reject(new Error(`"${command}" ended with ${signal ?? `status ${code}`}`));
		});
	});
}

/**
 * @param {string} what
 * @param {() => boolean} happened
 */
async function until(what, happened) {
	const end = Date.now() + deadline;
	while (!happened()) {
		if (Date.now() > end) throw new Error(`waited ${deadline / 1000} s for ${what}`);
		await pause(10);
	}
}

function logged() {
	return readFileSync(join(root, log), "utf8");
}

/** @param {string} id */
function status(id) {
	return JSON.parse(execFileSync(join(root, tsrun), ["state", id], { encoding: "utf8" })).status;
}

function removeContainers() {
	for (const id of ids)
		spawnSync(join(root, tsrun), ["delete", "--force", id], { stdio: ["ignore", "ignore", "inherit"] });
}
