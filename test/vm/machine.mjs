/**
 * Throw-away machines on top of this one's files: their / is ours, read-only, under a layer in the machine's own memory.
 * Nothing that happens in there reaches the host, but for the job's folder, through which command and result travel.
 */
import { execFileSync, spawn } from "node:child_process";
import {
	closeSync,
	cpSync,
	existsSync,
	mkdtempSync,
	openSync,
	readFileSync,
	readSync,
	rmSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as qemu from "./qemu.mjs";
import * as uml from "./uml.mjs";

/**
 * @typedef {object} Machine
 * @property {"uml" | "qemu"} engine
 * @property {boolean} systemd whether systemd is its PID 1
 * @property {string} kernel further words for the kernel's command line
 *
 * @typedef {object} Job
 * @property {readonly string[]} command
 * @property {string} directory where it runs
 * @property {Readonly<Record<string, string>>} environment added to that of the machine
 * @property {number} timeout seconds from power on to power off
 * @property {(text: string) => void} onOutput gets what the command prints, while it runs
 *
 * @typedef {object} Ended
 * @property {number | null} status the command's; null when it did not end, and `why` tells
 * @property {string} why
 */

const guest = join(dirname(fileURLToPath(import.meta.url)), "guest");
const engines = { uml, qemu };

/** How long a machine may take until it runs the command. */
const bootTime = 60_000;

/** Programs that are missing on this host for such a machine, and the Debian packages that have them. */
export function missingPackages(/** @type {Machine} */ { engine, systemd }) {
	const needed = {
		...engines[engine].needed,
		...(systemd && {
			"/lib/systemd/systemd": "systemd",
			"/usr/bin/dbus-daemon": "dbus-daemon",
			"/usr/share/dbus-1/system.conf": "dbus",
			"/usr/lib/systemd/user/dbus.socket": "dbus-user-session",
			"/usr/share/pam-configs/systemd": "libpam-systemd",
		}),
	};
	return [...new Set(Object.entries(needed).flatMap(([file, name]) => (existsSync(file) ? [] : [name])))];
}

/**
 * Boots a machine, runs the job in it and powers it off. `collect` is called with the job's folder before that is removed;
 * `$VM_JOB` names it in the machine.
 *
 * @param {Machine} machine
 * @param {Job} job
 * @param {(folder: string) => void} [collect]
 * @returns {Promise<Ended>}
 */
export async function runInMachine(machine, job, collect = () => {}) {
	const folder = mkdtempSync(join(tmpdir(), "tsrun-vm-"));
	try {
		layOut(folder, machine, job);
		let ended = await boot(folder, machine, job);
		for (let left = engines[machine.engine].tries - 1; left > 0 && !wasStarted(folder); left--)
			ended = await boot(folder, machine, job);
		collect(folder);
		return ended;
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

/** What the guest reads, and empty files for what it tells. */
function layOut(/** @type {string} */ folder, /** @type {Machine} */ machine, /** @type {Job} */ job) {
	execFileSync("chmod", ["755", folder]);
	cpSync(guest, folder, { recursive: true });
	for (const name of ["output", "started", "status", "disk"]) writeFileSync(join(folder, name), "", { mode: 0o666 });
	// a disk, so that there is something to throttle
	truncateSync(join(folder, "disk"), 16 << 20);
	const settings = {
		VM_JOB: folder,
		VM_ENGINE: machine.engine,
		VM_MODULES: engines[machine.engine].modules,
		VM_SYSTEMD: machine.systemd ? "yes" : "no",
	};
	const exports = (/** @type {Readonly<Record<string, string>>} */ values) =>
		Object.entries(values)
			.map(([name, value]) => `export ${name}=${quoted(value)}\n`)
			.join("");
	writeFileSync(join(folder, "settings"), exports(settings));
	writeFileSync(
		join(folder, "run"),
		`${exports({ ...settings, ...job.environment })}echo 1 >"$VM_JOB/started"
exec </dev/null >>"$VM_JOB/output" 2>&1
(cd ${quoted(job.directory)} && exec ${job.command.map(quoted).join(" ")})
echo $? >"$VM_JOB/status"
`,
	);
}

function quoted(/** @type {string} */ word) {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** @returns {Promise<Ended>} */
async function boot(/** @type {string} */ folder, /** @type {Machine} */ machine, /** @type {Job} */ job) {
	const words = engines[machine.engine].command(folder, machine.kernel);
	// the machine may write in the job's folder alone
	const script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro / && exec "$@"';
	const console = openSync(join(folder, "console"), "w");
	const options = ["--mount", "--propagation", "private", "sh", "-c", script, folder, ...words];
	// in a process group of its own: user-mode Linux has a process of the host for each of its own
	const child = spawn("unshare", options, { stdio: ["ignore", console, console], detached: true });
	closeSync(console);
	const end = new Promise((resolve) => child.on("close", resolve).on("error", resolve));
	const machineOff = new AbortController();
	end.then(() => machineOff.abort());
	const interrupted = () => powerOff(child.pid);
	process.once("exit", interrupted);
	const reason = await watch(folder, job, machineOff.signal);
	if (reason !== "") powerOff(child.pid);
	await end;
	process.removeListener("exit", interrupted);
	const status = readFileSync(join(folder, "status"), "utf8").trim();
	if (status !== "") return { status: Number(status), why: "" };
	const last = readFileSync(join(folder, "console"), "utf8").split("\n").slice(-20).join("\n");
	return { status: null, why: `${reason || "the machine ended without a result"}; its console:\n${last}` };
}

function wasStarted(/** @type {string} */ folder) {
	return readFileSync(join(folder, "started"), "utf8") !== "";
}

/** Hands on the output until the machine is off. @returns {Promise<string>} why it has to be switched off, or "" */
async function watch(/** @type {string} */ folder, /** @type {Job} */ job, /** @type {AbortSignal} */ off) {
	const output = openSync(join(folder, "output"), "r");
	const decoder = new TextDecoder();
	const buffer = Buffer.alloc(65_536);
	const handOn = () => {
		for (let size = readSync(output, buffer); size > 0; size = readSync(output, buffer)) {
			job.onOutput(decoder.decode(buffer.subarray(0, size), { stream: true }));
		}
	};
	const start = performance.now();
	try {
		while (!off.aborted) {
			await delay(100, undefined, { signal: off }).catch(() => {});
			handOn();
			const time = performance.now() - start;
			if (time > job.timeout * 1000) return `not done after ${job.timeout} seconds`;
			if (time > bootTime && !wasStarted(folder)) return `not up after ${bootTime / 1000} seconds`;
		}
		return "";
	} finally {
		closeSync(output);
	}
}

function powerOff(/** @type {number | undefined} */ group) {
	try {
		if (group !== undefined) process.kill(-group, "SIGKILL");
	} catch {
		// it is off by now
	}
}
