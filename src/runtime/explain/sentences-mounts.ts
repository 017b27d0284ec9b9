/** Sentences about mounts and the moment when the root filesystem becomes "/". */
import {
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_RDONLY,
	MS_BIND,
	MS_MOVE,
	MS_PRIVATE,
	MS_REC,
	MS_SHARED,
	MS_SLAVE,
	MS_UNBINDABLE,
} from "../../sys/constants.js";
import type { Event, Tree } from "./recorder.js";
import { bits, list, type Names, placeOf, quoted, type Sentence, type Table } from "./sentence.js";

const mountFlags = { MS_REC, MS_SLAVE, MS_PRIVATE, MS_SHARED, MS_UNBINDABLE, MS_MOVE, MS_BIND };
const words = {
	"read-only": MOUNT_ATTR_RDONLY,
	"no set-user-ID programs": MOUNT_ATTR_NOSUID,
	"no devices": MOUNT_ATTR_NODEV,
	"no programs": MOUNT_ATTR_NOEXEC,
};

export const mountsTable: Table = (event, names) => {
	const { name, args, about, tree } = event;
	switch (name) {
		case "move_mount":
			return tree === undefined ? null : mounted(tree, placeOf(about, names), about, names);
		case "mount":
			return propagation(event);
		case "mount_setattr":
			return attributes(args, placeOf(about, names));
		case "fsconfig":
			return {
				stage: "mounts",
				text: `Change the options of what is mounted on ${placeOf(about, names)}: ${args.join(", ")}.`,
				calls: ["fspick()", "fsconfig(CMD_RECONFIGURE)"],
			};
		case "pivot_root":
			return {
				stage: "rootfs",
				text: 'Change places: the root filesystem becomes "/", the host\'s lies on top of it for a moment.',
				calls: ["fchdir(rootfs)", 'pivot_root(".", ".")'],
			};
		case "umount2":
			return {
				stage: "rootfs",
				text: "Let go of the host's root, with all that hangs there: from here on no path leads out.",
				calls: [`umount2(${quoted(args[0])}, MNT_DETACH)`],
			};
		case "chroot":
			return {
				stage: "rootfs",
				text: 'The root filesystem becomes "/", as far as paths go.',
				calls: [`chroot(${quoted(args[0])})`],
			};
		default:
			return undefined;
	}
};

function mounted(tree: Tree, place: string, about: string, names: Names): Sentence {
	const { calls, type } = tree;
	const linux = names.config?.linux;
	const how = settings(tree);
	if (about === names.hostRoot && tree.from === about) {
		return {
			stage: "rootfs",
			text: "Make the root filesystem's directory a mount of its own: pivot_root wants one.",
			calls,
		};
	}
	if (linux?.maskedPaths?.some((path) => same(path, place))) {
		return {
			stage: "masks",
			text: (items) => `Hide ${list(items)}: behind the null device, or an empty directory.`,
			calls,
			group: "masked",
			item: place,
		};
	}
	if (linux?.readonlyPaths?.some((path) => same(path, place)) && tree.from === about) {
		return { stage: "masks", text: (items) => `Make ${list(items)} read-only.`, calls, group: "readonly", item: place };
	}
	if (place === "/dev/console") return { stage: "console", text: "The terminal is /dev/console, too.", calls };
	if (place.startsWith("/sys/fs/cgroup/") && type === "") {
		return {
			stage: "mounts",
			text: (items) => `Show it its own cgroup of each hierarchy: ${list(items)} below /sys/fs/cgroup.`,
			calls,
			group: "cgroup mounts",
			item: place.slice(15),
		};
	}
	if (type !== "") return { stage: "mounts", text: `Mount a new ${type} on ${place}${how}.`, calls };
	return {
		stage: place.startsWith("/dev/") ? "devices" : "mounts",
		text: `Show ${tree.from} of the host as ${place}${tree.recursive ? ", with all that is mounted below" : ""}${how}.`,
		calls,
	};
}

function same(path: string, place: string): boolean {
	return path.replace(/\/+$/, "") === place;
}

function settings({ set, options }: Tree): string {
	const attributes = Object.entries(words).flatMap(([word, bit]) => (set & bit ? [word] : []));
	const all = [...attributes, ...options];
	return all.length === 0 ? "" : `: ${all.join(", ")}`;
}

function propagation({ args, about }: Event): Sentence {
	const [source, target, type, flags] = args;
	const call = `mount(${source === null ? "NULL" : quoted(source)}, ${quoted(target)}, ${type === null ? "NULL" : quoted(type)}, ${bits(Number(flags), mountFlags)}, NULL)`;
	if (Number(flags) & MS_MOVE) return { stage: "rootfs", text: "Move the root filesystem onto /.", calls: [call] };
	const text =
		target === "/"
			? "Cut the tie to the host's mounts: what is mounted here does not show up there."
			: target === "."
				? "See to it that letting go of the old root does not pass on to the host."
				: `Change how mounts below ${about} pass on.`;
	return { stage: "rootfs", text, calls: [call] };
}

function attributes([, , , set, , propagation]: readonly unknown[], place: string): Sentence {
	if (Number(propagation) !== 0) {
		return {
			stage: "mounts",
			text: `Set how mounts below ${place} pass on.`,
			calls: [`mount_setattr(${quoted(place)}, ${bits(Number(propagation), mountFlags)})`],
		};
	}
	const words =
		Number(set) & MOUNT_ATTR_RDONLY
			? `Make ${place === "/" ? "the root filesystem" : place} read-only.`
			: `Set the attributes of ${place}.`;
	return { stage: place === "/" ? "rootfs" : "mounts", text: words, calls: [`mount_setattr(${quoted(place)}, …)`] };
}
