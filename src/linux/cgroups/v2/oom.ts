/** Notice of processes killed for want of memory, on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "Memory"). */
import { AT_FDCWD, O_CLOEXEC, O_RDONLY, POLLPRI, SEEK_SET } from "../../../sys/constants.js";
import type { Fd } from "../../../sys/door.js";
import { hasCode } from "../../../sys/errors.js";
import { sys } from "../../../sys/index.js";
import { flatKeyed } from "../flat-file.js";
import type { OomWatch } from "../oom.js";

export const file = "memory.events";

/** The file tells of any change in it by POLLPRI; which one it was is found by counting. null without the controller. */
export function watchOom(directory: string): OomWatch | null {
	const fd = openIfPresent(directory);
	if (fd === null) return null;
	let known = killsIn(fd, 0);
	const happened = () => {
		sys.lseek(fd, 0, SEEK_SET);
		const before = known;
		known = killsIn(fd, before);
		return known > before;
	};
	return { item: { fd, events: POLLPRI }, happened, close: () => sys.close(fd) };
}

function openIfPresent(directory: string): Fd | null {
	try {
		return sys.openat(AT_FDCWD, `${directory}/${file}`, O_RDONLY | O_CLOEXEC, 0);
	} catch (error) {
		if (hasCode(error, "ENOENT")) return null;
		throw error;
	}
}

/** @param otherwise the answer when the cgroup has been removed */
function killsIn(fd: Fd, otherwise: number): number {
	try {
		return Number(flatKeyed(sys.read(fd, 4096)).oom_kill ?? otherwise);
	} catch (error) {
		if (hasCode(error, "ENODEV")) return otherwise;
		throw error;
	}
}
