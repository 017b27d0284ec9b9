/**
 * Paths in hostile root filesystems, against the real kernel: openat2(2) and the walk by descriptors, which takes its
 * place under a filter that refuses it, give the same answer for every tree, and none of them ever leads out.
 */

import { join } from "node:path";
import { describe, expect } from "vitest";
import { test as base } from "../support/e2e.js";
import { type HostileTree, makeHostileTree, type Thing, type Things } from "../support/hostile-tree.js";
import { type Kernel, startKernel, useKernel } from "../support/kernel-door.js";
import { probe } from "../support/paths.js";
import { randomFrom } from "../support/random.js";
import { sweepsAll } from "../support/sweep.js";
import { watch } from "../support/watched.js";

const { openInRootIfPresent, openOrMakeInRoot } = await import("../../src/linux/safe-path.js");
const { openInProc } = await import("../../src/linux/proc-file.js");
const { sys } = await import("../../src/sys/index.js");
const { AT_FDCWD, O_DIRECTORY, O_PATH, O_RDONLY } = await import("../../src/sys/constants.js");
const { isSysError, TsrunError } = await import("../../src/sys/errors.js");

/** Milliseconds for a test in its long form. */
const longest = 600_000;

/** What each machine refuses: nothing, or what an older kernel or an outer filter does. */
const machines: readonly (readonly [name: string, refusing: readonly string[]])[] = [
	["openat2", []],
	["the walk (ENOSYS)", ["ENOSYS", "openat2"]],
	["the walk (EPERM)", ["EPERM", "openat2"]],
];

const test = base
	.extend("makeTree", ({ folder }, { onCleanup }) => {
		const trees: HostileTree[] = [];
		onCleanup(() => {
			for (const tree of trees) tree.unmount();
		});
		return (things: Things) => {
			const tree = makeHostileTree(folder, things);
			trees.push(tree);
			return tree;
		};
	})
	.extend("start", ({ folder }, { onCleanup }) => {
		const kernels: Kernel[] = [];
		onCleanup(() => {
			for (const kernel of kernels) kernel.close();
		});
		return (refusing: readonly string[]) => {
			const kernel = startKernel(folder, refusing);
			kernels.push(kernel);
			useKernel(kernel);
			return kernel;
		};
	});

const openRoot = ({ root }: HostileTree) => sys.openat(AT_FDCWD, root, O_PATH | O_DIRECTORY, 0);

/** Where a descriptor is: its path in the root; or what is to be read in the error. */
function place(tree: HostileTree, fd: number): string {
	const { dev, ino } = sys.fstat(fd);
	sys.close(fd);
	const inside = tree.inodes();
	const found = inside.get(`${dev}:${ino}`);
	if (found !== undefined) return found;
	const onProc = [...inside].find(([key, path]) => key === `${dev}:1` && path !== "/");
	return onProc ? `${onProc[1]}/*` : `OUTSIDE ${dev}:${ino}`;
}

function answer(look: () => string): string {
	try {
		return look();
	} catch (error) {
		if (error instanceof TsrunError && error.id === "path-unsafe") return "refused";
		throw error;
	}
}

const look = (tree: HostileTree, root: number, path: string) =>
	answer(() => {
		const fd = openInRootIfPresent(root, path);
		return fd === null ? "nothing" : place(tree, fd);
	});

const make = (tree: HostileTree, root: number, path: string) =>
	answer(() => place(tree, openOrMakeInRoot(root, path, "directory")));

const link = (target: string) => ({ link: target });
/** link0 → link1 → … → end. */
const chain = (length: number): Things =>
	Object.fromEntries(
		Array.from({ length }, (_, index) => [`link${index}`, link(index + 1 < length ? `link${index + 1}` : "end")]),
	);

const fifo = { fifo: true } as const;
const proc = { mount: "proc" };
const long = "n".repeat(255);

/** A tree, a path, where it leads, and, where nothing is there, where a directory for a mount is made. */
const hostile: readonly (readonly [name: string, things: Things, path: string, found: string, made?: string])[] = [
	["a plain path", { "a/b": "" }, "/a/b", "/a/b"],
	["slashes and dots for here", { "a/b": "" }, "//a/.//b/", "/a/b"],
	["the root", {}, "/", "/"],
	["an empty path", {}, "", "/"],
	["..", { "a/": "", b: "" }, "a/../b", "/b"],
	[".. above the root", { "etc/passwd": "" }, "../../../etc/passwd", "/etc/passwd"],
	[".. after a file", { file: "", b: "" }, "file/../b", "nothing", "refused"],
	[".. after what is not there", { b: "" }, "missing/../b", "nothing", "/b"],
	["something below a file", { file: "" }, "file/below", "nothing", "refused"],
	["an absolute link", { l: link("/opt/x"), "opt/x": "" }, "l", "/opt/x"],
	["an absolute link to the host", { l: link("$outside/secret") }, "l", "nothing", "$outside/secret"],
	["a link to the host in the middle", { l: link("$outside") }, "l/secret", "nothing", "$outside/secret"],
	["a relative link", { "a/l": link("../opt/x"), "opt/x": "" }, "a/l", "/opt/x"],
	["a link upwards", { "a/b/l": link("../../../../../../outside/secret") }, "a/b/l", "nothing", "/outside/secret"],
	["a link to the root", { l: link("/"), x: "" }, "l/l/l/x", "/x"],
	["a link to ..", { l: link(".."), x: "" }, "l/x", "/x"],
	["a link to .", { l: link("."), x: "" }, "l/x", "/x"],
	[".. after a link", { l: link("/a/b"), "a/b/": "", "a/x": "", x: "" }, "l/../x", "/a/x"],
	["a link through a link", { one: link("two/x"), two: link("/three"), "three/x": "" }, "one", "/three/x"],
	["a link to a file and /", { l: link("file/"), file: "" }, "l", "nothing", "refused"],
	["a link to a file and /.", { l: link("file/."), file: "" }, "l", "nothing", "refused"],
	["a link to a file and ..", { l: link("file/../x"), file: "", x: "" }, "l", "nothing", "refused"],
	["a link to a directory and /", { l: link("dir/"), "dir/x": "" }, "l/x", "/dir/x"],
	["a link that leads nowhere", { l: link("/not/yet") }, "l", "nothing", "/not/yet"],
	["a link to itself", { l: link("l") }, "l", "refused"],
	["links in a circle", { a: link("/b/x"), b: link("a") }, "a/y", "refused"],
	["40 links", { ...chain(40), end: "" }, "link0", "/end"],
	["41 links", { ...chain(41), end: "" }, "link0", "refused"],
	["a FIFO", { f: fifo }, "f", "/f"],
	["something below a FIFO", { f: fifo }, "f/x", "nothing", "refused"],
	["a device", { d: { device: [1, 3] } }, "d", "/d"],
	["something below a device", { d: { device: [5, 0] } }, "d/x", "nothing", "refused"],
	["a link to a FIFO", { f: fifo, l: link("f") }, "l", "/f"],
	["a name with a newline", { "a\nb/c\td": "" }, "a\nb/c\td", "/a\nb/c\td"],
	["a link with a newline", { l: link("x\n/../y\n"), "x\n/": "", "y\n": "" }, "l", "/y\n"],
	["names of quotes and letters", { "\"'\\/ü€𝄞": "" }, "\"'\\/ü€𝄞", "/\"'\\/ü€𝄞"],
	["a name of 255 bytes", { [long]: "" }, long, `/${long}`],
	["a name of 256 bytes", {}, `${long}n`, "refused"],
	["a name of 4 KiB", {}, "n".repeat(4096), "refused"],
	["a link to a name of 4 KiB less one", { l: link("n".repeat(4095)) }, "l", "refused"],
	["a path of 12 KiB", { "a/": "", x: "" }, `${"a/../".repeat(2500)}x`, "/x"],
	["a mount", { m: "", "mnt/": "", mnt: { mount: "tmpfs" }, "mnt/l": link("/m") }, "mnt/l", "/m"],
	[".. out of a mount", { "mnt/": "", mnt: { mount: "tmpfs" }, x: "" }, "mnt/../../x", "/x"],
	[".. out of a bind mount", { "mnt/": "", mnt: { bind: "." }, x: "" }, "mnt/etc/../../x", "/x"],
	["nosymfollow", { "m/": "", m: { mount: "tmpfs", options: "nosymfollow" }, "m/l": link("/") }, "m/l", "refused"],
	["procfs", { "proc/": "", proc }, "proc/sys/kernel", "/proc/*"],
	["procfs by its link self", { "proc/": "", proc }, "proc/self/task", "/proc/*"],
	["procfs by its link net", { "proc/": "", proc }, "proc/net/dev", "/proc/*"],
	["a link into procfs", { "proc/": "", proc, l: link("/proc/self") }, "l/stat", "/proc/*"],
	["a mount over a part of procfs", { "proc/": "", proc, "proc/sys": { mount: "tmpfs" } }, "proc/sys", "/proc/sys"],
	["something below a file of procfs", { "proc/": "", proc }, "proc/version/x", "nothing", "refused"],
	...["root", "cwd", "exe", "fd/0", "fd/2", "ns/mnt", "root/etc", "cwd/..", "task/../root/etc", "fd/../fd/0"].map(
		(magic) => [`the magic link ${magic}`, { "proc/": "", proc }, `proc/self/${magic}`, "refused"] as const,
	),
	["a link to a magic link", { "proc/": "", proc, l: link("/proc/self/root/etc") }, "l/passwd", "refused"],
];

test.for(machines)("every hostile tree is answered right, with %s", ([, refusing], { makeTree, start }) => {
	start(refusing);
	const answers = hostile.map(([name, things, path]) => {
		const tree = makeTree(things);
		const before = tree.snapshot();
		const root = openRoot(tree);
		const found = look(tree, root, path);
		const made = make(tree, root, path).replace(tree.outside, "$outside");
		sys.close(root);
		tree.unmount();
		return [name, found, made, tree.snapshot() === before];
	});
	expect(answers).toEqual(hostile.map(([name, , , found, made = found]) => [name, found, made, true]));
});

test("trees that chance makes are answered alike by openat2 and the walk", { timeout: longest }, ({
	makeTree,
	start,
}) => {
	const random = randomFrom(Number(process.env.SEED ?? 7));
	const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
	const names = ["a", "b", "c", "..", ".", "a", "b"];
	const somePath = () => Array.from({ length: 1 + Math.floor(random() * 6) }, () => one(names)).join("/");
	const someLink = () => `${one(["", "/", "../../"])}${somePath()}${one(["", "", "/", "/."])}`;
	const someThings = (): Things =>
		Object.fromEntries(
			["a", "b", "c"].flatMap((top) => {
				const thing = () => one<Thing>([link(someLink()), link(someLink()), "", fifo]);
				if (random() < 0.5) return [[top, thing()]];
				return ["a", "b", "c"].map((name) => [`${top}/${name}`, random() < 0.3 ? "" : thing()]);
			}),
		);
	const kernels = [start([]), start(["ENOSYS", "openat2"])];
	const trees = sweepsAll ? 600 : 60;
	const differences: unknown[] = [];
	for (let index = 0; index < trees; index++) {
		const things = someThings();
		const tree = makeTree(things);
		const before = tree.snapshot();
		for (let lookups = 0; lookups < 30; lookups++) {
			const path = somePath();
			const answers = kernels.map((kernel) => {
				useKernel(kernel);
				const root = openRoot(tree);
				const found = look(tree, root, path);
				sys.close(root);
				return found;
			});
			if (answers[0] !== answers[1] || /OUTSIDE/.test(answers.join())) differences.push({ things, path, answers });
		}
		expect(tree.snapshot()).toBe(before);
	}
	expect(differences).toEqual([]);
});

/** Files of a procfs that something may be mounted over (CVE-2019-16884, CVE-2025-52881). */
const procFiles: readonly (readonly [path: string, found: "opened" | "refused"])[] = [
	["sys/kernel/ostype", "opened"],
	["version", "opened"],
	["sys/kernel/random/uuid", "refused"],
	["sys/net/ipv4", "refused"],
	["sys/net/ipv4/ip_forward", "refused"],
	["self/stat", "refused"],
	["net/dev", "refused"],
	["sys/../version", "refused"],
	["1/root/etc", "refused"],
	["1/cwd", "refused"],
];

test.for(machines)("nothing but procfs is opened in procfs, with %s", ([, refusing], { makeTree, start }) => {
	const over = { "proc/sys/kernel/random/uuid": { bind: "secret" }, "proc/sys/net/ipv4": { mount: "tmpfs" } };
	const tree = makeTree({ "proc/": "", proc, ...over, "proc/sys/net/ipv4/ip_forward": "1" });
	start(refusing);
	const directory = sys.openat(AT_FDCWD, join(tree.root, "proc"), O_PATH | O_DIRECTORY, 0);
	const answers = procFiles.map(([path]) => {
		try {
			sys.close(openInProc(directory, path, O_RDONLY));
			return [path, "opened"];
		} catch (error) {
			if (error instanceof TsrunError || isSysError(error)) return [path, "refused"];
			throw error;
		}
	});
	expect(answers).toEqual(procFiles);
});

/** What the walk may see of a name that is exchanged meanwhile: one thing, the other, or a moment without either. */
interface Race {
	readonly name: string;
	readonly things: Things;
	/** Two paths below the folder of `root` and `outside`, which swap all the time. */
	readonly swap: readonly [a: string, b: string];
	readonly path: string;
	/** Where it may lead. */
	readonly allowed: RegExp;
	/** Whoever gives the path to the kernel as a string is sure to lose in so many rounds: the attack works. */
	readonly evidence: boolean;
}

const races: readonly Race[] = [
	{
		name: "a directory and a link to the host",
		things: { "a/x": "inside", l: link("$outside/etc"), "a/etc/x": "" },
		swap: ["root/a", "root/l"],
		path: "/a/x",
		allowed: /^(\/(a|l)\/x|nothing)$/,
		evidence: true,
	},
	{
		name: "a directory and a relative link upwards",
		things: { "a/secret": "inside", l: link("../outside"), "outside/secret": "inside as well" },
		swap: ["root/a", "root/l"],
		path: "/a/secret",
		allowed: /^(\/(a|l|outside)\/secret|nothing)$/,
		evidence: true,
	},
	{
		name: "a directory and a file",
		things: { "a/x": "inside", f: "" },
		swap: ["root/a", "root/f"],
		path: "/a/x",
		allowed: /^(\/(a|f)\/x|nothing)$/,
		evidence: false,
	},
	{
		name: "a directory that leaves the root while .. is followed",
		things: { "a/b/c/": "", "a/secret": "inside" },
		swap: ["root/a/b", "outside/etc"],
		path: "/a/b/c/../../secret",
		allowed: /^(\/a\/secret|nothing)$/,
		evidence: false,
	},
	{
		name: "a directory and a magic link's directory",
		things: { "proc/": "", proc, "a/etc/passwd": "inside", l: link("/proc/self/root") },
		swap: ["root/a", "root/l"],
		path: "/a/etc/passwd",
		allowed: /^(\/(a|l)\/etc\/passwd|refused)$/,
		evidence: true,
	},
];

function careless(look: () => string): string {
	try {
		return look();
	} catch (error) {
		if (isSysError(error)) return error.code;
		throw error;
	}
}

const rounds = sweepsAll ? 20_000 : 3000;

describe.each(machines.slice(0, 2))("a race against %s", (_name, refusing) => {
	test.for(races)("is lost by $name", { timeout: longest }, async (race, { makeTree, start, folder }) => {
		const { things, swap, path, allowed, evidence } = race;
		const tree = makeTree(things);
		const top = join(tree.root, "..");
		start(refusing);
		const root = openRoot(tree);
		const inside = tree.inodes();
		const exchange = watch("exchange", probe, ["exchange", ...swap.map((name) => join(top, name))], {
			env: { TSRUN_E2E: folder },
		});
		await exchange.prints("ready");
		const whereIs = (fd: number) => {
			const { dev, ino } = sys.fstat(fd);
			sys.close(fd);
			return inside.get(`${dev}:${ino}`) ?? "outside";
		};
		const seen = new Map<string, number>();
		const count = (where: string) => seen.set(where, (seen.get(where) ?? 0) + 1);
		const lost = () => seen.has("by string: outside");
		// on a busy machine the exchange may not get its turn at once
		for (let round = 0; round < rounds || (evidence && !lost() && round < 20 * rounds); round++) {
			count(
				answer(() => {
					const fd = openInRootIfPresent(root, path);
					return fd === null ? "nothing" : whereIs(fd);
				}),
			);
			count(`by string: ${careless(() => whereIs(sys.openat(AT_FDCWD, tree.root + path, O_PATH, 0)))}`);
		}
		exchange.signal("SIGKILL");
		await exchange.ended();
		const places = [...seen.keys()].filter((where) => !where.startsWith("by string"));
		expect(places.filter((where) => !allowed.test(where))).toEqual([]);
		if (evidence) expect(lost(), JSON.stringify([...seen])).toBe(true);
	});
});
