/**
 * Want of memory, descriptors or processes can meet any step, also those of which nobody says what was being tried. It is
 * no bug, and where it came to light matters less than what is to be done about it.
 */
import { isSysError, messageOf, TsrunError } from "./errors.js";

const hints = {
	ENOMEM: "free memory, or raise the limits of the caller: ulimit -v, and the memory limit of its cgroup",
	EMFILE: "raise the caller's limit of open files: ulimit -n",
	ENFILE: "raise the machine's limit of open files: sysctl fs.file-max",
	EAGAIN: "raise the limits of processes: ulimit -u, and pids.max of the cgroups",
};

/** The error as one of ours when something has run out, else undefined. */
export function exhaustion(error: unknown): TsrunError | undefined {
	// QuickJS's word for it
	if (error instanceof Error && error.name === "InternalError" && error.message === "out of memory") {
		return new TsrunError("exhausted", error.message, { hint: hints.ENOMEM, cause: error });
	}
	if (!isSysError(error)) return undefined;
	const { syscall, code } = error;
	if (code !== "ENOMEM" && code !== "EMFILE" && code !== "ENFILE" && code !== "EAGAIN") return undefined;
	// from any other call EAGAIN says that there is nothing yet
	if (code === "EAGAIN" && syscall !== "clone3") return undefined;
	return new TsrunError("exhausted", messageOf(error), { syscall, errno: code, hint: hints[code], cause: error });
}
