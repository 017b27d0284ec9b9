import { describe, expect, it } from "vitest";
import { lookAgain } from "../../../../src/runtime/explain/look-again.js";
import type { Config } from "../../../../src/spec/types.js";
import { type ErrorDetails, TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";

const config = {
	ociVersion: "1.3.0",
	root: { path: "rootfs" },
	process: { cwd: "/", args: ["sleeep"], env: ["PATH=/sbin:/bin"] },
	mounts: [{ destination: "/x", type: "bind", source: "/srv/data" }],
} as Config;
const look = (details: ErrorDetails) => lookAgain(new TsrunError("internal", "", details), config, "/b/rootfs");

describe("the second look", () => {
	it("finds the file that was meant", () => {
		door.files({ "/b/rootfs/bin/sleep": "" });
		expect(look({ stage: "program", object: "/bin/sleeep" })).toBe("/b/rootfs/bin has no sleeep, but sleep");
		expect(look({ stage: "program", object: "sleeep" })).toBe("there is no sleeep in /sbin:/bin, but /bin/sleep");
	});

	it("looks for a mount's source on the host", () => {
		door.files({ "/srv/other-thing": "" });
		expect(look({ stage: "mounts", object: "/x", jsonPath: "$.mounts[0]" })).toBe(
			"/srv has no data; it has other-thing",
		);
	});

	it("says what is there when something is", () => {
		door.files({ "/b/rootfs/file": "" });
		expect(look({ stage: "process", object: "/file" })).toMatch(
			/^\/b\/rootfs\/file is a file of user 0 and group 0, mode 0\d+$/,
		);
		expect(look({ stage: "process", object: "/file/below" })).toBe("/b/rootfs/file is not a directory");
	});

	it("says when it may not look", () => {
		door.files({ "/b/rootfs/file": "" });
		door.fail("fstatat", "EACCES");
		expect(look({ stage: "process", object: "/file" })).toBe("/b/rootfs may not be looked into by you");
	});

	it("has nothing to say about a cgroup that was never made, or what is no path", () => {
		expect(look({ stage: "cgroup", object: "/sys/fs/cgroup/x/memory.max" })).toBe("");
		expect(look({ stage: "lsm", object: "a-profile" })).toBe("");
	});
});
