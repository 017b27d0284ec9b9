/**
 * Where a throw-away copy of a container has its bundle: in a tmpfs of a mount namespace that is ours alone, the
 * original's root filesystem below and all changes on top (overlayfs). However we end, the kernel takes it away.
 */
import { isolatePropagation } from "../../linux/rootfs.js";
import {
	AT_FDCWD,
	AT_REMOVEDIR,
	CLONE_NEWNS,
	MNT_DETACH,
	O_CLOEXEC,
	O_CREAT,
	O_DIRECTORY,
	O_EXCL,
	O_PATH,
	O_WRONLY,
} from "../../sys/constants.js";
import { attempt } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { bundleFolderOf } from "../state/store.js";

/** What a copy may change in its file system before it is told that there is no space left. */
const room = "256m";

/** Calls `use` with the bundle's directory, which has `config.json` and `rootfs`. */
export function withWorkplace<T>(
	host: Host,
	id: string,
	rootfs: string,
	config: string,
	use: (bundle: string) => T,
): T {
	attempt("namespace-failed", "make a mount namespace", () => sys.unshare(CLONE_NEWNS), {
		stage: "experiment",
		hint: "a copy of a container is made by root alone",
	});
	isolatePropagation("private");
	const place = bundleFolderOf(host, id);
	const make = <R>(step: () => R) =>
		attempt("rootfs-failed", `make a copy of ${JSON.stringify(rootfs)} in ${place}`, step, {
			stage: "experiment",
			object: rootfs,
			hint: "it takes overlayfs: modprobe overlay",
		});
	make(() => sys.mkdirat(AT_FDCWD, place, 0o700));
	try {
		make(() => {
			sys.mount("tmpfs", place, "tmpfs", 0, `mode=755,size=${room}`);
			sys.chdir(place);
			for (const name of ["upper", "work", "rootfs"]) sys.mkdirat(AT_FDCWD, name, 0o755);
			withFd(sys.openat(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), (fd) => {
				// by its descriptor: in a path, colons and commas would mean something to the file system
				const layers = `lowerdir=/proc/self/fd/${fd},upperdir=upper,workdir=work`;
				sys.mount("overlay", "rootfs", "overlay", 0, layers);
			});
			const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
			withFd(sys.openat(AT_FDCWD, "config.json", flags, 0o600), (fd) => sys.write(fd, config));
		});
		return use(place);
	} finally {
		sys.chdir("/");
		make(() => {
			sys.umount2(place, MNT_DETACH);
			sys.unlinkat(AT_FDCWD, place, AT_REMOVEDIR);
		});
	}
}
