/** Notice of memory that ran out, on cgroup v1 (Documentation/admin-guide/cgroup-v1/memory.rst, "OOM Control"). */
import { AT_FDCWD, EFD_NONBLOCK, O_CLOEXEC, O_RDONLY, POLLIN } from "../../../sys/constants.js";
import type { Fd } from "../../../sys/door.js";
import { hasCode } from "../../../sys/errors.js";
import { withFd } from "../../../sys/files.js";
import { sys } from "../../../sys/index.js";
import { readValueIfPresent, writeControl } from "../control-files.js";
import type { OomWatch } from "../oom.js";

export const file = "memory.oom_control";

/** cgroup.event_control ties an eventfd to the file; the kernel signals it for the cgroup's removal, too. */
export function watchOom(directory: string): OomWatch {
	const fd = sys.eventfd2(0, EFD_NONBLOCK);
	try {
		withFd(sys.openat(AT_FDCWD, `${directory}/${file}`, O_RDONLY | O_CLOEXEC, 0), (control) =>
			writeControl(directory, "cgroup.event_control", `${fd} ${control}`),
		);
	} catch (error) {
		sys.close(fd);
		throw error;
	}
	const happened = () => isSignalled(fd) && readValueIfPresent(directory, file) !== null;
	return { item: { fd, events: POLLIN }, happened, close: () => sys.close(fd) };
}

function isSignalled(fd: Fd): boolean {
	try {
		return sys.read_bytes(fd, 8).byteLength > 0;
	} catch (error) {
		if (hasCode(error, "EAGAIN")) return false;
		throw error;
	}
}
