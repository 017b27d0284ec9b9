/** The environment of a container's program: exactly what is configured, each name once, and a HOME. */
import { homeDirectory } from "../../linux/passwd.js";
import { AT_FDCWD, O_CLOEXEC, O_NONBLOCK, O_RDONLY, S_IFMT, S_IFREG } from "../../sys/constants.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** A passwd file larger than this is not looked through. */
const largestPasswd = 1 << 20;

/** Of entries with one name the last wins, in its own place. */
export function deduplicate(env: readonly string[]): readonly string[] {
	const last = new Map<string, string>();
	for (const entry of env) {
		const name = entry.split("=", 1)[0] as string;
		last.delete(name);
		last.set(name, entry);
	}
	return last.size === env.length ? env : [...last.values()];
}

/** Adds HOME when it is missing or empty: from the container's /etc/passwd. Must run inside the container. */
export function withHome(env: readonly string[], uid: number): readonly string[] {
	if (env.some((entry) => entry.startsWith("HOME=") && entry.length > "HOME=".length)) return env;
	const home = homeDirectory(readPasswd(), uid) ?? "/";
	return [...env.filter((entry) => !entry.startsWith("HOME=")), `HOME=${home}`];
}

/** The file is the image's, and may be a link in there: anything but a regular file of ordinary size counts as none. */
function readPasswd(): string {
	try {
		const fd = sys.openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
		return withFd(fd, () => {
			const { mode, size } = sys.fstat(fd);
			return (mode & S_IFMT) === S_IFREG && size <= largestPasswd ? sys.read(fd, size) : "";
		});
	} catch {
		return "";
	}
}
