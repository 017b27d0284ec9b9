/** Docker in a box: dockerd, which starts a containerd of its own, and its command line. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../support/wait.js";
import type { Watched } from "../../support/watched.js";
import { openBox } from "./box.js";
import type { CliEngine } from "./cli.js";

import { dockerArchive, image } from "./images.js";
import { type Runtimes, runtimes } from "./runtimes.js";

export interface Docker extends CliEngine {
	/** Kills dockerd alone and starts it again: containers go on, and it takes them back. */
	readonly crashAndRestart: () => Promise<void>;
}

export async function openDocker(programs: Runtimes = runtimes): Promise<Docker> {
	const box = await openBox();
	const env = { DOCKER_CONFIG: join(box.folder, "settings") };
	mkdirSync(env.DOCKER_CONFIG);
	// it checkpoints, so far, as an experiment
	writeFileSync(join(box.folder, "daemon.json"), JSON.stringify({ experimental: true }));
	const docker = (...args: string[]) => box.run(["docker", ...args], { env });
	const daemons: Watched[] = [];
	const start = async () => {
		const daemon = box.start(["dockerd", ...flags(box.folder, programs)]);
		daemons.push(daemon);
		const answers = async () => (await docker("version")).status === 0;
		await waitFor(answers, { what: "dockerd to answer", deadline: 60_000 });
	};
	const engine: Docker = {
		kind: "docker",
		box,
		env,
		words: (runtime, verb, ...args) => ["docker", verb, ...(makes.has(verb) ? ["--runtime", runtime] : []), ...args],
		states: Object.keys(programs).map((name) => `/run/docker/runtime-${name}/moby`),
		forgets: [],
		log: () => daemons.map((daemon) => daemon.stderr()).join(""),
		clear: async () => {
			const { stdout } = await docker("ps", "--all", "--quiet");
			const ids = stdout.split("\n").filter(Boolean);
			if (ids.length > 0) await docker("rm", "--force", "--volumes", ...ids);
		},
		crashAndRestart: async () => {
			await box.run(["sh", "-c", "kill -9 $(cat /run/docker.pid) && rm /run/docker.pid"]);
			await daemons.at(-1)?.ended();
			await start();
		},
		close: box.close,
	};
	try {
		await start();
		await docker("load", "--input", dockerArchive);
		// it keeps the name of its own network namespace from the first container that has that
		for (const network of ["bridge", "host"]) await docker("run", "--rm", "--network", network, image, "true");
		return engine;
	} catch (error) {
		console.error(engine.log());
		await box.close();
		throw error;
	}
}

const makes = new Set(["run", "create"]);

function flags(folder: string, programs: Runtimes): readonly string[] {
	// runc it knows, and takes by that name from nobody
	const added = Object.entries(programs).filter(([name]) => name !== "runc");
	return [
		...["--host", "unix:///run/docker.sock", "--pidfile", "/run/docker.pid"],
		...[
			"--config-file",
			join(folder, "daemon.json"),
			"--data-root",
			join(folder, "data"),
			"--exec-root",
			"/run/docker",
		],
		...added.flatMap(([name, path]) => ["--add-runtime", `${name}=${path}`]),
		"--live-restore",
		// the bridge is made, but without rules for addresses outside
		...["--iptables=false", "--ip-masq=false", "--userland-proxy=false"],
	];
}
