/**
 * A cgroup file system in memory behind the recording door, as far as the driver relies on it: mkdir brings the
 * control files, processes move between cgroups, rmdir refuses what is in use, subtree_control decides about
 * controllers, freezing and killing work. Files outside the mounts are plain.
 */
import { CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, DT_DIR, DT_REG, SIGKILL } from "../../../../src/sys/constants.js";
import { sys } from "../../../../src/sys/index.js";
import { door } from "../../../support/door.js";
import { type ErrnoName, sysError } from "../../../support/errno.js";

export interface FakeMount {
	readonly version: 1 | 2;
	/** v1: the hierarchy's; v2: what the root cgroup offers. */
	readonly controllers: readonly string[];
}

interface Group {
	readonly mount: string;
	readonly files: Map<string, string>;
	procs: number[];
}

const v1Files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	cpuset: { "cpuset.cpus": "", "cpuset.mems": "" },
	freezer: { "freezer.state": "THAWED" },
	memory: {
		"memory.limit_in_bytes": "9223372036854771712",
		"memory.memsw.limit_in_bytes": "9223372036854771712",
		"memory.usage_in_bytes": "4096",
	},
	devices: { "devices.allow": "", "devices.deny": "" },
	pids: { "pids.max": "max" },
};

const v2Files: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	cpu: { "cpu.max": "max 100000", "cpu.weight": "100" },
	memory: { "memory.max": "max", "memory.current": "4096", "memory.swap.current": "0" },
	pids: { "pids.max": "max" },
	hugetlb: { "hugetlb.2MB.max": "max", "hugetlb.2MB.rsvd.max": "max" },
};

export function fakeCgroupfs(mounts: Readonly<Record<string, FakeMount>>, plainFiles: Record<string, string> = {}) {
	const groups = new Map<string, Group>();
	const open = new Map<number, { path: string; done: boolean }>();
	const pidfds = new Map<number, number>();
	const writes: { path: string; data: string }[] = [];
	let nextFd = 100;
	let onPoll = (_items: number) => {};
	let now = 0n;

	const fail = (code: ErrnoName): never => {
		throw sysError("fake", code);
	};
	const parentOf = (path: string) => path.slice(0, path.lastIndexOf("/"));
	const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
	const childrenOf = (path: string) => [...groups.keys()].filter((other) => parentOf(other) === path && other !== path);
	const below = (path: string) => [...groups.keys()].filter((other) => other === path || other.startsWith(`${path}/`));
	const group = (path: string) => groups.get(path) ?? fail("ENOENT");
	const mountOf = (path: string) => mounts[group(path).mount] as FakeMount;

	function make(path: string, mount: string): void {
		const { version, controllers } = mounts[mount] as FakeMount;
		const root = path === mount;
		const files = new Map<string, string>();
		groups.set(path, { mount, files, procs: [] });
		if (version === 1) {
			for (const name of controllers)
				for (const [file, value] of Object.entries(v1Files[name] ?? {})) files.set(file, value);
			if (root && controllers.includes("cpuset")) files.set("cpuset.cpus", "0-1").set("cpuset.mems", "0");
			return;
		}
		files.set("cgroup.subtree_control", "");
		if (!root) for (const file of ["cgroup.type", "cgroup.freeze", "cgroup.kill"]) files.set(file, "0");
		if (!root) files.set("cgroup.type", "domain");
		give(path, root ? controllers : words(groups.get(parentOf(path))?.files.get("cgroup.subtree_control") ?? ""));
	}

	const words = (text: string) => text.split(" ").filter(Boolean);

	function give(path: string, controllers: readonly string[]): void {
		const { files } = group(path);
		files.set("cgroup.controllers", controllers.join(" "));
		for (const name of controllers)
			for (const [file, value] of Object.entries(v2Files[name] ?? {})) files.set(file, value);
	}

	function contentOf(path: string): string {
		const { files, procs } = groups.get(parentOf(path)) ?? { files: new Map<string, string>(), procs: [] };
		if (groups.has(parentOf(path))) {
			if (nameOf(path) === "tasks" && mountOf(parentOf(path)).version === 1) return "";
			if (nameOf(path) === "cgroup.procs") return procs.map((pid) => `${pid}\n`).join("");
			if (nameOf(path) === "cgroup.events" && mountOf(parentOf(path)).version === 2) {
				const populated = below(parentOf(path)).some((one) => group(one).procs.length > 0);
				return `populated ${populated ? 1 : 0}\nfrozen ${files.get("cgroup.freeze")}\n`;
			}
		}
		return files.get(nameOf(path)) ?? plainFiles[path] ?? fail("ENOENT");
	}

	function move(path: string, pid: number): void {
		const { mount } = group(path);
		if (mounts[mount]?.version === 2 && path !== mount && group(path).files.get("cgroup.subtree_control"))
			fail("EBUSY");
		for (const other of groups.values())
			if (other.mount === mount) other.procs = other.procs.filter((one) => one !== pid);
		group(path).procs.push(pid);
	}

	function handDown(path: string, request: string): void {
		const offered = words(group(path).files.get("cgroup.controllers") ?? "");
		const wanted = words(request).map((word) => word.slice(1));
		if (path !== group(path).mount && group(path).procs.length > 0) fail("EBUSY");
		if (wanted.some((name) => !offered.includes(name))) fail("EINVAL");
		const enabled = [...new Set([...words(group(path).files.get("cgroup.subtree_control") ?? ""), ...wanted])];
		group(path).files.set("cgroup.subtree_control", enabled.join(" "));
		for (const child of childrenOf(path)) give(child, enabled);
	}

	function end(pid: number): void {
		for (const one of groups.values()) one.procs = one.procs.filter((other) => other !== pid);
	}

	function write(path: string, data: string): void {
		const directory = parentOf(path);
		const name = nameOf(path);
		if (!groups.has(directory)) return;
		if (name === "cgroup.procs" || name === "tasks") move(directory, Number(data) || sys.getpid());
		else if (name === "cgroup.subtree_control") handDown(directory, data);
		else if (name === "cgroup.kill") for (const one of below(directory)) group(one).procs = [];
		else group(directory).files.set(name, data);
	}

	for (const mount of Object.keys(mounts)) make(mount, mount);

	door.answer("openat", (_dirfd, path) => {
		if (!groups.has(path)) contentOf(path);
		open.set(++nextFd, { path, done: false });
		return nextFd;
	});
	door.answer("close", (fd) => {
		// below 100: the recording door's own
		if (fd > 100 && !open.delete(fd) && !pidfds.delete(fd)) fail("EBADF");
	});
	door.answer("read", (fd) => {
		const file = open.get(fd) ?? fail("EBADF");
		if (file.done) return "";
		file.done = true;
		return contentOf(file.path);
	});
	door.answer("lseek", (fd) => {
		(open.get(fd) ?? fail("EBADF")).done = false;
		return 0;
	});
	door.answer("write", (fd, data) => {
		const { path } = open.get(fd) ?? fail("EBADF");
		writes.push({ path, data: String(data) });
		write(path, String(data));
		return String(data).length;
	});
	door.answer("fstatfs", (fd) => {
		const found = groups.get((open.get(fd) ?? fail("EBADF")).path);
		const version = found ? mounts[found.mount]?.version : undefined;
		return { type: version === 2 ? CGROUP2_SUPER_MAGIC : version === 1 ? CGROUP_SUPER_MAGIC : 0, flags: 0 };
	});
	door.answer("mkdirat", (_dirfd, path) => {
		if (groups.has(path)) fail("EEXIST");
		make(path, group(parentOf(path)).mount);
	});
	door.answer("unlinkat", (_dirfd, path) => {
		if (group(path).procs.length > 0 || childrenOf(path).length > 0) fail("EBUSY");
		groups.delete(path);
	});
	door.answer("fstatat", (_dirfd, path) => {
		group(path);
		const nlink = 2 + childrenOf(path).length;
		return { dev: 1, ino: 1, mode: 0o40755, nlink, uid: 0, gid: 0, size: 0, major: 0, minor: 0 };
	});
	door.answer("getdents64", (fd) => {
		const listing = open.get(fd) ?? fail("EBADF");
		if (listing.done) return [];
		listing.done = true;
		const files = [...group(listing.path).files.keys()].map((name) => ({ name, type: DT_REG }));
		return [...files, ...childrenOf(listing.path).map((child) => ({ name: nameOf(child), type: DT_DIR }))];
	});
	door.answer("pidfd_open", (pid) => {
		if (![...groups.values()].some((one) => one.procs.includes(pid))) fail("ESRCH");
		pidfds.set(++nextFd, pid);
		return nextFd;
	});
	door.answer("pidfd_send_signal", (fd, signal) => {
		const pid = pidfds.get(fd) ?? fail("EBADF");
		if (signal === SIGKILL) end(pid);
	});
	door.answer("poll", (items) => {
		onPoll(items.length);
		return items.map((item) => item.events);
	});
	door.answer("clock_gettime", () => {
		now += 100_000_000n;
		return now;
	});

	return {
		/** Every write that the fake accepted or refused, in order. */
		writes,
		/** `path=value` of each. */
		get log() {
			return writes.map(({ path, data }) => `${path}=${data}`);
		},
		directories: () => [...groups.keys()].sort(),
		content: contentOf,
		set: (path: string, value: string) => group(parentOf(path)).files.set(nameOf(path), value),
		remove: (path: string) => group(parentOf(path)).files.delete(nameOf(path)),
		make: (path: string) => make(path, group(parentOf(path)).mount),
		enter: (path: string, ...pids: readonly number[]) => {
			for (const pid of pids) move(path, pid);
		},
		end,
		/** What happens while the driver waits. */
		whileWaiting: (step: (items: number) => void) => {
			onPoll = step;
		},
		/** Descriptors that the code under test has not closed. */
		get open() {
			return open.size + pidfds.size;
		},
	};
}

export type FakeCgroupfs = ReturnType<typeof fakeCgroupfs>;
