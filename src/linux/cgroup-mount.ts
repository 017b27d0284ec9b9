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
import type { BindCgroupMount, CgroupMount, NewCgroupMount } from "./cgroups/mounts.js";
import { asItIs, type MountApi, mountApi, type Place, withPlace } from "./mount-api.js";

/** MS_* and MOUNT_ATTR_* have the same values for these four, which is all that cgroup mounts use. */
const attributeMask = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/** `propagation` holds MS_SHARED | MS_REC and the like, for the mount at the destination. */
export function makeCgroupMounts(
	root: Fd,
	destination: string,
	[first, ...others]: readonly CgroupMount[],
	propagation: readonly number[],
): void {
	// no hierarchy to show
	if (first === undefined) return;
	const api = mountApi();
	withFd(
		withPlace(root, destination, "directory", (place) => mountStep(api, first, place)),
		(top) => {
			for (const step of others) makeStep(api, top, step);
			for (const flags of propagation) api.setPropagation(top, flags & ~MS_REC, (flags & MS_REC) !== 0);
		},
	);
}

/** A step inside the new tmpfs, where nobody but us can be. */
function makeStep(api: MountApi, top: Fd, step: CgroupMount): void {
	if (step.kind === "remount") api.setAttributes(top, attributesOf(step), false);
	else if (step.kind === "symlink") sys.symlinkat(step.to, top, step.target);
	else {
		sys.mkdirat(top, step.target, 0o755);
		const open = () => sys.openat(top, step.target, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
		withFd(open(), (fd) => sys.close(mountStep(api, step, { fd, reopen: open })));
	}
}

/** The new mount's descriptor. */
function mountStep(api: MountApi, step: CgroupMount, place: Place): Fd {
	if (step.kind === "bind") return bind(api, step, place);
	if (step.kind !== "mount") throw new TsrunError("internal", `cgroup mount step ${step.kind} without a mount`);
	try {
		return mountNew(api, step, place);
	} catch (error) {
		if (!step.otherwise || !isRefused(error)) throw error;
		return bind(api, step.otherwise, place);
	}
}

function bind(api: MountApi, step: BindCgroupMount, place: Place): Fd {
	return api.bindTree(step.source, false, place, (made) => api.setAttributes(made, attributesOf(step), false));
}

function mountNew(api: MountApi, { type, source, data, flags }: NewCgroupMount, place: Place): Fd {
	const request = {
		type,
		source,
		superblock: [],
		data: data === "" ? [] : data.split(","),
		attributes: flags & attributeMask,
	};
	return api.mountFilesystem(request, place, asItIs);
}

function attributesOf({ flags }: { readonly flags: number }) {
	return { set: flags & attributeMask, clear: 0 };
}

/** A user namespace may not mount a hierarchy whose cgroup namespace it does not own. */
function isRefused(error: unknown): boolean {
	const refusals = ["EPERM", "EBUSY"];
	return hasCode(error, ...refusals) || (error instanceof TsrunError && refusals.includes(error.details.errno ?? ""));
}
