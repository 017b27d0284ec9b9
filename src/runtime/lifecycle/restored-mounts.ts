/**
 * What CRIU leaves to us about mounts. Before it restores, every place that something is to be mounted on must be there;
 * afterwards what was read-only must be it again, which CRIU forgets of the root and of further mounts of the same file.
 */
import { makeBindMount } from "../../linux/bind-mounts.js";
import { type MountApi, mountApi } from "../../linux/mount-api.js";
import { type MountOptions, parseMountOptions } from "../../linux/mount-options.js";
import { cloneFlag, unshareNamespace } from "../../linux/namespaces.js";
import { isolatePropagation, makeReadonly, mountRoot } from "../../linux/rootfs.js";
import { components, openInRootIfPresent, openOrMakeInRoot } from "../../linux/safe-path.js";
import type { Config, Mount } from "../../spec/types.js";
import { AT_FDCWD, MOUNT_ATTR_RDONLY, MS_BIND, MS_REC, O_CLOEXEC, O_DIRECTORY, O_PATH } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { attempt, hasCode } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Bundle } from "../bundle.js";
import { aside } from "../init/aside.js";

/** The mounts of a configuration with what their options say. */
function parsed({ mounts = [] }: Config): readonly { readonly mount: Mount; readonly options: MountOptions }[] {
	return mounts
		.map((mount) => ({ mount, options: parseMountOptions(mount.options ?? []) }))
		.filter(({ options }) => !options.remount);
}

/** In CRIU's mount namespace: CRIU wants the root filesystem as a mount, with nothing mounted over what is above it. */
export function showRootfs(rootfs: string, place: string): void {
	// a slave of the host's where that is shared: CRIU looks for what the container's root was
	sys.mount(rootfs, place, null, MS_BIND | MS_REC, null);
}

/**
 * Makes what create would make in the root filesystem and in volumes. In a file system that comes out of the images
 * nothing is made: it is all there.
 */
export function makeMountPoints({ config, path, rootfs }: Bundle): void {
	aside(() => {
		unshareNamespace("mount");
		isolatePropagation(undefined);
		const root = mountRoot(rootfs);
		const saved: string[] = [];
		const isSaved = (place: string) => saved.some((top) => place.startsWith(`${top}/`));
		const api = mountApi();
		for (const { mount, options } of parsed(config)) {
			const place = `/${components(mount.destination).join("/")}`;
			if (isSaved(place)) continue;
			if (options.bind !== "none") {
				sys.close(makeBindMount(api, mount, options, { root, bundle: path, tree: undefined }));
				continue;
			}
			sys.close(openOrMakeInRoot(root, place, "directory"));
			saved.push(place);
		}
		const cwd = config.process?.cwd ?? "/";
		if (!isSaved(cwd)) sys.close(openOrMakeInRoot(root, cwd, "directory"));
	});
}

/** In the mount namespace of the restored process, which does not run yet. */
export function closeAgain(pidfd: Fd, config: Config): void {
	aside(() => {
		attempt("namespace-failed", "join the restored mount namespace", () => sys.setns(pidfd, cloneFlag("mount")));
		const root = sys.openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		const api = mountApi();
		for (const { mount, options } of parsed(config)) {
			setAgain(api, root, mount.destination, options.attributes.set, false);
			setAgain(api, root, mount.destination, options.recursiveAttributes.set, true);
		}
		const { readonlyPaths = [], maskedPaths = [] } = config.linux ?? {};
		for (const path of maskedPaths) setAgain(api, root, path, MOUNT_ATTR_RDONLY, false);
		for (const path of readonlyPaths) setAgain(api, root, path, MOUNT_ATTR_RDONLY, true);
		if (config.root.readonly) makeReadonly(root);
	});
}

/** A path that is no mount was not there when the container was made. */
function setAgain(api: MountApi, root: Fd, path: string, set: number, recursive: boolean): void {
	const fd = set === 0 ? null : openInRootIfPresent(root, path);
	if (fd === null) return;
	try {
		withFd(fd, () => api.setAttributes(fd, { set, clear: 0 }, recursive));
	} catch (error) {
		if (!hasCode(error, "EINVAL")) throw error;
	}
}
