import { beforeEach, describe, expect, it } from "vitest";
import { sys } from "../../../src/sys/index.js";
import { enableTrace } from "../../../src/sys/trace.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";

/** What the trace wraps: the recording door shows no functions of its own. */
function mkdirat(_dirfd: number, path: string): void {
	if (path === "/there") throw sysError("mkdirat", "EEXIST", [_dirfd, path]);
}

const written = () => door.args("write").map(([fd, text]) => `${fd}: ${text}`.replace(/<[\d.]+ µs>/, "<µs>"));

beforeEach(() => {
	door.answer("getpid", 7);
	door.answer("clock_gettime", 1000n);
	Object.assign(door.native, { mkdirat });
});

describe("a trace on stderr", () => {
	it("has a line for each call, with process, arguments, result and duration", () => {
		enableTrace({ file: undefined });
		sys.mkdirat(-100, "/new", 0o755);
		expect(written()).toEqual(['2: [7] mkdirat(-100, "/new", 493) = 0 <µs>\n']);
	});

	it("tells what the kernel refused, and the caller still gets the error", () => {
		enableTrace({ file: undefined });
		expect(() => sys.mkdirat(-100, "/there", 0o755)).toThrow("File exists");
		expect(written()).toEqual(['2: [7] mkdirat(-100, "/there", 493) = EEXIST (File exists) <µs>\n']);
	});

	it("that nobody reads any more changes nothing else", () => {
		door.fail("write", "EPIPE", () => true);
		enableTrace({ file: undefined });
		expect(() => sys.mkdirat(-100, "/new", 0o755)).not.toThrow();
		expect(() => sys.mkdirat(-100, "/there", 0o755)).toThrow("File exists");
	});
});

describe("a trace in a file", () => {
	it("is a list of Chrome's trace events", () => {
		door.answer("openat", 9);
		enableTrace({ file: "/trace.json" });
		sys.mkdirat(-100, "/new", 0o755);
		const [opening, event = ""] = door.args("write").map(([, text]) => String(text));
		expect(opening).toBe("[\n");
		expect(JSON.parse(event.replace(/,\n$/, ""))).toMatchObject({
			name: "mkdirat",
			ph: "X",
			pid: 7,
			args: { args: ["-100", '"/new"', "493"], result: "0" },
		});
	});

	it("that cannot be opened is an error", () => {
		door.fail("openat", "ENOENT", () => true);
		expect(() => enableTrace({ file: "/no/trace" })).toThrow('open trace file "/no/trace": no such file or directory');
	});
});
