import { beforeEach, expect, it } from "vitest";
import { writePidFile } from "../../../../src/runtime/process/pid-file.js";
import { withUndo } from "../../../../src/runtime/undo.js";
import { door } from "../../../support/door.js";

beforeEach(() => door.files({ "/run/": "" }));

const write = (then: () => void = () => {}) =>
	withUndo(
		() => {},
		(undo) => {
			writePidFile("/run/pid", 4711, undo);
			then();
		},
	);

it("holds the bare number", () => {
	write();
	expect(door.content("/run/pid")).toBe("4711");
	expect(door.list("/run")).toEqual(["/run/pid"]);
});

it("is there only when it is complete", () => {
	write();
	expect(door.writes.map(({ path }) => path)).not.toContain("/run/pid");
	expect(door.args("renameat2")).toHaveLength(1);
});

it("goes when a later step fails", () => {
	const failing = () =>
		write(() => {
			throw new Error("later");
		});
	expect(failing).toThrow("later");
	expect(door.list("/run")).toEqual([]);
});

it("that cannot be written is named, and leaves nothing", () => {
	door.fail("renameat2", "EACCES");
	expect(() => write()).toThrow('write pid file "/run/pid": permission denied');
	expect(door.list("/run")).toEqual([]);
});

it("that nobody wants is not written", () => {
	withUndo(
		() => {},
		(undo) => writePidFile(undefined, 1, undo),
	);
	expect(door.names).toEqual([]);
});
