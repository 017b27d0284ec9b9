import { describe, expect, it } from "vitest";
import { formatJson, formatTable, writeText } from "../../../src/cli/output.js";
import { POLLOUT } from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";

/** A descriptor that takes at most `size` bytes at a time, and what it got. */
function narrowPipe(size: number) {
	const got: Buffer[] = [];
	door.answer("write", (_fd, data) => {
		const bytes = Buffer.from(data as string).subarray(0, size);
		got.push(bytes);
		return bytes.length;
	});
	return () => Buffer.concat(got).toString();
}

describe("writeText", () => {
	it("is one write(2) where the kernel takes it all", () => {
		writeText(1, "héllo\n");
		expect(door.args("write")).toEqual([[1, "héllo\n"]]);
	});

	it("writes nothing for nothing", () => {
		writeText(1, "");
		expect(door.calls).toEqual([]);
	});

	it("goes on after short writes, also in the middle of a character", () => {
		const text = "a é € 😀 z\n";
		for (let size = 1; size <= Buffer.byteLength(text); size++) {
			const got = narrowPipe(size);
			writeText(1, text);
			expect(got()).toBe(text);
		}
	});

	it("waits for a full pipe that does not block", () => {
		let tries = 0;
		door.fail("write", "EAGAIN", () => tries++ === 0);
		writeText(1, "x");
		expect(door.names).toEqual(["write", "poll", "write"]);
		expect(door.args("poll")).toEqual([[[{ fd: 1, events: POLLOUT }], -1]]);
	});

	it("is content when nobody reads any more", () => {
		door.fail("write", "EPIPE");
		writeText(1, "x");
		expect(door.names).toEqual(["write"]);
	});

	it("throws when the disk is full", () => {
		door.fail("write", "ENOSPC");
		expect(() => writeText(1, "x")).toThrow(expect.objectContaining({ code: "ENOSPC" }));
	});
});

describe("formatTable", () => {
	const titles = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

	it("is runc's table, byte for byte", () => {
		const rows = [
			["a-much-longer-container-name", "11415", "created", "/tmp/cli/b", "2026-11-21T23:39:53.692095735Z", "root"],
			["c1", "11400", "running", "/tmp/cli/b", "2026-11-21T23:39:53.669212977Z", "root"],
		];
		expect(formatTable([titles, ...rows])).toBe(
			[
				"ID                             PID         STATUS      BUNDLE       CREATED                          OWNER",
				"a-much-longer-container-name   11415       created     /tmp/cli/b   2026-11-21T23:39:53.692095735Z   root",
				"c1                             11400       running     /tmp/cli/b   2026-11-21T23:39:53.669212977Z   root",
				"",
			].join("\n"),
		);
	});

	it("has columns of 12 when all is short", () => {
		expect(formatTable([titles])).toBe("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
	});

	it("counts characters, not bytes", () => {
		expect(formatTable([["ü", "x"]])).toBe("ü           x\n");
	});
});

describe("formatJson", () => {
	it("is what Go's encoder writes", () => {
		expect(formatJson({ a: [1], "a<b": "x&y>\u2028", e: {}, f: [] }, "  ")).toBe(
			'{\n  "a": [\n    1\n  ],\n  "a\\u003cb": "x\\u0026y\\u003e\\u2028",\n  "e": {},\n  "f": []\n}\n',
		);
	});

	it("fits on one line without indentation", () => {
		expect(formatJson([1, 2], "")).toBe("[1,2]\n");
		expect(formatJson(null, "")).toBe("null\n");
	});
});
