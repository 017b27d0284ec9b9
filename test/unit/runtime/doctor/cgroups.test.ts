import { beforeEach, describe, expect, it } from "vitest";
import { cgroupsArea } from "../../../../src/runtime/doctor/cgroups.js";
import { examine, type Finding } from "../../../../src/runtime/doctor/finding.js";
import { door } from "../../../support/door.js";

const initial = "         0          0 4294967295\n";
const mount = (type: string, point: string, options: string) =>
	`30 29 0:25 / ${point} rw - ${type} none rw,${options}\n`;
const v1 = (...names: string[]) => names.map((name) => mount("cgroup", `/sys/fs/cgroup/${name}`, name)).join("");
const usual = ["cpu", "cpuset", "memory", "pids", "blkio", "devices", "freezer"];

function machine(mountinfo: string, files: Record<string, string> = {}): void {
	const points = mountinfo
		.split("\n")
		.filter(Boolean)
		.map((line) => line.split(" ")[4]);
	door.files({
		...Object.fromEntries(points.map((point) => [`${point}/`, ""])),
		"/proc/self/mountinfo": mountinfo,
		"/proc/self/cgroup": "0::/own/here\n1:cpu:/\n",
		"/proc/self/uid_map": initial,
		...files,
	});
}

const v2Files = (root: string, own = root) => ({
	"/sys/fs/cgroup/cgroup.controllers": root,
	"/sys/fs/cgroup/own/here/cgroup.controllers": own,
	"/sys/fs/cgroup/own/here/cgroup.freeze": "0\n",
	"/sys/fs/cgroup/own/here/cgroup.kill": "",
});
const v2 = mount("cgroup2", "/sys/fs/cgroup", "nsdelegate");

const findings = () => examine([cgroupsArea])[0]?.findings ?? [];
const find = (name: string): Finding | undefined => findings().find((finding) => finding.name === name);
const faults = () => findings().filter(({ verdict }) => verdict !== "works");

beforeEach(() => door.answer("fstatfs", { type: 0, flags: 0 }));

describe("cgroups", () => {
	it("of v2 work, and nothing is said against them", () => {
		machine(v2, v2Files("cpuset cpu io memory pids\n"));
		expect([find("layout")?.detail, faults()]).toEqual(["v2", []]);
	});

	it("of v1 work, alone and with v2 beside them", () => {
		machine(v1(...usual), { "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": "1" });
		expect([find("layout")?.detail, faults()]).toEqual(["v1", []]);
		machine(`${v1(...usual)}${mount("cgroup2", "/sys/fs/cgroup/unified", "")}`);
		expect(find("layout")?.detail).toBe("v1 with v2 beside it (hybrid)");
	});

	it("that are not there stop root, and not a user", () => {
		machine("");
		expect(find("layout")).toMatchObject({
			verdict: "missing",
			needed: true,
			cure: "mount -t cgroup2 none /sys/fs/cgroup",
		});
		door.answer("geteuid", 1000);
		expect(find("layout")?.needed).toBeUndefined();
	});

	it("may lack a controller: the kernel, or the delegation", () => {
		machine(v2, v2Files("cpu io pids\n"));
		expect(find("controllers")).toMatchObject({
			verdict: "limited",
			detail: "no cpuset, memory: which CPUs are used, memory cannot be limited",
			cure: expect.stringContaining("boot a kernel"),
		});
		machine(v2, v2Files("cpuset cpu io memory pids\n", "cpu memory pids\n"));
		door.answer("geteuid", 1000);
		expect(find("controllers")).toMatchObject({
			cure: "have them delegated: Delegate=cpuset io in a drop-in of user@.service",
		});
	});

	it("of v1 may be mounted in part", () => {
		machine(v1("cpu", "memory"), { "/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes": "1" });
		expect(faults().map(({ name, verdict }) => `${name} ${verdict}`)).toEqual([
			"controllers limited",
			"devices limited",
			"freezer missing",
		]);
	});

	it("that cannot be written stop root, and limit a user", () => {
		machine(v2, v2Files("cpuset cpu io memory pids\n"));
		door.fail("faccessat2", "EROFS");
		expect(find("making cgroups")).toMatchObject({ verdict: "missing", needed: true });
		door.answer("geteuid", 1000);
		expect(find("making cgroups")).toMatchObject({ verdict: "limited", cure: expect.stringContaining("Delegate=yes") });
		// where ours has processes, those of containers go beside it
		expect(door.args("faccessat2").every(([, path]) => path === "/sys/fs/cgroup/own")).toBe(true);
	});

	it("of old kernels cannot freeze, or kill at once", () => {
		const {
			"/sys/fs/cgroup/own/here/cgroup.freeze": _freeze,
			"/sys/fs/cgroup/own/here/cgroup.kill": _kill,
			...old
		} = v2Files("cpuset cpu io memory pids\n");
		machine(v2, old);
		expect(faults().map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(["freezer missing", "killing limited"]);
	});

	it("may not count swap", () => {
		machine(v1(...usual));
		expect(faults().map(({ name, verdict }) => `${name} ${verdict}`)).toEqual(["swap limited"]);
	});
});
