/**
 * Other layouts of cgroups than this machine's. Each call of the runtime is made in a mount namespace of its own, in which
 * the cgroup file systems are put in order first: the machine's mounts stay as they are.
 */
import type { RunResult, Runtime } from "./runtime.js";

const layouts = {
	v1: "umount /sys/fs/cgroup/unified",
	v2: "umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup",
	none: "umount -R /sys/fs/cgroup",
	/** Mounted by somebody who has no /sys/fs/cgroup. */
	elsewhere:
		"umount -R /sys/fs/cgroup; mount -t tmpfs none /mnt; for one in pids devices; do mkdir /mnt/$one; mount -t cgroup -o $one cgroup /mnt/$one; done",
} as const;

/** What becomes the runtime in the end, after the mount namespace has been arranged by a shell. */
function through(arrange: string): string[] {
	return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", `${arrange}; exec "$0" "$@"`];
}

/** Calls of the runtime in a layout. */
export function inLayout(runtime: Runtime, layout: keyof typeof layouts): (...args: string[]) => RunResult {
	return (...args) => runtime.with({ through: through(layouts[layout]) }, ...args);
}
