import { describe, expect, it, vi } from "vitest";
import type { Life } from "../../../../src/runtime/history/life.js";
import { note } from "../../../../src/runtime/history/note.js";
import { recall } from "../../../../src/runtime/history/recall.js";
import { remember } from "../../../../src/runtime/history/store.js";
import type { Host } from "../../../../src/runtime/host.js";
import { readJournal } from "../../../../src/runtime/state/journal.js";
import { door } from "../../../support/door.js";
import { watchFds } from "../../../support/open-fds.js";

const warning = vi.fn();
const host: Host = {
	root: "/run/tsrun",
	rootIsExplicit: true,
	cgroupManager: "cgroupfs" as const,
	rootless: false,
	debug: false,
	log: { debug: () => {}, warning, error: () => {} },
} as unknown as Host;

const life = (id: string, pid: number, more: Partial<Life> = {}): Life => ({
	id,
	pid,
	startTime: 9,
	events: [{ did: "delete", at: 5 }],
	...more,
});

const history = "/run/tsrun/history~";

describe("the history", () => {
	it("is one appended line for each container, and read back by id or whole, in order", () => {
		door.files({ "/run/tsrun/": "" });
		const open = watchFds();
		for (const one of [life("a", 1), life("b", 2), life("a", 3)]) remember(host, one);
		expect(recall(host, "a").map(({ pid }) => pid)).toEqual([1, 3]);
		expect(recall(host).map(({ pid }) => pid)).toEqual([1, 2, 3]);
		expect(open.size).toBe(0);
		expect(door.mode(history)).toBe(0o100600);
	});

	it("is empty where there is none", () => {
		door.files({});
		expect(recall(host)).toEqual([]);
	});

	it("leaves out what was torn, and not what follows it", () => {
		const line = (one: Life) => `\n${JSON.stringify(one)}`;
		const text = `${line(life("a", 1))}${line(life("a", 2)).slice(0, 30)}${line(life("a", 3))}\nnull\n{"id":5}\n[]\n`;
		door.files({ [history]: text });
		expect(recall(host).map(({ pid }) => pid)).toEqual([1, 3]);
	});

	it("makes one of what run and delete tell of the same container, and of a deletion that is told twice", () => {
		door.files({ "/run/tsrun/": "" });
		remember(host, life("a", 1));
		remember(host, life("a", 1, { events: [{ did: "ended", at: 4, status: 0, seen: "run" }] }));
		remember(host, life("a", 1));
		expect(recall(host)).toEqual([
			life("a", 1, {
				events: [
					{ did: "ended", at: 4, status: 0, seen: "run" },
					{ did: "delete", at: 5 },
				],
			}),
		]);
	});

	it("keeps lives without a process apart", () => {
		door.files({ "/run/tsrun/": "" });
		for (const at of [1, 2]) remember(host, { id: "a", events: [{ did: "delete", at }] });
		expect(recall(host)).toHaveLength(2);
	});

	it("keeps of many events the first and the last", () => {
		door.files({ "/run/tsrun/": "" });
		const events = Array.from({ length: 1000 }, (_unused, at) => ({ did: "pause", at }) as const);
		remember(host, life("a", 1, { events }));
		const kept = recall(host)[0]?.events.map(({ at }) => at) ?? [];
		expect([kept.length, kept[0], kept.at(-1)]).toEqual([40, 0, 999]);
	});

	it("that has grown too large becomes the old part, which is still read, and the one before it goes", () => {
		const old = `\n${JSON.stringify(life("a", 1))}\n${" ".repeat(1024 * 1024)}`;
		door.files({ [history]: old, "/run/tsrun/history~7": "", "/run/tsrun/history~x": "", "/run/tsrun/c1/journal": "" });
		remember(host, life("a", 2));
		remember(host, life("a", 3));
		expect(recall(host).map(({ pid }) => pid)).toEqual([1, 2, 3]);
		const names = door.list("/run/tsrun").map((path) => path.slice("/run/tsrun/".length));
		expect(names).toEqual([
			"c1/journal",
			expect.stringMatching(/^history~$|^history~\d+$/),
			expect.stringMatching(/^history~\d*$/),
			"history~x",
		]);
		expect(names).not.toContain("history~7");
	});

	it.each(["EEXIST", "ENOENT"] as const)("may be put away by somebody else at the same time (%s)", (code) => {
		door.files({ [history]: " ".repeat(1024 * 1024 + 1) });
		door.fail("renameat2", code);
		warning.mockClear();
		remember(host, life("a", 2));
		expect(warning).not.toHaveBeenCalled();
	});

	it.each([
		["openat", "EACCES"],
		["write", "ENOSPC"],
		["fstat", "EIO"],
		["renameat2", "EPERM"],
	] as const)("that cannot be written (%s: %s) is a warning", (name, code) => {
		door.files({ [history]: " ".repeat(1024 * 1024 + 1) });
		door.fail(name, code);
		warning.mockClear();
		const open = watchFds();
		remember(host, life("a", 2));
		expect(warning).toHaveBeenCalledWith(expect.stringMatching(/^the history of container a could not be written: /));
		expect(open.size).toBe(0);
	});
});

describe("a note in a container's journal", () => {
	const directory = () => ({ id: "a", fd: door.open("/run/tsrun/a"), path: "/run/tsrun/a" });

	it("is read back with the rest of it", () => {
		door.files({ "/run/tsrun/a/journal": '{"creator":{"pid":1,"startTime":2}}\n{"init":{"pid":3,"start' });
		note(host, directory(), { did: "start", at: 4 }, { did: "pause", at: 5 });
		note(host, directory(), { did: "resume", at: 6 });
		expect(readJournal(directory().fd)).toEqual({
			creator: { pid: 1, startTime: 2 },
			events: [
				{ did: "start", at: 4 },
				{ did: "pause", at: 5 },
				{ did: "resume", at: 6 },
			],
		});
	});

	it("is not made where the journal is gone, and nothing is said", () => {
		door.files({ "/run/tsrun/a/": "" });
		warning.mockClear();
		note(host, directory(), { did: "start", at: 4 });
		expect(door.list("/run/tsrun")).toEqual([]);
		expect(warning).not.toHaveBeenCalled();
	});

	it("is not added to a journal that is full", () => {
		door.files({ "/run/tsrun/a/journal": "\n".repeat(64 * 1024 + 1) });
		note(host, directory(), { did: "start", at: 4 });
		expect(readJournal(directory().fd)).toEqual({});
	});

	it("that cannot be written is a warning", () => {
		door.files({ "/run/tsrun/a/journal": "" });
		door.fail("write", "ENOSPC");
		warning.mockClear();
		note(host, directory(), { did: "start", at: 4 });
		expect(warning).toHaveBeenCalledWith(
			"the history of container a could not be written: write: no space left on device",
		);
	});
});
