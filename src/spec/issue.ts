/** What is wrong with a document, in words: where, what was expected, what stood there, and which line of the specification says so. */

export interface Issue {
	/** JSON path, "$.mounts[3].type". */
	readonly path: string;
	/** What was expected and what stood there. */
	readonly message: string;
	/** The requirement's id in docs/conformance.md, "NS-15"; absent where the type alone is wrong. */
	readonly rule?: string;
	/** Chapter of the specification, "config-linux.md#namespaces". */
	readonly section: string;
	/** A warning does not keep the container from being made. */
	readonly severity: "error" | "warning";
}

/** One step of a JSON path: `.name`, `["odd name"]` or `[3]`. */
export function memberPath(step: string | number): string {
	if (typeof step === "number") return `[${step}]`;
	return /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** A value for a message, one short line. */
export function describe(value: unknown): string {
	if (typeof value === "string") return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value);
	if (Array.isArray(value)) return "an array";
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function issueLine({ path, message }: Issue): string {
	return `${path}: ${message}`;
}

/** The chapter that describes a place in config.json. */
export function sectionOf(path: string): string {
	const lines = sections.split("\n").map((line) => line.split(" "));
	return lines.find(([prefix = ""]) => path.startsWith(prefix))?.[1] ?? "config.md";
}

/** Place and chapter, longer places first. One string, since it is looked at only when something is wrong. */
const sections = `$.ociVersion config.md#specification-version
$.root config.md#root
$.mounts config.md#mounts
$.process.user config.md#user
$.process.rlimits config.md#posix-process
$.process.apparmorProfile config.md#linux-process
$.process.capabilities config.md#linux-process
$.process.execCPUAffinity config.md#linux-process
$.process.ioPriority config.md#linux-process
$.process.noNewPrivileges config.md#linux-process
$.process.oomScoreAdj config.md#linux-process
$.process.scheduler config.md#linux-process
$.process.selinuxLabel config.md#linux-process
$.process config.md#process
$.hostname config.md#hostname
$.domainname config.md#domainname
$.hooks config.md#posix-platform-hooks
$.annotations config.md#annotations
$.linux.namespaces config-linux.md#namespaces
$.linux.uidMappings config-linux.md#user-namespace-mappings
$.linux.gidMappings config-linux.md#user-namespace-mappings
$.linux.timeOffsets config-linux.md#offset-for-time-namespace
$.linux.devices config-linux.md#devices
$.linux.netDevices config-linux.md#network-devices
$.linux.cgroupsPath config-linux.md#cgroups-path
$.linux.resources.devices config-linux.md#allowed-device-list
$.linux.resources.memory config-linux.md#memory
$.linux.resources.cpu config-linux.md#cpu
$.linux.resources.blockIO config-linux.md#block-io
$.linux.resources.hugepageLimits config-linux.md#huge-page-limits
$.linux.resources.network config-linux.md#network
$.linux.resources.pids config-linux.md#pids
$.linux.resources.rdma config-linux.md#rdma
$.linux.resources.unified config-linux.md#unified
$.linux.resources config-linux.md#control-groups
$.linux.intelRdt config-linux.md#intelrdt
$.linux.memoryPolicy config-linux.md#memory-policy
$.linux.sysctl config-linux.md#sysctl
$.linux.seccomp config-linux.md#seccomp
$.linux.rootfsPropagation config-linux.md#rootfs-mount-propagation
$.linux.maskedPaths config-linux.md#masked-paths
$.linux.readonlyPaths config-linux.md#readonly-paths
$.linux.mountLabel config-linux.md#mount-label
$.linux.personality config-linux.md#personality
$.linux config-linux.md`;
