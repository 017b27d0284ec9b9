/** From the flags of `checkpoint` and `restore`, and the configuration, to CRIU's options. What both verbs set the same way. */
import type { CgroupMode, CriuOptions } from "../../linux/criu/messages.js";
import type { Config } from "../../spec/types.js";
import { imagesFd, workFd } from "../process/criu.js";

/** The flags that both verbs have. */
export interface CriuFlags {
	/** Absolute. */
	readonly imagePath: string;
	/** Absolute; without it the images' directory. */
	readonly workPath: string | undefined;
	readonly tcpEstablished: boolean;
	readonly extUnixSk: boolean;
	readonly shellJob: boolean;
	readonly fileLocks: boolean;
	readonly lazyPages: boolean;
	readonly autoDedup: boolean;
	readonly cgroupMode: CgroupMode;
	/** CLONE_NEW* of namespaces that stay empty. */
	readonly emptyNamespaces: number;
}

/** Names a file of more options of CRIU's, which win; empty for none (runc's annotation, and its file). */
export const configAnnotation = "org.criu.config";
const configFile = "/etc/criu/runc.conf";

export function commonOptions(flags: CriuFlags, { annotations }: Config): Omit<CriuOptions, "root" | "logFile"> {
	return {
		imagesDirFd: imagesFd,
		workDirFd: workFd,
		tcpEstablished: flags.tcpEstablished,
		extUnixSk: flags.extUnixSk,
		shellJob: flags.shellJob,
		fileLocks: flags.fileLocks,
		lazyPages: flags.lazyPages,
		autoDedup: flags.autoDedup,
		cgroupMode: flags.cgroupMode,
		emptyNamespaces: flags.emptyNamespaces,
		configFile: (annotations?.[configAnnotation] ?? configFile) || undefined,
	};
}

/** CRIU's name for a namespace that it does not save, and finds again among descriptors. */
export function externalKey(type: "network" | "pid"): string {
	return type === "network" ? "extRootNetNS" : "extRootPidNS";
}
