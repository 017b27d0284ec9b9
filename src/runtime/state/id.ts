/** What a container id may look like: it becomes a directory's name, a cgroup's, and part of messages. */
import { TsrunError } from "../../sys/errors.js";

/** NAME_MAX less room for the suffix that a folder gets while it is deleted. */
const longest = 220;

export function checkId(id: string): void {
	if (/^[A-Za-z0-9_+.-]+$/.test(id) && id !== "." && id !== ".." && id.length <= longest) return;
	throw new TsrunError("id-invalid", "invalid container ID format", {
		object: id,
		hint: `an id has 1 to ${longest} of the characters A-Z a-z 0-9 _ + - . and is neither "." nor ".."`,
	});
}
