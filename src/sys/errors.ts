/**
 * What an error is in tsrun: an id (the contract, listed in docs/errors.md), a sentence (action, object, cause),
 * and what is known besides: the stage, the system call, the errno, the object, a hint that cures it.
 * The layer that knows what was being tried wraps the kernel's answer with {@link attempt}.
 */
import type { SysError } from "./door.js";

/** Every error id with the one line that docs/errors.md prints. A test keeps both lists equal. */
export const errorIds = {
	usage: "the command line is wrong: unknown flag or verb, a missing or surplus argument",
	"id-invalid": "the container id is empty, too long, or has characters outside A-Z a-z 0-9 _ + - .",
	"id-taken": "a container of that id exists under this root",
	"container-missing": "no container of that id exists under this root",
	"container-status": "the container's status does not allow the operation",
	"pod-missing": "there is no pod of that name, or a container that is no pod",
	"bundle-missing": "the bundle directory cannot be entered",
	"config-missing": "the bundle has no readable config.json",
	"config-syntax": "a JSON file is not JSON (line and column are given)",
	"config-invalid": "a configuration breaks the runtime specification; every violation is listed",
	"config-unsupported": "a configuration asks for something that this machine, this mode or this version cannot do",
	"rootfs-missing": "the root filesystem is missing or not a directory",
	"program-missing": "the program, or the interpreter it names, is not in the container",
	"program-not-executable": "the program is there but cannot be executed",
	"namespace-path": "a namespace path is missing, or not a namespace of that type",
	"namespace-failed": "a namespace could not be made or joined",
	"network-failed": "a network device could not be moved into the container",
	"id-map-failed": "the user namespace's id mappings could not be written",
	"mount-failed": "a mount could not be made",
	"rootfs-failed": "the root filesystem could not be prepared or entered",
	"path-unsafe": "a path in the root filesystem leads outside it, through a magic link, or to the wrong kind of file",
	"device-failed": "a device node could not be made",
	"cgroup-failed": "a cgroup could not be made, joined, set or removed",
	"cgroup-in-use": "the container's cgroup has processes of somebody else, or is frozen",
	"resctrl-failed": "a resctrl group (Intel RDT) could not be made, set, joined or removed",
	"seccomp-failed": "the seccomp filter could not be compiled or loaded",
	"process-failed": "an attribute of the process (user, capabilities, limits, directory, labels) could not be set",
	"sysctl-failed": "a kernel parameter could not be set",
	"console-failed": "the terminal could not be made or handed over",
	"hook-failed": "a hook failed, timed out or could not be started",
	"signal-unknown": "the signal's name or number is unknown",
	"signal-failed": "the signal could not be sent",
	"init-failed": "the built-in init could not be made ready",
	"init-died": "the container's first process ended before it was ready",
	"init-timeout": "the other side of a synchronisation did not answer in time",
	"state-failed": "the state directory could not be read or written",
	"criu-missing": "checkpoint and restore need criu, which is not there",
	"criu-failed": "CRIU could not checkpoint or restore the container",
	"checkpoint-invalid": "the directory that is named holds no checkpoint, or not one of this container",
	"file-failed": "a file named on the command line could not be read or written",
	exhausted: "the runtime itself has no more memory, descriptors or processes",
	internal: "a bug of tsrun",
} as const;

export type ErrorId = keyof typeof errorIds;

export interface ErrorDetails {
	/** What was going on: "mounts", "cgroup", "hooks" … */
	readonly stage?: string;
	readonly syscall?: string;
	/** The errno's name, "EPERM". */
	readonly errno?: string;
	/** The path, id, option or program that the error is about. */
	readonly object?: string;
	/** What to do about it. */
	readonly hint?: string;
	/** JSON path in config.json, "$.mounts[3].type". */
	readonly jsonPath?: string;
	/** Exit status of tsrun, 1 unless told (an exec that fails: 255). */
	readonly exitCode?: number;
	readonly cause?: unknown;
}

export class TsrunError extends Error {
	override readonly name = "TsrunError";

	constructor(
		readonly id: ErrorId,
		message: string,
		readonly details: ErrorDetails = {},
	) {
		super(message);
	}
}

export function isSysError(error: unknown): error is SysError {
	return error instanceof Error && typeof (error as Partial<SysError>).errno === "number";
}

export function hasCode(error: unknown, ...codes: readonly string[]): error is SysError {
	return isSysError(error) && codes.includes(error.code);
}

/** strerror(3) the way engines match it: "no such file or directory". */
export function errnoText(error: SysError): string {
	return error.message.toLowerCase();
}

/** The message of anything that was thrown, without a stack. */
export function messageOf(error: unknown): string {
	if (isSysError(error)) return `${error.syscall}: ${errnoText(error)}`;
	return error instanceof Error ? error.message : String(error);
}

/**
 * Runs a step and tells a kernel's refusal as `<what>: <errno text>` under the id. Errors that already are
 * ours pass untouched, so the innermost and best informed words win.
 */
export function attempt<T>(id: ErrorId, what: string, step: () => T, details: ErrorDetails = {}): T {
	try {
		return step();
	} catch (error) {
		throw failure(id, what, error, details);
	}
}

export function failure(id: ErrorId, what: string, error: unknown, details: ErrorDetails = {}): unknown {
	if (!isSysError(error)) return error;
	return new TsrunError(id, `${what}: ${errnoText(error)}`, {
		syscall: error.syscall,
		errno: error.code,
		cause: error,
		...details,
	});
}
