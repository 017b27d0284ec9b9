import { describe, expect, it } from "vitest";
import { deduplicate, withHome } from "../../../../src/runtime/process/environment.js";
import { O_NONBLOCK } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";

describe("deduplicate", () => {
	it("leaves alone what has each name once", () => {
		const env = ["B=1", "A=2", "a=3", "AB=4"];
		expect(deduplicate(env)).toBe(env);
	});

	it("keeps the last value of a name, in its place", () => {
		expect(deduplicate(["A=1", "B=2", "A=3", "C=4", "A="])).toEqual(["B=2", "C=4", "A="]);
	});

	it("takes what stands before the first = for the name", () => {
		expect(deduplicate(["A=B=1", "A=B=2", "A"])).toEqual(["A"]);
	});
});

describe("withHome", () => {
	const passwd = "root:x:0:0::/root:/bin/sh\napp:x:1000:1000::/srv/app:/bin/sh\n";

	it("looks into no file when there is a HOME", () => {
		const env = ["HOME=/h"];
		expect(withHome(env, 0)).toBe(env);
		expect(door.names).toEqual([]);
	});

	it.each([
		[0, "HOME=/root"],
		[1000, "HOME=/srv/app"],
		[1001, "HOME=/"],
	])("adds that of uid %i", (uid, home) => {
		door.files({ "/etc/passwd": passwd });
		expect(withHome(["A=1"], uid)).toEqual(["A=1", home]);
	});

	it("replaces an empty one", () => {
		door.files({ "/etc/passwd": passwd });
		expect(withHome(["HOME=", "A=1"], 0)).toEqual(["A=1", "HOME=/root"]);
	});

	it("does without a passwd, and with one that cannot be opened", () => {
		door.files({ "/etc/": "" });
		expect(withHome([], 0)).toEqual(["HOME=/"]);
		door.fail("openat", "EACCES");
		expect(withHome([], 0)).toEqual(["HOME=/"]);
	});

	it("does not read what is no ordinary file, and waits for none: it is the image's", () => {
		door.files({ "/etc/passwd": passwd });
		door.answer("fstat", { ...door.native.fstat(door.open("/etc/passwd")), mode: 0o010644 });
		expect(withHome([], 0)).toEqual(["HOME=/"]);
		expect(door.names).not.toContain("read");
		expect((door.args("openat").at(-1)?.[2] ?? 0) & O_NONBLOCK).toBe(O_NONBLOCK);
	});

	it("does not read a passwd of unheard-of size", () => {
		door.files({ "/etc/passwd": passwd });
		door.answer("fstat", { ...door.native.fstat(door.open("/etc/passwd")), size: 1 << 30 });
		expect(withHome([], 0)).toEqual(["HOME=/"]);
		expect(door.names).not.toContain("read");
	});
});
