import { describe, expect, it } from "vitest";
import { mountOptionNames, parseMountOptions } from "../../../src/linux/mount-options.js";
import * as c from "../../../src/sys/constants.js";

/** What an option does, as the specification's table says it: [MS_* set, MS_* cleared, MOUNT_ATTR_* set, cleared]. */
const attributes: Record<string, [number, number, number, number]> = {
	ro: [c.MS_RDONLY, 0, c.MOUNT_ATTR_RDONLY, 0],
	rw: [0, c.MS_RDONLY, 0, c.MOUNT_ATTR_RDONLY],
	nosuid: [c.MS_NOSUID, 0, c.MOUNT_ATTR_NOSUID, 0],
	suid: [0, c.MS_NOSUID, 0, c.MOUNT_ATTR_NOSUID],
	nodev: [c.MS_NODEV, 0, c.MOUNT_ATTR_NODEV, 0],
	dev: [0, c.MS_NODEV, 0, c.MOUNT_ATTR_NODEV],
	noexec: [c.MS_NOEXEC, 0, c.MOUNT_ATTR_NOEXEC, 0],
	exec: [0, c.MS_NOEXEC, 0, c.MOUNT_ATTR_NOEXEC],
	nosymfollow: [c.MS_NOSYMFOLLOW, 0, c.MOUNT_ATTR_NOSYMFOLLOW, 0],
	symfollow: [0, c.MS_NOSYMFOLLOW, 0, c.MOUNT_ATTR_NOSYMFOLLOW],
	nodiratime: [c.MS_NODIRATIME, 0, c.MOUNT_ATTR_NODIRATIME, 0],
	diratime: [0, c.MS_NODIRATIME, 0, c.MOUNT_ATTR_NODIRATIME],
	noatime: [c.MS_NOATIME, 0, c.MOUNT_ATTR_NOATIME, c.MOUNT_ATTR__ATIME],
	atime: [0, c.MS_NOATIME, 0, c.MOUNT_ATTR__ATIME],
	relatime: [c.MS_RELATIME, 0, c.MOUNT_ATTR_RELATIME, c.MOUNT_ATTR__ATIME],
	norelatime: [0, c.MS_RELATIME, 0, c.MOUNT_ATTR__ATIME],
	strictatime: [c.MS_STRICTATIME, 0, c.MOUNT_ATTR_STRICTATIME, c.MOUNT_ATTR__ATIME],
	nostrictatime: [0, c.MS_STRICTATIME, 0, c.MOUNT_ATTR__ATIME],
};

const superblock: Record<string, [number, number, string[]]> = {
	sync: [c.MS_SYNCHRONOUS, 0, ["sync"]],
	async: [0, c.MS_SYNCHRONOUS, ["async"]],
	dirsync: [c.MS_DIRSYNC, 0, ["dirsync"]],
	lazytime: [c.MS_LAZYTIME, 0, ["lazytime"]],
	nolazytime: [0, c.MS_LAZYTIME, ["nolazytime"]],
	mand: [c.MS_MANDLOCK, 0, ["mand"]],
	nomand: [0, c.MS_MANDLOCK, ["nomand"]],
	iversion: [c.MS_I_VERSION, 0, ["iversion"]],
	noiversion: [0, c.MS_I_VERSION, ["noiversion"]],
	silent: [c.MS_SILENT, 0, ["silent"]],
	loud: [0, c.MS_SILENT, ["loud"]],
};

const propagation: Record<string, number> = {
	private: c.MS_PRIVATE,
	rprivate: c.MS_PRIVATE | c.MS_REC,
	shared: c.MS_SHARED,
	rshared: c.MS_SHARED | c.MS_REC,
	slave: c.MS_SLAVE,
	rslave: c.MS_SLAVE | c.MS_REC,
	unbindable: c.MS_UNBINDABLE,
	runbindable: c.MS_UNBINDABLE | c.MS_REC,
};

const nothing = parseMountOptions([]);

describe("each option of the specification", () => {
	it.each(Object.entries(attributes))("%s changes that attribute of the mount, and nothing else", (name, row) => {
		const [flags, clearedFlags, set, clear] = row;
		expect(parseMountOptions([name])).toEqual({ ...nothing, flags, clearedFlags, attributes: { set, clear } });
	});

	it.each(Object.entries(attributes))(
		"r%s changes it for the whole tree, and nothing else",
		(name, [, , set, clear]) => {
			expect(parseMountOptions([`r${name}`])).toEqual({ ...nothing, recursiveAttributes: { set, clear } });
		},
	);

	it.each(Object.entries(superblock))("%s is a flag of the file system", (name, [flags, clearedFlags, names]) => {
		expect(parseMountOptions([name])).toEqual({ ...nothing, flags, clearedFlags, superblock: names });
	});

	it.each(Object.entries(propagation))("%s is a propagation", (name, flag) => {
		expect(parseMountOptions([name])).toEqual({ ...nothing, propagation: [flag] });
	});

	it("bind, rbind, remount, idmap, ridmap and tmpcopyup tell the kind of mount", () => {
		expect(parseMountOptions(["bind"])).toEqual({ ...nothing, bind: "bind" });
		expect(parseMountOptions(["rbind"])).toEqual({ ...nothing, bind: "rbind" });
		expect(parseMountOptions(["remount"])).toEqual({ ...nothing, remount: true });
		expect(parseMountOptions(["idmap"])).toEqual({ ...nothing, idmap: "idmap" });
		expect(parseMountOptions(["ridmap"])).toEqual({ ...nothing, idmap: "ridmap" });
		expect(parseMountOptions(["tmpcopyup"])).toEqual({ ...nothing, tmpcopyup: true });
	});

	it("defaults changes nothing", () => {
		expect(parseMountOptions(["defaults"])).toEqual(nothing);
	});

	it("is in the list of names, once and sorted, and no other is", () => {
		const expected = [
			...Object.keys(attributes),
			...Object.keys(attributes).map((name) => `r${name}`),
			...Object.keys(superblock),
			...Object.keys(propagation),
			...["bind", "rbind", "remount", "defaults", "idmap", "ridmap", "tmpcopyup"],
		].sort();
		expect(mountOptionNames()).toEqual(expected);
		expect(new Set(expected).size).toBe(62);
	});
});

describe("several options", () => {
	it("add up", () => {
		const { flags, attributes } = parseMountOptions(["nosuid", "noexec", "nodev", "ro"]);
		expect(flags).toBe(c.MS_NOSUID | c.MS_NOEXEC | c.MS_NODEV | c.MS_RDONLY);
		const set = c.MOUNT_ATTR_NOSUID | c.MOUNT_ATTR_NOEXEC | c.MOUNT_ATTR_NODEV | c.MOUNT_ATTR_RDONLY;
		expect(attributes).toEqual({ set, clear: 0 });
	});

	it.each([
		[["ro", "rw"], "rw"],
		[["rw", "ro"], "ro"],
		[["noexec", "exec", "noexec"], "noexec"],
		[["sync", "async"], "async"],
		[["noatime", "strictatime"], "strictatime"],
		[["strictatime", "noatime"], "noatime"],
		[["strictatime", "relatime"], "relatime"],
	])("%j: the last of those that contradict each other wins, as if only %s were there", (options, last) => {
		const { attributes, superblock } = parseMountOptions(options);
		expect(attributes).toEqual(parseMountOptions([last]).attributes);
		expect(superblock).toEqual(parseMountOptions([last]).superblock);
	});

	it("keep an access time that a later option does not speak of", () => {
		expect(parseMountOptions(["noatime", "nostrictatime"]).attributes.set).toBe(c.MOUNT_ATTR_NOATIME);
		expect(parseMountOptions(["strictatime", "atime"]).attributes.set).toBe(c.MOUNT_ATTR_STRICTATIME);
	});

	it("never ask mount_setattr for an access time without clearing the old one", () => {
		for (const name of ["noatime", "atime", "relatime", "strictatime"]) {
			const { set, clear } = parseMountOptions([name, "ro"]).attributes;
			expect(clear & c.MOUNT_ATTR__ATIME).toBe(c.MOUNT_ATTR__ATIME);
			expect(set & c.MOUNT_ATTR_RDONLY).toBe(c.MOUNT_ATTR_RDONLY);
		}
	});

	it("keep the mount's own attributes apart from the tree's", () => {
		const { attributes, recursiveAttributes } = parseMountOptions(["rw", "rro"]);
		expect(attributes).toEqual({ set: 0, clear: c.MOUNT_ATTR_RDONLY });
		expect(recursiveAttributes).toEqual({ set: c.MOUNT_ATTR_RDONLY, clear: 0 });
	});

	it("keep the order of propagations", () => {
		expect(parseMountOptions(["rslave", "shared"]).propagation).toEqual([c.MS_SLAVE | c.MS_REC, c.MS_SHARED]);
	});

	it("make a recursive bind mount when bind and rbind are both there", () => {
		expect(parseMountOptions(["rbind", "bind"]).bind).toBe("rbind");
		expect(parseMountOptions(["ridmap", "idmap"]).idmap).toBe("ridmap");
	});
});

describe("what is no option of ours", () => {
	it("is handed to the file system as it is, in order", () => {
		const options = ["nosuid", "mode=755", "size=65536k", "newinstance", "acl"];
		expect(parseMountOptions(options).data).toEqual(["mode=755", "size=65536k", "newinstance", "acl"]);
	});

	it("may start with an r without being recursive", () => {
		expect(parseMountOptions(["rsync", "rdefaults", "r", "resgid=5"]).data).toEqual([
			"rsync",
			"rdefaults",
			"r",
			"resgid=5",
		]);
	});

	it("may be named like a property of every object", () => {
		expect(parseMountOptions(["constructor", "rtoString"])).toEqual({ ...nothing, data: ["constructor", "rtoString"] });
	});

	it("is dropped when it is empty", () => {
		expect(parseMountOptions([""])).toEqual(nothing);
	});
});
