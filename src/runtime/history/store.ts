/**
 * The history of deleted containers: `history~` in the root directory, one line of JSON for each, appended in one write.
 * When it has grown too large it becomes the old part, `history~INODE`, and the old part before it goes.
 */
import {
	AT_FDCWD,
	O_APPEND,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_RDONLY,
	O_WRONLY,
	RENAME_NOREPLACE,
} from "../../sys/constants.js";
import { hasCode } from "../../sys/errors.js";
import { removeFileAt, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import type { Life } from "./life.js";
import { orWarn } from "./note.js";

const file = "history~";

/** Of each of the two parts; some 500 bytes are a life. */
const largest = 1024 * 1024;

/** A life's events, at most: the first and the last ones. */
const mostEvents = 40;

export function remember(host: Host, life: Life): void {
	orWarn(host, life.id, () => {
		const path = `${host.root}/${file}`;
		withFd(sys.openat(AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600), (fd) => {
			// the line break comes first: it ends what a full disk has torn
			sys.write(fd, `\n${JSON.stringify(shortened(life))}`);
			const { size, ino } = sys.fstat(fd);
			if (size > largest) retire(host, path, ino);
		});
	});
}

function shortened(life: Life): Life {
	const { events } = life;
	if (events.length <= mostEvents) return life;
	return { ...life, events: [...events.slice(0, mostEvents / 2), ...events.slice(-mostEvents / 2)] };
}

/** Of several that find it too large one renames it: the others' new name is taken by then, and they leave the new file alone. */
function retire(host: Host, path: string, inode: number | bigint): void {
	const old = `${file}${inode}`;
	try {
		sys.renameat2(AT_FDCWD, path, AT_FDCWD, `${host.root}/${old}`, RENAME_NOREPLACE);
	} catch (error) {
		if (hasCode(error, "EEXIST", "ENOENT")) return;
		throw error;
	}
	for (const name of historyFiles(host)) {
		if (name !== old && name !== file) removeFileAt(AT_FDCWD, `${host.root}/${name}`);
	}
}

/** The file and its old parts, old ones first. */
export function historyFiles(host: Host): readonly string[] {
	try {
		return withFd(sys.openat(AT_FDCWD, host.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
			const names: string[] = [];
			for (let some = sys.getdents64(fd); some.length > 0; some = sys.getdents64(fd)) {
				names.push(...some.map(({ name }) => name).filter((name) => /^history~\d*$/.test(name)));
			}
			return names.sort((one, other) => other.length - one.length);
		});
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENOTDIR")) return [];
		throw error;
	}
}
