/**
 * The resctrl file system behind the recording door, as Documentation/filesystems/resctrl.rst of the kernel describes it:
 * mkdir brings a group's files, rmdir takes them along, schemata changes line by line and refuses what it does not know,
 * a task is in one control group, and only in monitoring groups of that.
 */
import { dirname } from "node:path";
import { AT_REMOVEDIR } from "../../../../src/sys/constants.js";
import { sys } from "../../../../src/sys/index.js";
import { door } from "../../../support/door.js";
import { sysError } from "../../../support/errno.js";

export const resctrl = "/sys/fs/resctrl";

const everything = { L3: "0=7ff;1=7ff", MB: "0=100;1=100" };

/** Eight columns for the name, values of a bandwidth in three, as the kernel prints them. */
function formatted(resources: Readonly<Record<string, string>>): string {
	const lines = Object.entries(resources).map(([name, domains]) => {
		const padded = name === "MB" ? domains.replace(/=(\d+)/g, (_, value: string) => `=${value.padStart(3)}`) : domains;
		return `${name.padStart(6)}:${padded}\n`;
	});
	return lines.join("");
}

function parsed(file: string): Record<string, string> {
	const lines = file.replace(/ /g, "").split("\n").filter(Boolean);
	return Object.fromEntries(lines.map((line) => line.split(":") as [string, string]));
}

interface Options {
	/** Where it is mounted; null: nowhere. */
	readonly mounted?: string | null;
	/** Classes of service that can be made. */
	readonly room?: number;
	readonly monitoring?: boolean;
}

export function fakeResctrl({ mounted = resctrl, room = 4, monitoring = true }: Options = {}) {
	const others = "22 1 0:21 / / rw - ext4 /dev/vda rw\n";
	const line = mounted === null ? "" : `50 25 0:40 / ${mounted} rw,relatime shared:9 - resctrl resctrl rw\n`;
	door.files({ "/proc/self/mountinfo": others + line });
	const root = mounted ?? resctrl;
	let made = 0;
	const fill = (path: string, control: boolean) => {
		const files: Record<string, string> = { [`${path}/tasks`]: "", [`${path}/cpus`]: "0\n" };
		if (control) files[`${path}/schemata`] = formatted(everything);
		door.files(files);
		if (control && monitoring) door.files({ [`${path}/mon_groups/`]: "", [`${path}/mon_data/`]: "" });
	};
	if (mounted !== null) {
		fill(root, true);
		door.files({ [`${root}/info/last_cmd_status`]: "ok\n" });
	}
	const exists = (path: string) => door.mode(path) !== undefined;
	const say = (words: string) => door.files({ [`${root}/info/last_cmd_status`]: `${words}\n` });
	door.answer("mkdirat", (_dirfd, path) => {
		const control = dirname(path) === root;
		if (!exists(dirname(path))) throw sysError("mkdirat", "ENOENT");
		if (exists(path)) throw sysError("mkdirat", "EEXIST");
		if (control && made >= room) throw sysError("mkdirat", "ENOSPC");
		if (control) made++;
		fill(path, control);
	});
	const [open, remove, write] = [door.fileCall("openat"), door.fileCall("unlinkat"), door.fileCall("write")];
	door.answer("unlinkat", (dirfd, path, flags) => {
		if (flags & AT_REMOVEDIR) {
			if (!exists(path)) throw sysError("unlinkat", "ENOENT");
			const files = door.list(path);
			for (const file of files) remove(dirfd, file, 0);
			const monitors = new Set(files.map((file) => dirname(file)).filter((folder) => folder !== path));
			for (const folder of [...monitors, `${path}/mon_groups`, `${path}/mon_data`])
				if (exists(folder)) remove(dirfd, folder, flags);
		}
		remove(dirfd, path, flags);
	});
	const paths = new Map<number, string>();
	door.answer("openat", (dirfd, path, flags, mode) => {
		const fd = open(dirfd, path, flags, mode);
		paths.set(fd, path);
		return fd;
	});
	const log: string[] = [];
	door.answer("write", (fd, data) => {
		const path = paths.get(fd) ?? "";
		if (!path.startsWith(`${root}/`)) return write(fd, data);
		log.push(`${path.slice(root.length + 1)} ${JSON.stringify(data)}`);
		if (path.endsWith("/schemata")) return write(fd, change(door.content(path) ?? "", String(data)));
		if (path.endsWith("/tasks")) addTask(path, String(data).trim());
		return String(data).length;
	});

	function change(before: string, data: string): string {
		if (!data.endsWith("\n")) throw sysError("write", "EINVAL");
		const resources = parsed(before);
		const [name = "", domains = ""] = data.trim().split(":");
		if (resources[name] === undefined) {
			say(`Unknown or unsupported resource name '${name}'`);
			throw sysError("write", "EINVAL");
		}
		const values = new Map(resources[name].split(";").map((each) => each.split("=") as [string, string]));
		for (const each of domains.split(";").filter(Boolean)) {
			const [domain = "", value = ""] = each.split("=");
			if (!values.has(domain)) {
				say("Parsing error: unknown domain");
				throw sysError("write", "EINVAL");
			}
			values.set(domain, value);
		}
		say("ok");
		resources[name] = [...values].map((each) => each.join("=")).join(";");
		return formatted(resources);
	}

	function addTask(file: string, pid: string): void {
		const group = dirname(file);
		const isMonitor = dirname(group).endsWith("/mon_groups");
		const control = isMonitor ? dirname(dirname(group)) : group;
		if (isMonitor && !tasksOf(control).includes(pid)) throw sysError("write", "EINVAL");
		if (!isMonitor)
			for (const other of taskFiles())
				set(
					other,
					tasksOf(dirname(other)).filter((one) => one !== pid),
				);
		set(file, [...tasksOf(group), pid]);
	}

	const taskFiles = () => door.list(root).filter((path) => path.endsWith("/tasks"));
	const tasksOf = (group: string) => (door.content(`${group}/tasks`) ?? "").split("\n").filter(Boolean);
	const set = (file: string, pids: readonly string[]) => door.files({ [file]: pids.map((pid) => `${pid}\n`).join("") });

	return {
		/** What was written below the mount point, in order. */
		log,
		/** Every group's directory, below the mount point; the default group is "". */
		groups: () =>
			taskFiles()
				.map((path) => dirname(path).slice(root.length + 1))
				.sort(),
		tasks: (group: string) => tasksOf(group === "" ? root : `${root}/${group}`),
		schemata: (group: string) =>
			parsed(door.content(group === "" ? `${root}/schemata` : `${root}/${group}/schemata`) ?? ""),
		/** As an administrator does. */
		make: (group: string) => sys.mkdirat(-100, `${root}/${group}`, 0o755),
	};
}
