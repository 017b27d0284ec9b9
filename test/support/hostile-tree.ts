/** Root filesystems as an attacker makes them: links, mounts, FIFOs, devices, odd names; and a host beside them that is worth to reach. */
import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What is at a path: the text of a file, or one of these. A path that ends in "/" is a directory. */
export type Thing =
	| string
	| { readonly link: string }
	| { readonly fifo: true }
	/** Character device, like mknod(1). */
	| { readonly device: readonly [major: number, minor: number] }
	/** `mount -t TYPE -o OPTIONS` */
	| { readonly mount: string; readonly options?: string }
	/** A file or directory of the host's part. */
	| { readonly bind: string };

export type Things = Readonly<Record<string, Thing>>;

export interface HostileTree {
	readonly root: string;
	/** The host's part: nothing below it may be reached or change. */
	readonly outside: string;
	/** What the host's part looks like: names and texts. */
	readonly snapshot: () => string;
	/** By `dev:ino`, the paths of everything in the root; of a procfs the root alone. */
	readonly inodes: () => ReadonlyMap<string, string>;
	readonly unmount: () => void;
}

/** `$outside` in a link is the host's part. */
export function makeHostileTree(folder: string, things: Things): HostileTree {
	const top = mkdtempSync(join(folder, "tree-"));
	const [root, outside] = [join(top, "root"), join(top, "outside")];
	mkdirSync(root);
	mkdirSync(join(outside, "etc"), { recursive: true });
	writeFileSync(join(outside, "secret"), "the host's\n");
	writeFileSync(join(outside, "etc/x"), "the host's as well\n");
	const mounts: string[] = [];
	const unmount = () => {
		for (const mount of mounts.splice(0).reverse()) execFileSync("umount", ["--lazy", mount]);
	};
	const own = (text: string) => text.replace("$outside", outside);
	try {
		for (const [path, thing] of Object.entries(things)) {
			const place = join(root, path);
			mkdirSync(path.endsWith("/") ? place : dirname(place), { recursive: true });
			if (typeof thing === "string") {
				if (!path.endsWith("/")) writeFileSync(place, thing);
			} else if ("link" in thing) symlinkSync(own(thing.link), place);
			else if ("fifo" in thing) execFileSync("mkfifo", [place]);
			else if ("device" in thing) execFileSync("mknod", [place, "c", ...thing.device.map(String)]);
			else {
				execFileSync("mount", [...mountWords(thing, outside), place]);
				mounts.push(place);
			}
		}
	} catch (error) {
		unmount();
		throw error;
	}
	return {
		root,
		outside,
		snapshot: () => listing(outside).join("\n"),
		inodes: () => new Map([...everything(root, ""), ...mounts.map((mount) => keyed(mount, mount.slice(root.length)))]),
		unmount,
	};
}

function mountWords(thing: Extract<Thing, { mount: string } | { bind: string }>, outside: string): string[] {
	if ("bind" in thing) return ["--bind", join(outside, thing.bind)];
	return [...(thing.options ? ["-o", thing.options] : []), "-t", thing.mount, thing.mount];
}

/** Every name below a directory, with the text of files. */
export function listing(directory: string): string[] {
	return readdirSync(directory, { withFileTypes: true })
		.sort((a, b) => a.name.localeCompare(b.name))
		.flatMap((entry) => {
			const path = join(directory, entry.name);
			if (entry.isDirectory()) return [`${path}/`, ...listing(path)];
			return entry.isFile() ? [`${path} ${readFileSync(path, "utf8")}`] : [path];
		});
}

/** `dev:ino` of what is at a path of the host, and how it is called. */
function keyed(path: string, name: string): readonly [key: string, name: string] {
	const { dev, ino } = lstatSync(path);
	return [`${dev}:${ino}`, name];
}

function everything(directory: string, name: string): (readonly [key: string, name: string])[] {
	const entries = readdirSync(directory, { withFileTypes: true });
	const isProc = entries.some((entry) => entry.name === "thread-self");
	const below = isProc ? [] : entries;
	return [
		keyed(directory, name || "/"),
		...below.flatMap((entry) => {
			const [path, inside] = [join(directory, entry.name), `${name}/${entry.name}`];
			return entry.isDirectory() ? everything(path, inside) : [keyed(path, inside)];
		}),
	];
}
