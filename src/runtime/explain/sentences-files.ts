/** Sentences about files that would be made and written: state directory, cgroup, /proc. */
import { S_IFBLK, S_IFCHR, S_IFIFO, S_IFMT } from "../../sys/constants.js";
import { isInRootfs, list, type Names, placeOf, quoted, type Sentence, type Table } from "./sentence.js";

const cgroups = /\/sys\/fs\/cgroup\b/;

export const filesTable: Table = (event, names) => {
	switch (event.name) {
		case "mkdirat":
			return directory(event.about, names);
		case "openat":
			return isInRootfs(event.about, names) ? emptyFile(placeOf(event.about, names)) : null;
		case "write":
			return written(event.about, event.text ?? "", names);
		case "renameat2":
			return renamed(event.about, names);
		case "unlinkat":
			return {
				stage: isInRootfs(event.about, names) ? "devices" : "state",
				text: `Remove ${placeOf(event.about, names)}.`,
				calls: [`unlinkat(${quoted(placeOf(event.about, names))})`],
			};
		case "bind_unix":
			return {
				stage: "state",
				text: `Make the socket on which the container's process waits for "start": ${event.about}.`,
				calls: ["socket(AF_UNIX, SOCK_SEQPACKET)", `bind(${quoted(event.about)})`, "listen()"],
			};
		case "mknodat":
			return device(event.args, placeOf(event.about, names));
		case "symlinkat":
			return link(String(event.args[0]), placeOf(event.about, names));
		case "fchown":
			return {
				stage: "identity",
				text: `Give ${event.about} to the user of the program.`,
				calls: [`fchown(${event.args.join(", ")})`],
			};
		case "fchownat":
			return {
				stage: cgroups.test(event.about) ? "cgroup" : "devices",
				text: `Give ${placeOf(event.about, names)} to user ${event.args[2]}.`,
				calls: [`fchownat(${quoted(placeOf(event.about, names))}, ${event.args[2]}, ${event.args[3]})`],
			};
		case "fchmod":
			return null;
		default:
			return undefined;
	}
};

function directory(path: string, names: Names): Sentence {
	if (cgroups.test(path) && !isInRootfs(path, names)) {
		const hierarchy = /\/sys\/fs\/cgroup\/([^/]+)/.exec(path)?.[1] ?? "";
		return {
			stage: "cgroup",
			text: (items) =>
				items.length === 1 ? `Make the cgroup ${path}.` : `Make the cgroup in the hierarchies ${list(items)}.`,
			calls: [`mkdirat(${quoted(path)}, 0755)`],
			group: "cgroup directories",
			item: hierarchy,
		};
	}
	if (isInRootfs(path, names)) {
		const place = placeOf(path, names);
		return {
			stage: "rootfs",
			text: (items) =>
				`Make the ${items.length === 1 ? "directory" : "directories"} ${list(items)}, which the root filesystem lacks.`,
			calls: [`mkdirat(${quoted(place)}, 0755)`],
			group: "directories",
			item: place,
		};
	}
	const text =
		path.includes("~") && !path.endsWith("seccomp~")
			? `Make the state directory under a name that nobody else looks for: ${path}.`
			: `Make the directory ${path}.`;
	return { stage: path.endsWith("seccomp~") ? "seccomp" : "state", text, calls: [`mkdirat(${quoted(path)}, 0700)`] };
}

function emptyFile(place: string): Sentence {
	return {
		stage: "rootfs",
		text: `Make the empty file ${place}, for a mount to cover.`,
		calls: [`openat(${quoted(place)}, O_CREAT|O_EXCL)`],
	};
}

function written(path: string, text: string, names: Names): Sentence | null {
	const file = path.slice(path.lastIndexOf("/") + 1);
	const call = `write(${quoted(path)}, ${quoted(text.length > 60 ? `${text.slice(0, 60)}…` : text.trim())})`;
	if (path.startsWith(`${names.stateRoot}/`)) return inState(path, file, text, call);
	if (cgroups.test(path)) return inCgroup(path.slice(0, path.lastIndexOf("/")), file, text, call);
	if (file === "uid_map" || file === "gid_map") {
		const what = file === "uid_map" ? "user" : "group";
		return {
			stage: "id-maps",
			text: `Map ${what} ids of the container to those of the host: ${text.trim().split("\n").map(idRange).join("; ")}.`,
			calls: [call],
		};
	}
	if (file === "setgroups")
		return {
			stage: "id-maps",
			text: `${text.trim() === "deny" ? "Forbid" : "Allow"} the container to change its groups.`,
			calls: [call],
		};
	if (file === "oom_score_adj")
		return {
			stage: "process",
			text: `Set how soon the process is killed when memory runs out: ${text}.`,
			calls: [call],
		};
	if (file === "timens_offsets")
		return { stage: "namespaces", text: `Shift the clocks of the time namespace: ${text.trim()}.`, calls: [call] };
	if (path.includes("/attr/"))
		return {
			stage: "identity",
			text: `Have the program confined by the security label ${quoted(text)}.`,
			calls: [call],
		};
	if (path.startsWith("/proc/sys/"))
		return {
			stage: "sysctl",
			text: `Set ${path.slice(10).replaceAll("/", ".")} to ${text}, in the container's namespaces.`,
			calls: [call],
		};
	return { stage: "process", text: `Write to ${placeOf(path, names)}.`, calls: [call] };
}

/** user_namespaces(7): inside, outside, count. */
function idRange(line: string): string {
	const [inside = "", outside = "", count = ""] = line.trim().split(/\s+/);
	return count === "1" ? `${inside} is ${outside}` : `${count} ids from ${inside} on are those from ${outside} on`;
}

function inState(path: string, file: string, text: string, call: string): Sentence | null {
	if (path.includes("/seccomp~/"))
		return {
			stage: "seccomp",
			text: "Keep the compiled filter for the next container.",
			calls: [`write(${quoted(path)})`],
			group: "filter",
		};
	if (file === "journal") {
		const what = Object.keys(JSON.parse(text) as object)[0] ?? "";
		const about: Readonly<Record<string, string>> = {
			creator: "who makes the container",
			cgroup: "the cgroup that is about to be made",
			init: "the container's process",
		};
		return {
			stage: "state",
			text: `Write into the journal, for the case of a crash: ${about[what] ?? what}.`,
			calls: [call],
		};
	}
	if (file === "config.json")
		return {
			stage: "state",
			text: "Keep config.json as it is now: what becomes of the bundle's changes nothing.",
			calls: [`write(${quoted(path)}, …)`],
		};
	if (file.startsWith("state.json"))
		return {
			stage: "state",
			text: "Write the container's record beside its place.",
			calls: [`write(${quoted(path)}, …)`],
		};
	return { stage: "state", text: `Write ${path}.`, calls: [call] };
}

function inCgroup(directory: string, file: string, text: string, call: string): Sentence {
	const stage = "cgroup";
	if (file === "tasks" || file === "cgroup.procs") {
		return {
			stage,
			text: (items) =>
				items.length === 1 ? `Enter the cgroup ${items[0]}.` : `Enter the cgroup in ${items.length} hierarchies.`,
			calls: [call],
			group: "enter",
			item: directory,
		};
	}
	if (file === "cgroup.subtree_control")
		return { stage, text: `Hand controllers down from ${directory}: ${text.replaceAll("+", "")}.`, calls: [call] };
	if (file.startsWith("devices.")) {
		return {
			stage,
			text: (items) => `Decide which devices may be used: ${items.join("; ")}.`,
			calls: [call],
			group: "devices",
			item: `${file === "devices.deny" ? "deny" : "allow"} ${text === "a" ? "all" : text}`,
		};
	}
	if (file.startsWith("cpuset."))
		return {
			stage,
			text: (items) =>
				`Give it the CPUs and memory nodes of its parent, as a new cpuset has none: ${items.join(", ")}.`,
			calls: [call],
			group: `cpuset ${directory}`,
			item: `${file.slice(7)} ${text.trim()}`,
		};
	return { stage, text: `Limit: ${file} becomes ${text.trim()}.`, calls: [call] };
}

function renamed(path: string, names: Names): Sentence | null {
	if (!path.startsWith(`${names.stateRoot}/`) || path.includes("/seccomp~/")) return null;
	if (/state\.json[^/]*$/.test(path))
		return {
			stage: "state",
			text: "Put the record in its place: from here on the container exists, and is created.",
			calls: ['renameat2("state.json.PID.tmp", "state.json")'],
		};
	return {
		stage: "state",
		text: "Give the directory the container's id. Only one can succeed in that: whoever does owns the id.",
		calls: ["renameat2(…, RENAME_NOREPLACE)"],
	};
}

function device([, , mode, major, minor]: readonly unknown[], place: string): Sentence {
	const type =
		Object.entries({ S_IFCHR, S_IFBLK, S_IFIFO }).find(([, bits]) => bits === (Number(mode) & S_IFMT))?.[0] ?? "";
	return {
		stage: "devices",
		text: (items) => `Make the device ${items.length === 1 ? "node" : "nodes"} ${list(items)}.`,
		calls: [`mknodat(${quoted(place)}, ${type}|0${(Number(mode) & 0o7777).toString(8)}, makedev(${major}, ${minor}))`],
		group: "nodes",
		item: place,
	};
}

function link(target: string, place: string): Sentence {
	return {
		stage: place.startsWith("/sys/fs/cgroup") ? "mounts" : "devices",
		text: (items) => `Make the ${items.length === 1 ? "link" : "links"} ${list(items)}.`,
		calls: [`symlinkat(${quoted(target)}, ${quoted(place)})`],
		group: "links",
		item: `${place} to ${target}`,
	};
}
