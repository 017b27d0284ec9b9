/** The recording door's answers about mounts: each hangs in the world where it would have hung, and is told when it does. */
import {
	AT_FDCWD,
	AT_RECURSIVE,
	FSCONFIG_CMD_CREATE,
	FSCONFIG_CMD_RECONFIGURE,
	FSCONFIG_SET_STRING,
	MS_BIND,
	MS_MOVE,
	MS_REC,
	MS_REMOUNT,
	OPEN_TREE_CLONE,
	S_IFCHR,
} from "../../sys/constants.js";
import type { Door } from "../../sys/door.js";
import { lookUp } from "./answer-files.js";
import { standInFor, textOf } from "./kernel-files.js";
import { hand, note, opened, type Recorder, type Tree } from "./recorder.js";
import { attach, errnos, type Node, newTree } from "./world.js";

type Mounts = Pick<
	Door,
	| "mount"
	| "umount2"
	| "pivot_root"
	| "chroot"
	| "open_tree"
	| "move_mount"
	| "fsopen"
	| "fspick"
	| "fsconfig"
	| "fsmount"
	| "mount_setattr"
>;

function plan(type: string, from: string, recursive: boolean): Tree {
	return { type, from, recursive, options: [], set: 0, calls: [], attached: false };
}

export function mountAnswers(recorder: Recorder): Mounts {
	const { host, world } = recorder;
	const copy = (node: Node) => newTree(world, node);
	const fresh = (type: string): Node => {
		const tree = newTree(world, { shown: `(${type})`, real: standInFor(type), made: null, fs: type });
		if (type === "devpts") world.made.set(`${tree.key}/ptmx`, { mode: S_IFCHR | 0o666, major: 5, minor: 2 });
		return tree;
	};
	const put = (node: Node, tree: Tree, place: Node, call: string) => {
		attach(world, node, place);
		tree.attached = true;
		tree.calls.push(call);
		note(recorder, "move_mount", [], place.shown, { tree });
	};
	const node = (dirfd: number, path: string, call: string) =>
		path === "" ? (opened(recorder, dirfd, call).node ?? world.cwd) : lookUp(recorder, dirfd, path, true, call);
	return {
		mount(source, target, type, flags, data) {
			const place = lookUp(recorder, AT_FDCWD, target, true, "mount");
			if (flags & MS_BIND && !(flags & MS_REMOUNT)) {
				const from = lookUp(recorder, AT_FDCWD, source ?? "", true, "mount");
				const call = `mount(${JSON.stringify(from.shown)}, …, MS_BIND${flags & MS_REC ? "|MS_REC" : ""})`;
				put(copy(from), plan("", from.shown, (flags & MS_REC) !== 0), place, call);
			} else if (type !== null) {
				requireType(recorder, type, "mount");
				const tree = plan(type, "", false);
				if (data) tree.options.push(...data.split(","));
				put(
					fresh(type),
					tree,
					place,
					`mount(${JSON.stringify(source)}, …, ${JSON.stringify(type)}, 0x${flags.toString(16)}, ${JSON.stringify(data)})`,
				);
			} else {
				if (flags & MS_MOVE) world.root = world.cwd;
				note(recorder, "mount", [source, target, type, flags, data], place.shown);
			}
		},
		umount2(target, flags) {
			note(
				recorder,
				"umount2",
				[target, flags],
				target === "." ? "/" : lookUp(recorder, AT_FDCWD, target, true, "umount2").shown,
			);
		},
		pivot_root(newRoot, putOld) {
			world.root = lookUp(recorder, AT_FDCWD, newRoot, true, "pivot_root");
			note(recorder, "pivot_root", [newRoot, putOld], world.root.shown);
		},
		chroot(path) {
			world.root = lookUp(recorder, AT_FDCWD, path, true, "chroot");
			note(recorder, "chroot", [path], world.root.shown);
		},
		open_tree(dirfd, path, flags) {
			const from = node(dirfd, path, "open_tree");
			if (!(flags & OPEN_TREE_CLONE)) return hand(recorder, { node: from });
			const recursive = (flags & AT_RECURSIVE) !== 0;
			const tree = plan("", from.shown, recursive);
			tree.calls.push(`open_tree(${JSON.stringify(from.shown)}, OPEN_TREE_CLONE${recursive ? "|AT_RECURSIVE" : ""})`);
			return hand(recorder, { node: copy(from), tree });
		},
		move_mount(fromDir, _from, toDir, to) {
			const { node: mount, tree } = opened(recorder, fromDir, "move_mount");
			const place = node(toDir, to, "move_mount");
			if (mount && tree) put(mount, tree, place, `move_mount(…, ${JSON.stringify(place.shown)})`);
		},
		fsopen(type) {
			requireType(recorder, type, "fsopen");
			const tree = plan(type, "", false);
			tree.calls.push(`fsopen(${JSON.stringify(type)})`);
			return hand(recorder, { tree });
		},
		fspick: (dirfd, path) => {
			const at = node(dirfd, path, "fspick");
			const tree = plan("", at.shown, false);
			tree.attached = true;
			return hand(recorder, { node: at, tree });
		},
		fsconfig(fd, command, key, value) {
			const { tree, node: at } = opened(recorder, fd, "fsconfig");
			if (command === FSCONFIG_CMD_RECONFIGURE) note(recorder, "fsconfig", tree?.options ?? [], at?.shown);
			if (tree === undefined || command === FSCONFIG_CMD_RECONFIGURE) return;
			if (command === FSCONFIG_CMD_CREATE) tree.calls.push("fsconfig(CMD_CREATE)");
			else {
				const option = command === FSCONFIG_SET_STRING ? `${key}=${value}` : `${key}`;
				if (key !== "source") tree.options.push(option);
				const last = tree.calls.at(-1) ?? "";
				if (last.startsWith("fsconfig(")) tree.calls.splice(-1, 1, `${last.slice(0, -1)}, ${option})`);
				else tree.calls.push(`fsconfig(${option})`);
			}
		},
		fsmount(fd, _flags, attributes) {
			const context = opened(recorder, fd, "fsmount").tree ?? plan("", "", false);
			context.set |= attributes;
			context.calls.push("fsmount()");
			return hand(recorder, { node: fresh(context.type), tree: context });
		},
		mount_setattr(dirfd, path, flags, set, clear, propagation, usersFd) {
			// the question whether the kernel knows the call
			if ((set | clear | propagation | usersFd) === 0) return host.mount_setattr(dirfd, path, flags, 0, 0, 0, 0);
			const tree = path === "" ? opened(recorder, dirfd, "mount_setattr").tree : undefined;
			if (tree && !tree.attached) {
				tree.set |= set;
				tree.calls.push(propagation === 0 ? "mount_setattr(attributes)" : "mount_setattr(propagation)");
			} else
				note(
					recorder,
					"mount_setattr",
					[dirfd, path, flags, set, clear, propagation],
					node(dirfd, path, "mount_setattr").shown,
				);
		},
	};
}

/** A type that is in no list may still be a module that the kernel would load. */
function requireType({ host }: Recorder, type: string, call: string): void {
	const listed = textOf(host, "/proc/filesystems")
		.split("\n")
		.map((line) => line.split("\t")[1]);
	if (listed.includes(type)) return;
	try {
		host.fstatat(AT_FDCWD, `/lib/modules/${host.uname().release}/kernel/fs/${type}`, 0);
	} catch {
		host.throw_errno(call, errnos.ENODEV);
	}
}
