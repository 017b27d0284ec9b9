/** Bundles for tests: busybox and the probe as root filesystem, and the configuration that `spec` prints, patched. */
import {
	chmodSync,
	copyFileSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readlinkSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Config, Linux, Process } from "../../src/spec/types.js";
import { rootfs } from "./paths.js";

/** The base configuration: what tests may take for granted is there, so that a patch needs no "?". */
export interface BaseConfig extends Config {
	process: Process & Required<Pick<Process, "args" | "env" | "user" | "capabilities" | "rlimits">>;
	mounts: NonNullable<Config["mounts"]>;
	linux: Linux & Required<Pick<Linux, "namespaces" | "resources" | "maskedPaths" | "readonlyPaths">>;
}

export interface BundleOptions {
	/** The program; `["/probe", "id"]`, for instance. Default: a process that waits. */
	readonly args?: readonly string[];
	/** Changes the configuration in place. */
	readonly patch?: (config: BaseConfig) => void;
	/** Files to add to the root filesystem by path in the container; scripts ("#!") are made executable. */
	readonly files?: Readonly<Record<string, string>>;
}

/** As `runc spec` prints it, without a terminal. */
function baseConfig(): BaseConfig {
	const rights = () => ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
	const closed = ["nosuid", "noexec", "nodev"];
	return {
		ociVersion: "1.0.2",
		process: {
			terminal: false,
			user: { uid: 0, gid: 0 },
			args: ["/probe", "sleep"],
			env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
			cwd: "/",
			capabilities: { bounding: rights(), effective: rights(), permitted: rights() },
			rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
			noNewPrivileges: true,
		},
		root: { path: "rootfs", readonly: true },
		hostname: "container",
		mounts: [
			{ destination: "/proc", type: "proc", source: "proc" },
			{
				destination: "/dev",
				type: "tmpfs",
				source: "tmpfs",
				options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
			},
			{
				destination: "/dev/pts",
				type: "devpts",
				source: "devpts",
				options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
			},
			{ destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...closed, "mode=1777", "size=65536k"] },
			{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: closed },
			{ destination: "/sys", type: "sysfs", source: "sysfs", options: [...closed, "ro"] },
			{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...closed, "relatime", "ro"] },
		],
		linux: {
			resources: { devices: [{ allow: false, access: "rwm" }] },
			namespaces: [{ type: "pid" }, { type: "network" }, { type: "ipc" }, { type: "uts" }, { type: "mount" }],
			maskedPaths: ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/scsi", "/sys/firmware"],
			readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
		},
	};
}

/** As JSON, with a bigint as the number that it is, which JSON.stringify refuses to write. */
export function toJson(value: unknown): string {
	const text = JSON.stringify(value, (_key, one) => (typeof one === "bigint" ? `#bigint ${one}` : one), "\t");
	return text.replace(/"#bigint (-?\d+)"/g, "$1");
}

/**
 * Makes a bundle in a new folder below `folder`.
 *
 * @returns the bundle's path; its root filesystem is `rootfs` in it
 */
export function makeBundleIn(folder: string, { args, patch, files = {} }: BundleOptions = {}): string {
	const bundle = mkdtempSync(join(folder, "bundle-"));
	const config = baseConfig();
	if (args) config.process.args = [...args];
	patch?.(config);
	writeFileSync(join(bundle, "config.json"), toJson(config));
	chmodSync(bundle, 0o755);
	copyTree(rootfs, join(bundle, "rootfs"));
	for (const [path, text] of Object.entries(files)) {
		const file = join(bundle, "rootfs", path);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
	}
	return bundle;
}

/** Busybox has hundreds of links, which never change: a second name for one costs a fiftieth of a new one. */
function copyTree(from: string, to: string): void {
	mkdirSync(to);
	for (const entry of readdirSync(from, { withFileTypes: true })) {
		const [source, target] = [join(from, entry.name), join(to, entry.name)];
		if (entry.isDirectory()) copyTree(source, target);
		else if (entry.isSymbolicLink()) copyLink(source, target);
		else copyFileSync(source, target);
	}
	chmodSync(to, statSync(from).mode);
}

function copyLink(source: string, target: string): void {
	try {
		linkSync(source, target);
	} catch {
		// the temporary files are on another file system
		symlinkSync(readlinkSync(source), target);
	}
}
