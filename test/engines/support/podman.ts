/** Podman in a box: no daemon, so only its settings. As root, or as a user without privileges. */
import { chmodSync, chownSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { waitFor } from "../../support/wait.js";
import { type Box, openBox } from "./box.js";
import type { CliEngine } from "./cli.js";
import { image, ociArchive } from "./images.js";
import { type Runtimes, runtimes } from "./runtimes.js";

export interface Podman extends CliEngine {
	/** The user, of whom the box's user database knows. */
	readonly uid: number;
}

const firstId = 300_000;

/** Whoever it runs as, it is told as little as by a login. */
export async function openPodman(uid: number, programs: Runtimes = runtimes): Promise<Podman> {
	const box = await openBox();
	const env = containersSettings(box, uid, programs);
	const runtimeFolder = uid === 0 ? "/run" : `/run/user/${uid}`;
	const become = uid === 0 ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${uid}`, "--clear-groups"];
	const podman = (...args: string[]) => box.run([...become, "podman", ...args], { env });
	try {
		if (uid !== 0) await addUser(box, uid, runtimeFolder);
		for (const args of [
			["load", "--input", within(box, ociArchive)],
			["run", "--rm", image, "true"],
		]) {
			const { status, stderr } = await podman(...args);
			if (status !== 0) throw new Error(`podman ${args.join(" ")}: ${stderr}`);
		}
	} catch (error) {
		await box.close();
		throw error;
	}
	return {
		kind: "podman",
		box,
		uid,
		env,
		words: (runtime, verb, ...args) => [...become, "podman", "--runtime", runtime, verb, ...args],
		states: Object.keys(programs).map((name) => join(runtimeFolder, name)),
		log: () => "",
		forgets: [
			// a pod's cgroup in the hierarchy that has no controllers
			/^cgroup \S+\/systemd\/\S+\/libpod_parent\/[0-9a-f]{64}$/,
			// its storage, mounted on itself: the last of several processes at once forgets it now and then
			/^mount of \S+ \S+\/graph\/overlay$/,
			// the parent of network namespaces, made with the first
			/^mount of tmpfs \S+\/netns$/,
		],
		clear: async () => {
			await podman("pod", "rm", "--all", "--force", "--time", "0");
			const cleared = async () => {
				// one whose namespaces others share is not removed before those
				await podman("rm", "--all", "--force", "--time", "0", "--volumes");
				return (await podman("ps", "--all", "--quiet")).stdout === "";
			};
			await waitFor(cleared, { what: "Podman's containers to be removed", deadline: 60_000 });
		},
		close: box.close,
	};
}

/** A copy in the box: users need not be able to look into the repository. */
function within({ folder }: Box, file: string): string {
	const copy = join(folder, basename(file));
	copyFileSync(file, copy);
	chmodSync(copy, 0o755);
	return copy;
}

/** The environment that makes Podman and buildah keep everything in the box. */
export function containersSettings(
	box: Box,
	uid: number,
	programs: Runtimes = runtimes,
): Readonly<Record<string, string>> {
	const own = join(box.folder, "podman");
	const runtimeFolder = uid === 0 ? "/run" : `/run/user/${uid}`;
	mkdirSync(join(own, "tmp"), { recursive: true });
	for (const path of [own, join(own, "tmp")]) chownSync(path, uid, uid);
	const file = (name: string, ...lines: string[]) => {
		writeFileSync(join(own, name), `${lines.join("\n")}\n`);
		return join(own, name);
	};
	const list = (name: string, path: string) => `${name} = [${JSON.stringify(path)}]`;
	const CONTAINERS_CONF = file(
		"containers.conf",
		"[containers]",
		'netns = "none"',
		"[engine]",
		'cgroup_manager = "cgroupfs"',
		'events_logger = "file"',
		'init_path = "/usr/bin/docker-init"',
		`runtime_supports_json = ${JSON.stringify(Object.keys(programs))}`,
		"[engine.runtimes]",
		...Object.entries(programs).map(([name, path]) => list(name, within(box, path))),
	);
	const CONTAINERS_STORAGE_CONF = file(
		"storage.conf",
		"[storage]",
		'driver = "overlay"',
		`graphroot = "${join(own, "graph")}"`,
		`runroot = "${runtimeFolder}/containers"`,
	);
	const user = { HOME: own, TMPDIR: join(own, "tmp"), ...(uid !== 0 && { XDG_RUNTIME_DIR: runtimeFolder }) };
	return { CONTAINERS_CONF, CONTAINERS_STORAGE_CONF, ...user };
}

/** In the box's own /etc. */
async function addUser(box: Box, uid: number, runtimeFolder: string): Promise<void> {
	const script = [
		`echo 'tester:x:${uid}:${uid}::/:/bin/sh' >>/etc/passwd`,
		`echo 'tester:x:${uid}:' >>/etc/group`,
		`echo 'tester:${firstId}:65536' | tee -a /etc/subuid >>/etc/subgid`,
		`mkdir -p ${runtimeFolder} && chown ${uid}:${uid} ${runtimeFolder} && chmod 700 ${runtimeFolder}`,
	];
	await box.run(["sh", "-ec", script.join("\n")]);
}
