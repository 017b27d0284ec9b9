/** The configuration that `tsrun spec` writes: a shell on a terminal, isolated, with few capabilities. */
import type { Config, Linux, Mount, Namespace } from "./types.js";

export interface ExampleOptions {
	/** For a user without privileges: a user namespace of their own, the host's network, no cgroup settings. */
	readonly rootless: boolean;
	/** With a cgroup namespace, which says something only on cgroup v2. */
	readonly cgroupNamespace: boolean;
	/** The caller, who becomes root in a rootless container. */
	readonly uid: number;
	readonly gid: number;
}

export function exampleConfig(options: ExampleOptions): Config {
	const capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
	return {
		ociVersion: "1.3.0",
		process: {
			terminal: true,
			user: { uid: 0, gid: 0 },
			args: ["sh"],
			env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
			cwd: "/",
			capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
			rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
			noNewPrivileges: true,
		},
		root: { path: "rootfs", readonly: true },
		hostname: "tsrun",
		mounts: exampleMounts(options),
		linux: exampleLinux(options),
	};
}

function exampleMounts({ rootless }: ExampleOptions): Mount[] {
	// the group tty has no number in a namespace with one id
	const ttyGroup = rootless ? [] : ["gid=5"];
	const plain = ["nosuid", "noexec", "nodev"];
	return [
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
			options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", ...ttyGroup],
		},
		{ destination: "/dev/shm", type: "tmpfs", source: "shm", options: [...plain, "mode=1777", "size=65536k"] },
		{ destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: plain },
		// a sysfs can be mounted only by the owner of its network namespace
		rootless
			? { destination: "/sys", type: "none", source: "/sys", options: ["rbind", ...plain, "ro"] }
			: { destination: "/sys", type: "sysfs", source: "sysfs", options: [...plain, "ro"] },
		{ destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: [...plain, "relatime", "ro"] },
	];
}

function exampleLinux(options: ExampleOptions): Linux {
	const { rootless, uid, gid } = options;
	return {
		...(rootless
			? {
					uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
					gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
				}
			: { resources: { devices: [{ allow: false, access: "rwm" }] } }),
		namespaces: exampleNamespaces(options),
		maskedPaths: [
			"/proc/acpi",
			"/proc/asound",
			"/proc/kcore",
			"/proc/keys",
			"/proc/latency_stats",
			"/proc/timer_list",
			"/proc/timer_stats",
			"/proc/sched_debug",
			"/sys/firmware",
			"/proc/scsi",
		],
		readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
	};
}

function exampleNamespaces({ rootless, cgroupNamespace }: ExampleOptions): Namespace[] {
	const namespaces: Namespace[] = [{ type: "pid" }];
	if (!rootless) namespaces.push({ type: "network" });
	namespaces.push({ type: "ipc" }, { type: "uts" }, { type: "mount" });
	if (cgroupNamespace) namespaces.push({ type: "cgroup" });
	if (rootless) namespaces.push({ type: "user" });
	return namespaces;
}
