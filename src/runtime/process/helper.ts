/** Running a program of the host to its end and taking what it says: newuidmap(1), ps(1). */
import { AT_EACCESS, AT_FDCWD, MFD_CLOEXEC, O_CLOEXEC, O_RDONLY, SEEK_SET, X_OK } from "../../sys/constants.js";
import { environmentValue } from "../../sys/environment.js";
import { readToEnd, withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { reap, startChild } from "./child.js";

/** Looked through when the caller has no PATH: Podman calls us without one. */
const standardPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export function findInPath(name: string): string | null {
	for (const directory of (environmentValue("PATH") || standardPath).split(":")) {
		try {
			sys.faccessat2(AT_FDCWD, `${directory}/${name}`, X_OK, AT_EACCESS);
			return `${directory}/${name}`;
		} catch {
			// not here
		}
	}
	return null;
}

/** The raw wait status, and stdout and stderr together. A program that cannot be executed has status 127 << 8. */
export function runHelper(path: string, argv: readonly string[]): { readonly status: number; readonly output: string } {
	return withFd(sys.openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0), (stdin) =>
		withFd(sys.memfd_create("helper-output", MFD_CLOEXEC), (output) => {
			const child = startChild({
				path,
				argv,
				envp: sys.environ(),
				stdin,
				stdout: output,
				stderr: output,
				errorFd: output,
			});
			const status = reap(child.pid);
			sys.close(child.pidfd);
			sys.lseek(output, 0, SEEK_SET);
			return { status, output: readToEnd(output) };
		}),
	);
}
