/** Makes the mounts that cgroups/mounts.ts lists for a mount of type `cgroup`: every step on descriptors. */
import {
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_RDONLY,
	MS_REC,
	O_CLOEXEC,
	O_NOFOLLOW,
	O_PATH,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import type { CgroupMount } from "./cgroups/mounts.js";
import { attach, cloneTree, makeFilesystem, setAttributes, setPropagation } from "./detached-mount.js";
import { openOrMakeInRoot } from "./safe-path.js";

/** MS_* and MOUNT_ATTR_* have the same values for these four, which is all that cgroup mounts use. */
const attributeMask = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/** `propagation` holds MS_SHARED | MS_REC and the like, for the mount at the destination. */
export function makeCgroupMounts(
	root: Fd,
	destination: string,
	steps: readonly CgroupMount[],
	propagation: readonly number[],
): void {
	const place = openOrMakeInRoot(root, destination, "directory");
	let top: Fd | null = null;
	try {
		for (const step of steps) {
			if (step.target !== "" && top !== null) below(top, step);
			else if (step.kind === "remount" && top !== null)
				setAttributes(top, { set: step.flags & attributeMask, clear: 0 }, false);
			else top = mountOn(place, step);
		}
		if (top !== null) for (const flags of propagation) setPropagation(top, flags & ~MS_REC, (flags & MS_REC) !== 0);
	} finally {
		sys.close(place);
		if (top !== null) sys.close(top);
	}
}

/** A step inside the new tmpfs, where nobody but us can be. */
function below(top: Fd, step: CgroupMount): void {
	if (step.kind === "symlink") {
		sys.symlinkat(step.to, top, step.target);
		return;
	}
	sys.mkdirat(top, step.target, 0o755);
	withFd(sys.openat(top, step.target, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), (place) => sys.close(mountOn(place, step)));
}

/** The new mount's descriptor. */
function mountOn(place: Fd, step: CgroupMount): Fd {
	const mount = detached(step);
	attach(mount, place);
	return mount;
}

function detached(step: CgroupMount): Fd {
	if (step.kind === "bind") {
		const tree = cloneTree(step.source, false);
		setAttributes(tree, { set: step.flags & attributeMask, clear: 0 }, false);
		return tree;
	}
	if (step.kind !== "mount") throw new TsrunError("internal", `cgroup mount step ${step.kind} without a mount`);
	try {
		return makeFilesystem({
			type: step.type,
			source: step.source,
			data: step.data === "" ? [] : step.data.split(","),
			attributes: step.flags & attributeMask,
		});
	} catch (error) {
		const refused =
			error instanceof TsrunError
				? ["EPERM", "EBUSY"].includes(error.details.errno ?? "")
				: hasCode(error, "EPERM", "EBUSY");
		if (!refused || !step.otherwise) throw error;
		return detached(step.otherwise);
	}
}
