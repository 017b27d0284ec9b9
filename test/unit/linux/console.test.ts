import { beforeEach, describe, expect, it } from "vitest";
import { adaptToCaller, becomeForeground, bindConsole, followSize, openTerminal } from "../../../src/linux/console.js";
import * as c from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

let root = -1;

beforeEach(() => {
	door.files({ "/c/dev/pts/": "", "/dev/pts/": "" });
	root = door.open("/c");
	sys.mknodat(root, "dev/pts/ptmx", c.S_IFCHR | 0o666, 5, 2);
	sys.mknodat(c.AT_FDCWD, "/dev/pts/ptmx", c.S_IFCHR | 0o666, 5, 2);
	door.answer("fstatfs", { type: c.DEVPTS_SUPER_MAGIC, flags: 0 });
});

function errorOf(step: () => void): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("openTerminal", () => {
	it("looks before it opens, and opens what it has looked at", () => {
		const { master, slave } = openTerminal(root, undefined);
		const [looked] = door.args("fstatfs")[0] ?? [];
		expect(door.args("openat2").map(([, path, flags]) => [path, flags])).toEqual([
			["/dev/pts/ptmx", c.O_PATH | c.O_CLOEXEC],
		]);
		expect(door.args("openat").at(-1)?.slice(1, 3)).toEqual([
			`/proc/self/fd/${looked}`,
			c.O_RDWR | c.O_NOCTTY | c.O_CLOEXEC,
		]);
		expect(door.args("ioctl_unlock_pty")).toEqual([[master]]);
		expect(door.args("ioctl_pty_peer")).toEqual([[master, c.O_RDWR | c.O_NOCTTY]]);
		expect(slave).not.toBe(master);
	});

	it("keeps nothing open but the pair", () => {
		const open = watchFds();
		const { master } = openTerminal(root, undefined);
		expect([...open]).toEqual([master]);
	});

	it("inside a container opens its own, through no link", () => {
		openTerminal(c.AT_FDCWD, undefined);
		expect(door.args("openat").at(-1)?.slice(1, 3)).toEqual([
			"/dev/pts/ptmx",
			c.O_RDWR | c.O_NOCTTY | c.O_CLOEXEC | c.O_NOFOLLOW,
		]);
	});

	it("leaves the terminal's settings to whoever shows it", () => {
		openTerminal(root, undefined);
		expect(door.names).not.toContain("tcsetattr");
	});

	it("has the size of the configuration, or none", () => {
		openTerminal(root, { height: 33, width: 101 });
		openTerminal(root, undefined);
		expect(door.args("ioctl_winsize_set").map(([, size]) => size)).toEqual([{ rows: 33, columns: 101 }]);
	});

	it.each<[string, () => void]>([
		["a file", () => door.files({ "/c/dev/pts/ptmx": "" })],
		["another device", () => sys.mknodat(root, "dev/pts/ptmx", c.S_IFCHR | 0o666, 10, 130)],
		["a link to a terminal of the host", () => door.files({ "/c/dev/pts/ptmx": { link: "/null" }, "/c/null": "" })],
	])("refuses %s, without opening it for use", (_, put) => {
		sys.unlinkat(root, "dev/pts/ptmx", 0);
		put();
		const open = watchFds();
		const error = errorOf(() => openTerminal(root, undefined));
		expect(error.message).toBe('"/dev/pts/ptmx" of the container is not the ptmx of a devpts');
		expect(door.args("openat").filter(([, path]) => path.startsWith("/proc/self/fd"))).toEqual([]);
		expect(open.size).toBe(0);
	});

	it("refuses the right numbers on the wrong file system", () => {
		door.answer("fstatfs", { type: c.TMPFS_MAGIC, flags: 0 });
		expect(() => openTerminal(root, undefined)).toThrow("is not the ptmx of a devpts");
		expect(() => openTerminal(c.AT_FDCWD, undefined)).toThrow("is not the ptmx of a devpts");
	});

	it("without a devpts says what is missing", () => {
		sys.unlinkat(root, "dev/pts/ptmx", 0);
		const error = errorOf(() => openTerminal(root, undefined));
		expect(error.message).toBe("open a pseudoterminal: no such file or directory");
		expect(error.details.hint).toMatch("devpts mount");
	});
});

describe("a terminal that is relayed", () => {
	it("adds no carriage returns, changes nothing else, and has the size of the caller's", () => {
		door.answer("tcgetattr", { iflag: 1, oflag: c.ONLCR | 1, cflag: 2, lflag: 3, cc: new ArrayBuffer(1) });
		door.answer("isatty", (fd) => fd === 1);
		door.answer("ioctl_winsize_get", { rows: 50, columns: 160 });
		adaptToCaller(7);
		expect(door.args("tcsetattr")[0]?.[1]).toMatchObject({ iflag: 1, oflag: 1, cflag: 2, lflag: 3 });
		expect(door.args("ioctl_winsize_get")).toEqual([[1]]);
		expect(door.args("ioctl_winsize_set")).toEqual([[7, { rows: 50, columns: 160 }]]);
	});

	it("keeps its size where the caller has no terminal", () => {
		followSize(7);
		expect(door.names).not.toContain("ioctl_winsize_set");
	});
});

describe("bindConsole", () => {
	it("binds the slave itself, wherever its path leads by now", () => {
		const open = watchFds();
		bindConsole(root, 77);
		expect(door.args("open_tree")[0]?.slice(0, 2)).toEqual([77, ""]);
		expect(door.content("/c/dev/console")).toBe("");
		expect(open.size).toBe(0);
	});

	it("stays inside the root when /dev is a link", () => {
		door.files({ "/c/dev2/": "", "/c/link": { link: "/../dev2" } });
		sys.renameat2(root, "dev", root, "old", 0);
		sys.renameat2(root, "link", root, "dev", 0);
		bindConsole(root, 77);
		expect(door.content("/c/dev2/console")).toBe("");
	});

	it("names /dev/console in an error", () => {
		door.fail("move_mount", "EPERM");
		expect(errorOf(() => bindConsole(root, 77)).message).toBe(
			'bind the terminal to "/dev/console": operation not permitted',
		);
	});
});

it("the terminal becomes the controlling one, and all three streams", () => {
	becomeForeground(7);
	expect(door.calls.slice(2).map(({ name, args }) => [name, ...args])).toEqual([
		["ioctl_set_controlling_terminal", 7],
		["dup2", 7, 0],
		["dup2", 7, 1],
		["dup2", 7, 2],
	]);
	door.fail("ioctl_set_controlling_terminal", "EPERM");
	expect(() => becomeForeground(7)).toThrow("take the terminal: operation not permitted");
});
