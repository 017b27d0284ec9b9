/** Reading and writing a cgroup's control files, kernel errors as they come: one value, one write(2) (cgroups(7)). */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY, O_WRONLY } from "../../sys/constants.js";
import { hasCode } from "../../sys/errors.js";
import { readToEnd, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";

/** The whole file. */
export function readControl(directory: string, file: string): string {
	return withFd(sys.openat(AT_FDCWD, `${directory}/${file}`, O_RDONLY | O_CLOEXEC, 0), readToEnd);
}

/** A file that fits one page, without its newline: a single read(2) gets it all. */
export function readValue(directory: string, file: string): string {
	const fd = sys.openat(AT_FDCWD, `${directory}/${file}`, O_RDONLY | O_CLOEXEC, 0);
	return withFd(fd, () => sys.read(fd, 4096)).trim();
}

/** Like {@link readValue}, null when the file or its cgroup is not there. */
export function readValueIfPresent(directory: string, file: string): string | null {
	try {
		return readValue(directory, file);
	} catch (error) {
		if (hasCode(error, "ENOENT", "ENODEV")) return null;
		throw error;
	}
}

/** The words of a file such as cgroup.controllers; none when there is no such file. */
export function readWords(directory: string, file: string): readonly string[] {
	return (readValueIfPresent(directory, file) ?? "").split(" ").filter((word) => word !== "");
}

export function writeControl(directory: string, file: string, value: string): void {
	withFd(sys.openat(AT_FDCWD, `${directory}/${file}`, O_WRONLY | O_CLOEXEC, 0), (fd) => sys.write(fd, value));
}

/** The directory above; of a cgroup directory always another cgroup or the mount point's parent. */
export function parentOf(directory: string): string {
	return directory.slice(0, directory.lastIndexOf("/"));
}
