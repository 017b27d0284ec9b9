import { beforeEach, describe, expect, it } from "vitest";
import { type Write, writeInOrder, writeUntilSettled } from "../../../../src/linux/cgroups/writes.js";
import { door } from "../../../support/door.js";

const write = (file: string, value: Write["value"], otherwise?: Write["otherwise"]): Write => {
	return { file, value, ...(otherwise && { otherwise }) };
};
const log = () => door.writes.map(({ path, data }) => `${path.slice(path.lastIndexOf("/") + 1)}=${data}`);

beforeEach(() => door.files({ "/c/x/a": "1 2\n", "/c/x/b": "", "/c/x/cgroup.procs": "" }));

describe("writeInOrder", () => {
	it("writes one value after the other, and opens a file once for several", () => {
		writeInOrder("/c/x", [write("b", "1"), write("b", "2"), write("a", "3"), write("b", "4")]);
		expect(log()).toEqual(["b=1", "b=2", "a=3", "b=4"]);
		expect(door.args("openat").map(([, path]) => path)).toEqual(["/c/x/b", "/c/x/a", "/c/x/b"]);
		expect(door.args("close")).toHaveLength(3);
	});

	it("lets a value depend on what the file holds", () => {
		writeInOrder("/c/x", [write("a", (current) => `${current.split(" ")[0]} 9`)]);
		expect(log()).toEqual(["a=1 9"]);
	});

	it("passes over a missing file where that is fine, or writes another", () => {
		writeInOrder("/c/x", [write("none", "1", "nothing"), write("none", "1", write("other", "2", write("b", "3")))]);
		expect(log()).toEqual(["b=3"]);
	});

	it("names value and file when the kernel refuses, and closes what is open", () => {
		door.fail("write", "EACCES", (_fd, data) => data === "2");
		expect(() => writeInOrder("/c/x", [write("b", "1"), write("a", "2"), write("b", "3")])).toThrow(
			expect.objectContaining({
				id: "cgroup-failed",
				message: 'write "2" to /c/x/a: permission denied',
				details: expect.objectContaining({ errno: "EACCES", object: "/c/x/a", stage: "cgroup" }),
			}),
		);
		expect(log()).toEqual(["b=1"]);
		expect(door.args("close")).toHaveLength(2);
	});

	it("names the file that was tried last when none of the alternatives is there", () => {
		expect(() => writeInOrder("/c/x", [write("none", "1", write("nor", "2"))])).toThrow(
			'write "2" to /c/x/nor: no such file or directory',
		);
	});

	it("passes on what is no refusal of the kernel", () => {
		const bug = new TypeError("bug");
		const failing = write("b", () => {
			throw bug;
		});
		expect(() => writeInOrder("/c/x", [failing])).toThrow(bug);
	});
});

describe("writeUntilSettled", () => {
	/** As memory and memory+swap: `a` never above `b`. */
	function aAtMostB(a: number, b: number): void {
		const names = new Map<number, string>();
		const values: Record<string, number> = { a, b };
		door.answer("openat", (_dirfd, path) => {
			names.set(names.size + 50, path.slice(path.lastIndexOf("/") + 1));
			return names.size + 49;
		});
		door.answer("write", (fd, data) => {
			values[names.get(fd) ?? ""] = Number(data);
			return 1;
		});
		door.fail("write", "EINVAL", (fd, data) => {
			const next = { ...values, [names.get(fd) ?? ""]: Number(data) };
			return (next.a ?? 0) > (next.b ?? 0);
		});
		door.answer("close", () => undefined);
	}
	const attempts = () => door.args("write").map(([, data]) => data);

	it("needs no second try when lowering", () => {
		aAtMostB(200, 400);
		writeUntilSettled("/c/x", [write("a", "50"), write("b", "80")]);
		expect(attempts()).toEqual(["50", "80"]);
	});

	it("writes what was refused again when the rest is written: raising", () => {
		aAtMostB(100, 200);
		writeUntilSettled("/c/x", [write("a", "300"), write("b", "400")]);
		expect(attempts()).toEqual(["300", "400", "300"]);
	});

	it("fails when the values do not fit each other", () => {
		aAtMostB(100, 200);
		expect(() => writeUntilSettled("/c/x", [write("a", "300"), write("b", "250")])).toThrow(
			'write "300" to /c/x/a: invalid argument',
		);
	});

	it("does not try a single value twice, nor after another refusal", () => {
		door.fail("write", "EINVAL");
		expect(() => writeUntilSettled("/c/x", [write("b", "1")])).toThrow('write "1" to /c/x/b: invalid argument');
		expect(door.args("write")).toHaveLength(1);
		door.reset();
		door.files({ "/c/x/a": "", "/c/x/b": "" });
		door.fail("write", "ERANGE");
		expect(() => writeUntilSettled("/c/x", [write("b", "1"), write("a", "1")])).toThrow(
			"numerical result out of range",
		);
		expect(door.args("write")).toHaveLength(1);
	});
});
