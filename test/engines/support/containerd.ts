/** containerd in a box, its runtimes named for the CRI, with the image for `ctr` and for the CRI. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitFor } from "../../support/wait.js";
import type { Result, Watched } from "../../support/watched.js";
import { type Box, openBox } from "./box.js";
import type { Engine } from "./engine.js";
import { image, ociArchive } from "./images.js";
import { type RuntimeName, runtimes } from "./runtimes.js";

export interface Containerd extends Engine {
	/** `ctr` in the tests' namespace. */
	readonly ctr: (...args: string[]) => Promise<Result>;
	/** Words of a `ctr` command. */
	readonly words: (...args: string[]) => readonly string[];
	/** Kills the daemon and starts it again: shims and containers go on, and it takes them back. */
	readonly crashAndRestart: () => Promise<void>;
}

const socket = "/run/containerd/containerd.sock";

/** A namespace of containerd's, and the first part of its containers' cgroups. */
const namespace = "tests";

export async function openContainerd(): Promise<Containerd> {
	const box = await openBox();
	const file = writeSettings(box);
	const daemons: Watched[] = [];
	const words = (...args: string[]) => ["ctr", "--address", socket, "--namespace", namespace, ...args];
	const ctr = (...args: string[]) => box.run(words(...args));
	const start = async () => {
		daemons.push(box.start(["containerd", "--config", file, "--log-level", "warn"]));
		const answers = async () => (await ctr("version")).status === 0;
		await waitFor(answers, { what: "containerd to answer", deadline: 60_000 });
	};
	const log = () => daemons.map((daemon) => daemon.stderr()).join("");
	try {
		await start();
		for (const args of [
			["image", "import", ociArchive],
			["run", "--rm", image, "first", "true"],
		]) {
			const { status, stderr } = await ctr(...args);
			if (status !== 0) throw new Error(`ctr ${args.join(" ")}: ${stderr}`);
		}
	} catch (error) {
		console.error(log());
		await box.close();
		throw error;
	}
	return {
		box,
		ctr,
		words,
		log,
		forgets: [],
		states: [`/run/containerd/runc/${namespace}`],
		clear: () => clear(ctr),
		crashAndRestart: async () => {
			await box.run(["sh", "-c", "kill -9 $(pidof containerd)"]);
			await daemons.at(-1)?.ended();
			await start();
		},
		close: box.close,
	};
}

async function clear(ctr: Containerd["ctr"]): Promise<void> {
	const { stdout } = await ctr("container", "list", "--quiet");
	for (const id of stdout.split("\n").filter(Boolean)) {
		await ctr("task", "delete", "--force", id);
		await ctr("container", "remove", id);
	}
}

/** How the CRI knows a runtime. */
const handler = (name: RuntimeName) => {
	const table = `plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${name}`;
	return `[${table}]\nruntime_type = "io.containerd.runc.v2"\n[${table}.options]\nBinaryName = "${runtimes[name]}"\n`;
};

function writeSettings({ folder }: Box): string {
	const own = join(folder, "containerd");
	mkdirSync(join(own, "cni"), { recursive: true });
	const ipam = { type: "host-local", subnet: "10.88.0.0/16", dataDir: "/run/cni" };
	const network = { cniVersion: "0.4.0", name: "box", plugins: [{ type: "bridge", bridge: "cni0", ipam }] };
	writeFileSync(join(own, "cni/box.conflist"), JSON.stringify(network));
	const text = `version = 2
root = "${own}/root"
state = "/run/containerd/state"
[grpc]
address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
path = "${own}/opt"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${image}"
# not every machine's root may lower it
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${own}/cni"
${(Object.keys(runtimes) as RuntimeName[]).map(handler).join("")}`;
	const file = join(own, "config.toml");
	writeFileSync(file, text);
	return file;
}
