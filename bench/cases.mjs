/** What is measured: the commands of each case, for each runtime that is there. */
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The runtimes found, in the order of the table. */
export function findRuntimes(repository) {
	const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"];
	const candidates = {
		tsrun: [join(repository, "dist/tsrun")],
		crun: folders.map((folder) => join(folder, "crun")),
		runc: folders.map((folder) => join(folder, "runc")),
	};
	return Object.entries(candidates).flatMap(([name, files]) => {
		const file = files.find(isExecutable);
		return file ? [{ name, file }] : [];
	});
}

function isExecutable(file) {
	try {
		accessSync(file, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}

/**
 * @returns cases in the order of the table; `prepare` and `clean` start and remove the containers that a case needs
 */
export function listCases({ runtimes, tools, folder, bundles }) {
	const call = ({ name, file }, ...args) => [file, "--root", join(folder, "state", name), ...args];
	const idOf = ({ name }) => `tsrun-bench-${name}`;
	const nothing = () => {};

	/** Cases that make a container and remove it. */
	const making = (config, name, commandsOf, more = {}) => ({
		name,
		config,
		contestants: runtimes.map((one) => ({ name: one.name, commands: commandsOf(one, bundles[config].short) })),
		prepare: nothing,
		clean: () => runtimes.forEach(removeIfThere),
		...more,
	});
	const removeIfThere = (one) => {
		const [command, ...args] = call(one, "delete", "--force", idOf(one));
		spawnSync(command, args, { stdio: "ignore" });
	};

	/** Cases about a container that is there. */
	const using = (config, name, commandsOf, more = {}) => ({
		...making(config, name, (one) => [commandsOf(one)], more),
		prepare: () => {
			for (const one of runtimes) {
				const [command, ...args] = call(one, "run", "--detach", "--bundle", bundles[config].long, idOf(one));
				execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
			}
		},
	});

	const run = (one, bundle) => [call(one, "run", "--bundle", bundle, idOf(one))];
	const steps = (one, bundle) => [
		call(one, "create", "--bundle", bundle, idOf(one)),
		call(one, "start", idOf(one)),
		call(one, "delete", "--force", idOf(one)),
	];
	const exec = (one) => call(one, "exec", idOf(one), "/bin/true");
	const withFloor = (one) => {
		const { short, floor } = bundles[one.config];
		const command = [tools.floor, ...floor, "tsrun-bench-floor", join(short, "rootfs"), "/bin/true"];
		return { ...one, contestants: [{ name: "floor", commands: [command] }, ...one.contestants] };
	};

	return [
		withFloor(making("spec", "run", run)),
		withFloor(making("spec", "run, one every 300 ms", run, { pause: 300 })),
		making("spec", "create + start + delete", steps),
		using("spec", "exec", exec),
		using("spec", "exec, one every 300 ms", exec, { pause: 300 }),
		using("spec", "state", (one) => call(one, "state", idOf(one))),
		using("spec", "kill", (one) => call(one, "kill", idOf(one), "CONT")),
		withFloor(making("docker", "run", run)),
		withFloor(making("docker", "run, one every 300 ms", run, { pause: 300 })),
		making("docker", "create + start + delete", steps),
		using("docker", "exec", exec),
	];
}
