/** `--pid-file`: bare digits without a newline, under a temporary name until complete, since engines read it at once. */
import { AT_FDCWD } from "../../sys/constants.js";
import { attempt } from "../../sys/errors.js";
import { removeFileAt, replaceFileAt } from "../../sys/files.js";
import type { Undo } from "../undo.js";

export function writePidFile(path: string | undefined, pid: number, undo: Undo): void {
	if (path === undefined) return;
	attempt(
		"file-failed",
		`write pid file ${JSON.stringify(path)}`,
		() => replaceFileAt(AT_FDCWD, path, String(pid), 0o644),
		{
			object: path,
		},
	);
	undo.add(`remove the pid file ${path}`, () => removeFileAt(AT_FDCWD, path));
}
