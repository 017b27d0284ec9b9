/** The flags that `checkpoint` and `restore` have both, and the options that they become. */
import { type CgroupMode, cgroupModes } from "../linux/criu/messages.js";
import type { CriuFlags } from "../runtime/lifecycle/criu-options.js";
import { CLONE_NEWNET } from "../sys/constants.js";
import { absolutePath } from "./context.js";
import { invalidValue } from "./usage-error.js";
import type { Flag } from "./verb.js";

export const criuFlags = {
	imagePath: { name: "image-path", value: "dir", help: 'directory of the images (default: "checkpoint")' },
	workPath: { name: "work-path", value: "dir", help: "directory of CRIU's log (default: that of the images)" },
	tcpEstablished: { name: "tcp-established", help: "allow open TCP connections" },
	extUnixSk: { name: "ext-unix-sk", help: "allow unix sockets that are connected to the outside" },
	shellJob: { name: "shell-job", help: "allow a terminal that is the caller's" },
	lazyPages: { name: "lazy-pages", help: "let memory follow later, page by page" },
	fileLocks: { name: "file-locks", help: "allow file locks" },
	cgroupMode: {
		name: "manage-cgroups-mode",
		value: "mode",
		parse: parseCgroupMode,
		help: "what of cgroups is saved and restored: soft, full, strict or ignore (default: soft)",
	},
	emptyNs: {
		name: "empty-ns",
		value: "namespace",
		repeats: true,
		parse: parseNamespace,
		help: "leave this namespace empty: network",
	},
	autoDedup: { name: "auto-dedup", help: "drop pages from images that later ones replace" },
} as const satisfies Record<string, Flag>;

export interface CriuValues {
	readonly imagePath?: string;
	readonly workPath?: string;
	readonly tcpEstablished?: boolean;
	readonly extUnixSk?: boolean;
	readonly shellJob?: boolean;
	readonly lazyPages?: boolean;
	readonly fileLocks?: boolean;
	readonly manageCgroupsMode?: CgroupMode;
	readonly emptyNs?: readonly number[];
	readonly autoDedup?: boolean;
}

export function criuOptions(values: CriuValues): CriuFlags {
	return {
		imagePath: absolutePath(values.imagePath || "checkpoint"),
		workPath: values.workPath ? absolutePath(values.workPath) : undefined,
		tcpEstablished: values.tcpEstablished ?? false,
		extUnixSk: values.extUnixSk ?? false,
		shellJob: values.shellJob ?? false,
		fileLocks: values.fileLocks ?? false,
		lazyPages: values.lazyPages ?? false,
		autoDedup: values.autoDedup ?? false,
		cgroupMode: values.manageCgroupsMode ?? "default",
		emptyNamespaces: (values.emptyNs ?? []).reduce((flags, flag) => flags | flag, 0),
	};
}

function parseCgroupMode(value: string, flag: string): CgroupMode {
	if (value === "") return "default";
	if (Object.hasOwn(cgroupModes, value) && value !== "default") return value as CgroupMode;
	throw invalidValue(value, flag, "expected soft, full, strict or ignore");
}

/** The one that a network plugin fills. */
function parseNamespace(value: string, flag: string): number {
	if (value === "network") return CLONE_NEWNET;
	throw invalidValue(value, flag, "expected network");
}
