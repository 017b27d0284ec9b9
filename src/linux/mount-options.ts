/**
 * Mount options (config.md#linux-mount-options, mount(8)) as data: what each one sets or clears. A later option wins
 * over an earlier one that it contradicts. What is in no table goes to the file system.
 */
import {
	MOUNT_ATTR__ATIME,
	MOUNT_ATTR_NOATIME,
	MOUNT_ATTR_NODEV,
	MOUNT_ATTR_NODIRATIME,
	MOUNT_ATTR_NOEXEC,
	MOUNT_ATTR_NOSUID,
	MOUNT_ATTR_NOSYMFOLLOW,
	MOUNT_ATTR_RDONLY,
	MOUNT_ATTR_STRICTATIME,
	MS_DIRSYNC,
	MS_I_VERSION,
	MS_LAZYTIME,
	MS_MANDLOCK,
	MS_NOATIME,
	MS_NODEV,
	MS_NODIRATIME,
	MS_NOEXEC,
	MS_NOSUID,
	MS_NOSYMFOLLOW,
	MS_PRIVATE,
	MS_RDONLY,
	MS_REC,
	MS_RELATIME,
	MS_SHARED,
	MS_SILENT,
	MS_SLAVE,
	MS_STRICTATIME,
	MS_SYNCHRONOUS,
	MS_UNBINDABLE,
} from "../sys/constants.js";

/** What an option does to a flag MS_*: sets it, or with a minus sign clears it. */
type Table = Readonly<Record<string, number>>;

/** Attributes of one mount. With an "r" in front, "rro", they are meant for the whole tree below it (Linux 5.12). */
const attributeOptions: Table = {
	ro: MS_RDONLY,
	rw: -MS_RDONLY,
	nosuid: MS_NOSUID,
	suid: -MS_NOSUID,
	nodev: MS_NODEV,
	dev: -MS_NODEV,
	noexec: MS_NOEXEC,
	exec: -MS_NOEXEC,
	nosymfollow: MS_NOSYMFOLLOW,
	symfollow: -MS_NOSYMFOLLOW,
	nodiratime: MS_NODIRATIME,
	diratime: -MS_NODIRATIME,
	noatime: MS_NOATIME,
	atime: -MS_NOATIME,
	relatime: MS_RELATIME,
	norelatime: -MS_RELATIME,
	strictatime: MS_STRICTATIME,
	nostrictatime: -MS_STRICTATIME,
};

/** Flags of the file system, shared by all its mounts. */
const superblockOptions: Table = {
	sync: MS_SYNCHRONOUS,
	async: -MS_SYNCHRONOUS,
	dirsync: MS_DIRSYNC,
	lazytime: MS_LAZYTIME,
	nolazytime: -MS_LAZYTIME,
	mand: MS_MANDLOCK,
	nomand: -MS_MANDLOCK,
	iversion: MS_I_VERSION,
	noiversion: -MS_I_VERSION,
	silent: MS_SILENT,
	loud: -MS_SILENT,
};

/** mount_namespaces(7). */
const propagationOptions: Table = {
	private: MS_PRIVATE,
	rprivate: MS_PRIVATE | MS_REC,
	shared: MS_SHARED,
	rshared: MS_SHARED | MS_REC,
	slave: MS_SLAVE,
	rslave: MS_SLAVE | MS_REC,
	unbindable: MS_UNBINDABLE,
	runbindable: MS_UNBINDABLE | MS_REC,
};

/** What remains: the kind of mount. */
const kinds = ["bind", "rbind", "remount", "defaults", "idmap", "ridmap", "tmpcopyup"] as const;

/** The access time is one choice of three, so each of these takes the others' place. */
const atimeFlags = MS_NOATIME | MS_RELATIME | MS_STRICTATIME;

/** For mount_setattr(2) and fsmount(2): MOUNT_ATTR_* to set, and to clear before that. */
export interface MountAttributes {
	readonly set: number;
	readonly clear: number;
}

export interface MountOptions {
	/** MS_* that are on at the end, for mount(2); without MS_BIND, MS_REC, MS_REMOUNT and the propagation. */
	readonly flags: number;
	/** MS_* that were asked to be off. */
	readonly clearedFlags: number;
	/** The same for this one mount as MOUNT_ATTR_*. */
	readonly attributes: MountAttributes;
	/** For the mount with all below it: "rro" and its kin. */
	readonly recursiveAttributes: MountAttributes;
	/** Of the file system, by name: "sync", "async", "dirsync", "lazytime" …; read-only is `flags & MS_RDONLY`. */
	readonly superblock: readonly string[];
	/** MS_SHARED, MS_PRIVATE | MS_REC …, to be applied in this order. */
	readonly propagation: readonly number[];
	readonly bind: "none" | "bind" | "rbind";
	readonly remount: boolean;
	readonly idmap: "none" | "idmap" | "ridmap";
	readonly tmpcopyup: boolean;
	/** Options for the file system, as given. */
	readonly data: readonly string[];
}

interface Flags {
	set: number;
	cleared: number;
}

/** Sorts out the options of one mount. Never fails: the file system judges what is not known here. */
export function parseMountOptions(options: readonly string[]): MountOptions {
	const own: Flags = { set: 0, cleared: 0 };
	const tree: Flags = { set: 0, cleared: 0 };
	const propagation: number[] = [];
	const seen = new Set<string>();
	const data: string[] = [];
	for (const option of options) {
		if (applyFlag(own, option, attributeOptions) || applyFlag(own, option, superblockOptions)) continue;
		if (option.startsWith("r") && applyFlag(tree, option.slice(1), attributeOptions)) continue;
		const change = lookup(propagationOptions, option);
		if (change !== undefined) propagation.push(change);
		else if ((kinds as readonly string[]).includes(option)) seen.add(option);
		else if (option !== "") data.push(option);
	}
	return {
		flags: own.set,
		clearedFlags: own.cleared,
		attributes: attributesOf(own),
		recursiveAttributes: attributesOf(tree),
		superblock: superblockNames(own),
		propagation,
		bind: seen.has("rbind") ? "rbind" : seen.has("bind") ? "bind" : "none",
		remount: seen.has("remount"),
		idmap: seen.has("ridmap") ? "ridmap" : seen.has("idmap") ? "idmap" : "none",
		tmpcopyup: seen.has("tmpcopyup"),
		data,
	};
}

/** The options that are understood here, for the features document: sorted, without those that are data. */
export function mountOptionNames(): readonly string[] {
	const attributes = Object.keys(attributeOptions);
	return [
		...attributes,
		...attributes.map((name) => `r${name}`),
		...Object.keys(superblockOptions),
		...Object.keys(propagationOptions),
		...kinds,
	].sort();
}

/** Options come from outside: "constructor" must not find what every object inherits. */
function lookup(table: Table, option: string): number | undefined {
	return Object.hasOwn(table, option) ? table[option] : undefined;
}

/** False when the table does not have the option. */
function applyFlag(flags: Flags, option: string, table: Table): boolean {
	const effect = lookup(table, option);
	if (effect === undefined) return false;
	if (effect > 0) {
		// choosing an access time drops the one chosen before
		flags.set = (effect & atimeFlags ? flags.set & ~atimeFlags : flags.set) | effect;
		flags.cleared &= ~effect;
	} else {
		flags.set &= ~-effect;
		flags.cleared |= -effect;
	}
	return true;
}

function attributesOf({ set, cleared }: Flags): MountAttributes {
	// mount_setattr(2) changes the access time only when all of its bits are cleared first; none of them is relatime
	const atime = (set | cleared) & atimeFlags ? MOUNT_ATTR__ATIME : 0;
	return { set: attributeBits(set), clear: atime | (attributeBits(cleared) & ~MOUNT_ATTR__ATIME) };
}

function attributeBits(flags: number): number {
	return (
		(flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0) |
		(flags & MS_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
		(flags & MS_NODEV ? MOUNT_ATTR_NODEV : 0) |
		(flags & MS_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) |
		(flags & MS_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0) |
		(flags & MS_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
		(flags & MS_NOATIME ? MOUNT_ATTR_NOATIME : 0) |
		(flags & MS_STRICTATIME ? MOUNT_ATTR_STRICTATIME : 0)
	);
}

function superblockNames({ set, cleared }: Flags): readonly string[] {
	return Object.keys(superblockOptions).filter((name) => {
		const effect = superblockOptions[name] ?? 0;
		return effect > 0 ? effect & set : -effect & cleared;
	});
}
