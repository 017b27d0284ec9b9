/** Control files as a reader of statistics sees them. */
import type { ReadControl } from "../../../../src/linux/cgroups/flat-file.js";

export const readFrom =
	(files: Readonly<Record<string, string>>): ReadControl =>
	(file) =>
		files[file] ?? null;

/** A cgroup without any of the files. */
export const nothing: ReadControl = () => null;
