/** Asking the kernel whether it can do something. */
import { AT_FDCWD } from "../../sys/constants.js";
import { hasCode, isSysError } from "../../sys/errors.js";
import { readFile } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** The errno of a refusal, null when it was done. */
export function refusalOf(step: () => void): string | null {
	try {
		step();
		return null;
	} catch (error) {
		if (isSysError(error)) return error.code;
		throw error;
	}
}

export function exists(path: string): boolean {
	return refusalOf(() => sys.fstatat(AT_FDCWD, path, 0)) === null;
}

/** Whether we, as who we are now, may do that (R_OK, W_OK, X_OK) with a file. */
export function mayAccess(path: string, mode: number, flags: number): boolean {
	return refusalOf(() => sys.faccessat2(AT_FDCWD, path, mode, flags)) === null;
}

/** The file's text without blanks around it, null when it is not there or not for us. */
export function textOf(path: string): string | null {
	try {
		return readFile(path).trim();
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES", "EPERM", "EINVAL")) return null;
		throw error;
	}
}
