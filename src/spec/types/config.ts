/** config.json as a whole (config.md): root, mounts, hostname, hooks, annotations. */
import type { Linux } from "./linux.js";
import type { Process } from "./process.js";
import type { Uint32 } from "./scalars.js";

/** The configuration of a container. Unknown members are legal and have no effect (config.md#extensibility). */
export interface Config {
	/** The version of the specification that the document complies with, SemVer 2.0.0. */
	ociVersion: string;
	/** The root filesystem; required on Linux. */
	root: Root;
	/** The program to run. `create` does without it, `start` does not. */
	process?: Process;
	/** The name that the UTS namespace gets. */
	hostname?: string;
	/** The NIS domain name that the UTS namespace gets. */
	domainname?: string;
	/** Mounted in this order, on top of the root. */
	mounts?: Mount[];
	/** Programs to run at the turns of the container's life. */
	hooks?: Hooks;
	/** Arbitrary metadata; handed on in the state. */
	annotations?: Record<string, string>;
	/** What only Linux has. */
	linux?: Linux;
}

export interface Root {
	/** Directory; absolute or relative to the bundle. */
	path: string;
	/** Makes the root read-only inside the container. Default false. */
	readonly?: boolean;
}

export interface Mount {
	/** Path inside the container; a relative one is taken from "/". */
	destination: string;
	/** Filesystem type of /proc/filesystems; without effect on a bind mount. */
	type?: string;
	/** Device, dummy name, or for a bind mount a path, absolute or relative to the bundle. */
	source?: string;
	/** mount(8) options, the runtime's own ones, and data for the filesystem. */
	options?: string[];
	/** ID mapping of this mount alone; together with gidMappings. */
	uidMappings?: IdMapping[];
	/** ID mapping of this mount alone; together with uidMappings. */
	gidMappings?: IdMapping[];
}

/** A range of ids: `size` ids from `containerID` on are those from `hostID` on outside. */
export interface IdMapping {
	/** The first id inside. */
	containerID: Uint32;
	/** The first id outside, in the namespace of the runtime. */
	hostID: Uint32;
	/** How many ids, at least one. */
	size: Uint32;
}

export interface Hooks {
	/** Deprecated; during create, before createRuntime, in the runtime's namespaces. */
	prestart?: Hook[];
	/** During create, before pivot_root, in the runtime's namespaces. */
	createRuntime?: Hook[];
	/** During create, before pivot_root, in the container's namespaces. */
	createContainer?: Hook[];
	/** During start, before the program, in the container. */
	startContainer?: Hook[];
	/** After the program has been started, in the runtime's namespaces. */
	poststart?: Hook[];
	/** After the container has been deleted, in the runtime's namespaces. */
	poststop?: Hook[];
}

export interface Hook {
	/** The program; absolute. */
	path: string;
	/** The whole argv, argv[0] included. */
	args?: string[];
	/** The whole environment, NAME=value. */
	env?: string[];
	/**
	 * Seconds after which the hook is ended and counts as failed.
	 * @asType integer
	 * @minimum 1
	 */
	timeout?: number | bigint;
}
