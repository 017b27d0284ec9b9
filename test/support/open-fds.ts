/** Descriptors that code under test opened and has not closed, by whichever call. */
import type { Door } from "../../src/sys/door.js";
import { sys } from "../../src/sys/index.js";

type Opening = "openat" | "openat2" | "open_tree" | "fsopen" | "fsmount" | "socket" | "pidfd_open";

const opening: readonly Opening[] = ["openat", "openat2", "open_tree", "fsopen", "fsmount", "socket", "pidfd_open"];

/** Counts from now on, until the test ends. */
export function watchFds(): ReadonlySet<number> {
	const open = new Set<number>();
	const door = sys as { -readonly [Name in keyof Door]: Door[Name] } & Record<string, unknown>;
	for (const name of opening) {
		const call = door[name] as (...args: unknown[]) => number;
		door[name as string] = (...args: unknown[]) => {
			const fd = call(...args);
			open.add(fd);
			return fd;
		};
	}
	const close = door.close;
	door.close = (fd) => {
		close(fd);
		open.delete(fd);
	};
	return open;
}
