import { describe, expect, it } from "vitest";
import { delegate, ownsCgroup } from "../../../../src/linux/cgroups/ownership.js";
import type { Config, Mount } from "../../../../src/spec/types.js";
import { door } from "../../../support/door.js";

const mount: Mount = { source: "cgroup", type: "cgroup", destination: "/sys/fs/cgroup", options: ["rw"] };
const config = (mounts: Mount[], namespace: { type: "cgroup" | "pid"; path?: string }): Config => {
	return { ociVersion: "1.3.0", root: { path: "/" }, mounts, linux: { namespaces: [namespace] } };
};

describe("ownsCgroup", () => {
	it("needs a new cgroup namespace and a writable mount of it", () => {
		expect(ownsCgroup(config([mount], { type: "cgroup" }))).toBe(true);
		expect(ownsCgroup(config([{ ...mount, destination: "/sys/fs/cgroup/" }], { type: "cgroup" }))).toBe(true);
	});

	it.each<[string, Mount[], { type: "cgroup" | "pid"; path?: string }]>([
		["a joined namespace", [mount], { type: "cgroup", path: "/proc/1/ns/cgroup" }],
		["no namespace", [mount], { type: "pid" }],
		["no mount", [], { type: "cgroup" }],
		["a read-only mount", [{ ...mount, options: ["nosuid", "ro"] }], { type: "cgroup" }],
		["another source", [{ ...mount, source: "cgroup2" }], { type: "cgroup" }],
		["another destination", [{ ...mount, destination: "/cg" }], { type: "cgroup" }],
	])("is false with %s", (_what, mounts, namespace) => {
		expect(ownsCgroup(config(mounts, namespace))).toBe(false);
	});
});

describe("delegate", () => {
	const owned = () => door.args("fchownat").map(([, path, uid, gid]) => `${path} ${uid}:${gid}`);

	it("CG-18 hands over the directory and the files that the kernel lists, as far as they exist", () => {
		door.files({ "/sys/kernel/cgroup/delegate": "cgroup.procs\nmemory.oom.group\n", "/cg/x/cgroup.procs": "" });
		delegate("/cg/x", 1000);
		expect(owned()).toEqual(["/cg/x 1000:-1", "/cg/x/cgroup.procs 1000:-1", "/cg/x/memory.oom.group 1000:-1"]);
	});

	it("CG-20 hands over the three files of the specification when the kernel has no list", () => {
		door.files({ "/cg/x/cgroup.procs": "" });
		delegate("/cg/x", 1000);
		expect(owned()).toEqual(
			["", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"].map((file) => `/cg/x${file} 1000:-1`),
		);
	});

	it("fails with the directory's name otherwise", () => {
		door.files({ "/cg/x/cgroup.procs": "" });
		door.fail("fchownat", "EPERM");
		expect(() => delegate("/cg/x", 1000)).toThrow("give /cg/x to user 1000: operation not permitted");
	});
});
