/** What is wrong with a document, in words: where, what was expected, what stood there, and which line of the specification says so. */

export interface Issue {
	/** JSON path, "$.mounts[3].type". */
	readonly path: string;
	/** What was expected and what stood there. */
	readonly message: string;
	/** The requirement's id in docs/conformance.md, "NS-15". */
	readonly rule: string;
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

/** The chapter that describes a place in config.json, and the requirement that a value of the wrong type there breaks. */
export function chapterOf(path: string): Pick<Issue, "section" | "rule"> {
	const place = path.replace(/\[\d+\]/g, "[]").replace(/^\$\.hooks\.\w+\[\]/, "$.hooks[]");
	const chapter = chapters.split("\n").find((line) => place.startsWith(line.slice(0, line.indexOf(" "))));
	const [, section = "config.md", rule = "AN-10"] = chapter?.split(" ") ?? [];
	return { section, rule };
}

/** Place, chapter, requirement; longer places first. One string, since it is looked at only when something is wrong. */
const chapters = `$.ociVersion config.md#specification-version CV-01
$.root.readonly config.md#root RT-06
$.root.path config.md#root RT-02
$.root config.md#root RT-01
$.mounts[].destination config.md#mounts MT-02
$.mounts[].uidMappings config.md#posix-platform-mounts MT-13
$.mounts[].gidMappings config.md#posix-platform-mounts MT-15
$.mounts[].options config.md#linux-mount-options MT-10
$.mounts config.md#mounts AN-10
$.process.terminal config.md#process PR-02
$.process.consoleSize config.md#process PR-04
$.process.cwd config.md#process PR-05
$.process.env config.md#process PR-07
$.process.args config.md#process PR-09
$.process.user.gid config.md#user PU-02
$.process.user.umask config.md#user PU-03
$.process.user.additionalGids config.md#user PU-05
$.process.user config.md#user PU-01
$.process.rlimits[].type config.md#posix-process PX-03
$.process.rlimits config.md#posix-process PX-01
$.process.apparmorProfile config.md#linux-process PL-01
$.process.capabilities config.md#linux-process PL-02
$.process.execCPUAffinity config.md#linux-process PL-24
$.process.ioPriority.class config.md#linux-process PL-20
$.process.ioPriority config.md#linux-process PL-21
$.process.noNewPrivileges config.md#linux-process PL-10
$.process.oomScoreAdj config.md#linux-process PL-11
$.process.scheduler.nice config.md#linux-process PL-15
$.process.scheduler.priority config.md#linux-process PL-16
$.process.scheduler.flags config.md#linux-process PL-17
$.process.scheduler.policy config.md#linux-process PL-13
$.process.scheduler config.md#linux-process PL-18
$.process.selinuxLabel config.md#linux-process PL-19
$.process config.md#process AN-10
$.hostname config.md#hostname HN-01
$.domainname config.md#domainname HN-03
$.hooks[].timeout config.md#posix-platform-hooks HK-07
$.hooks config.md#posix-platform-hooks HK-02
$.annotations config.md#annotations AN-01
$.linux.namespaces config-linux.md#namespaces NS-01
$.linux.uidMappings config-linux.md#user-namespace-mappings UM-03
$.linux.gidMappings config-linux.md#user-namespace-mappings UM-03
$.linux.timeOffsets config-linux.md#offset-for-time-namespace UM-06
$.linux.devices[].path config-linux.md#devices DV-04
$.linux.devices[].type config-linux.md#devices DV-03
$.linux.devices[].fileMode config-linux.md#devices DV-07
$.linux.devices[].uid config-linux.md#devices DV-08
$.linux.devices[].gid config-linux.md#devices DV-08
$.linux.devices config-linux.md#devices DV-06
$.linux.netDevices config-linux.md#network-devices ND-02
$.linux.cgroupsPath config-linux.md#cgroups-path CG-03
$.linux.resources.devices[].allow config-linux.md#allowed-device-list AL-02
$.linux.resources.devices[].type config-linux.md#allowed-device-list AL-03
$.linux.resources.devices[].access config-linux.md#allowed-device-list AL-05
$.linux.resources.devices config-linux.md#allowed-device-list AL-04
$.linux.resources.memory config-linux.md#memory AN-10
$.linux.resources.cpu config-linux.md#cpu AN-10
$.linux.resources.blockIO config-linux.md#block-io AN-10
$.linux.resources.hugepageLimits[].pageSize config-linux.md#huge-page-limits HP-03
$.linux.resources.hugepageLimits config-linux.md#huge-page-limits HP-04
$.linux.resources.network.priorities config-linux.md#network HP-06
$.linux.resources.network config-linux.md#network HP-05
$.linux.resources.pids config-linux.md#pids HP-07
$.linux.resources.rdma config-linux.md#rdma HP-09
$.linux.resources.unified config-linux.md#unified UN-01
$.linux.resources config-linux.md#control-groups AN-10
$.linux.intelRdt.schemata config-linux.md#intelrdt RD-11
$.linux.intelRdt.enableMonitoring config-linux.md#intelrdt RD-25
$.linux.intelRdt config-linux.md#intelrdt RD-02
$.linux.memoryPolicy.nodes config-linux.md#memory-policy MP-02
$.linux.memoryPolicy.flags config-linux.md#memory-policy MP-03
$.linux.memoryPolicy config-linux.md#memory-policy MP-01
$.linux.sysctl config-linux.md#sysctl MP-05
$.linux.seccomp.architectures config-linux.md#seccomp SC-04
$.linux.seccomp.flags config-linux.md#seccomp SC-05
$.linux.seccomp.listener config-linux.md#seccomp SC-06
$.linux.seccomp.defaultErrnoRet config-linux.md#seccomp SC-02
$.linux.seccomp.syscalls[].action config-linux.md#seccomp SC-18
$.linux.seccomp.syscalls[].names config-linux.md#seccomp SC-15
$.linux.seccomp.syscalls[].errnoRet config-linux.md#seccomp SC-19
$.linux.seccomp.syscalls[].args[].op config-linux.md#seccomp SC-22
$.linux.seccomp.syscalls config-linux.md#seccomp SC-21
$.linux.seccomp config-linux.md#seccomp SC-01
$.linux.rootfsPropagation config-linux.md#rootfs-mount-propagation RP-01
$.linux.maskedPaths config-linux.md#masked-paths RP-07
$.linux.readonlyPaths config-linux.md#readonly-paths RP-10
$.linux.mountLabel config-linux.md#mount-label RP-12
$.linux.personality.flags config-linux.md#personality RP-15
$.linux.personality config-linux.md#personality RP-13
$.linux config-linux.md AN-10`;
