/** linux.resources and linux.cgroupsPath on a machine with cgroup v1, or with v1 and v2 beside each other. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect } from "vitest";
import type { LinuxResources } from "../../src/spec/types.js";
import type { BaseConfig } from "../support/bundle.js";
import { cgroupDirectory, cgroupPath, control, hierarchyOf, makeCgroup, removeCgroup } from "../support/cgroups.js";
import { asAdministrator, test as base, shell } from "../support/container.js";
import { describeLeaks, findLeaks } from "../support/leaks.js";
import { type NeedName, needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const test = base
	.extend("machine", { auto: true }, ({ skip }) => needs(skip, "cgroup v1"))
	.extend("start", ({ runtime, makeBundle, newId }) => {
		/** A running container with these resources and this path, to be deleted by the test. */
		return (resources: LinuxResources, cgroupsPath?: string) => {
			const id = newId();
			const bundle = makeBundle({
				patch: ({ linux }) => {
					linux.resources = { ...linux.resources, ...resources };
					if (cgroupsPath !== undefined) linux.cgroupsPath = cgroupsPath;
				},
			});
			expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject({ status: 0, stdout: "", stderr: "" });
			const remove = () => expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
			return { id, pid: stateOf(runtime, id).pid, remove };
		};
	});

/** A cgroup of the test's own in one hierarchy, gone before the test is asked what it left. */
const withCgroup = test.extend("makeOwn", ({ folder }, { onCleanup }) => {
	const path = `/${basename(folder)}-own`;
	onCleanup(() => removeCgroup(path));
	return (controller: string) => ({ path, directory: makeCgroup(controller, path) });
});

const MiB = 1 << 20;
const unlimited = "9223372036854771712";
const disk = existsSync("/sys/block/vda/dev") ? readFileSync("/sys/block/vda/dev", "utf8").trim() : "";
const [major = 0, minor = 0] = disk.split(":").map(Number);

const hostCpus = existsSync(hierarchyOf("cpuset")) ? control("self", "cpuset", "cpuset.cpus") : "";

interface Row {
	readonly resources: LinuxResources;
	readonly controller: string;
	/** File and value. */
	readonly files: Readonly<Record<string, string>>;
	/** Why this is tsrun's alone. */
	readonly needs?: NeedName;
}

const rows: Readonly<Record<string, Row>> = {
	"memory.limit": {
		resources: { memory: { limit: 64 * MiB } },
		controller: "memory",
		files: { "memory.limit_in_bytes": String(64 * MiB), "memory.memsw.limit_in_bytes": unlimited },
	},
	"memory.limit -1, unlimited": {
		resources: { memory: { limit: -1 } },
		controller: "memory",
		files: { "memory.limit_in_bytes": unlimited, "memory.memsw.limit_in_bytes": unlimited },
	},
	"memory.reservation": {
		resources: { memory: { reservation: 32 * MiB } },
		controller: "memory",
		files: { "memory.soft_limit_in_bytes": String(32 * MiB), "memory.limit_in_bytes": unlimited },
	},
	"memory.swap, memory and swap together": {
		resources: { memory: { limit: 64 * MiB, swap: 96 * MiB } },
		controller: "memory",
		files: { "memory.limit_in_bytes": String(64 * MiB), "memory.memsw.limit_in_bytes": String(96 * MiB) },
	},
	"memory.swap -1 beside a limit": {
		resources: { memory: { limit: 64 * MiB, swap: -1 } },
		controller: "memory",
		files: { "memory.limit_in_bytes": String(64 * MiB), "memory.memsw.limit_in_bytes": unlimited },
	},
	"memory.kernelTCP": {
		resources: { memory: { kernelTCP: 16 * MiB } },
		controller: "memory",
		files: { "memory.kmem.tcp.limit_in_bytes": String(16 * MiB) },
		// runc leaves it out
		needs: "tsrun",
	},
	"memory.swappiness 0, which is not unset": {
		resources: { memory: { swappiness: 0 } },
		controller: "memory",
		files: { "memory.swappiness": "0" },
	},
	"memory.swappiness 100": {
		resources: { memory: { swappiness: 100 } },
		controller: "memory",
		files: { "memory.swappiness": "100" },
	},
	"memory.disableOOMKiller": {
		resources: { memory: { disableOOMKiller: true } },
		controller: "memory",
		files: { "memory.oom_control": "oom_kill_disable 1\nunder_oom 0\noom_kill 0" },
	},
	"cpu.shares": {
		resources: { cpu: { shares: 512 } },
		controller: "cpu",
		files: { "cpu.shares": "512", "cpu.cfs_quota_us": "-1" },
	},
	"cpu.quota alone": {
		resources: { cpu: { quota: 20_000 } },
		controller: "cpu",
		files: { "cpu.cfs_quota_us": "20000", "cpu.cfs_period_us": "100000" },
	},
	"cpu.quota and period": {
		resources: { cpu: { quota: 600_000, period: 500_000 } },
		controller: "cpu",
		files: { "cpu.cfs_quota_us": "600000", "cpu.cfs_period_us": "500000" },
	},
	"cpu.quota -1, unlimited": {
		resources: { cpu: { quota: -1, period: 50_000 } },
		controller: "cpu",
		files: { "cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "50000" },
	},
	"cpu.burst": {
		resources: { cpu: { quota: 20_000, burst: 10_000 } },
		controller: "cpu",
		files: { "cpu.cfs_quota_us": "20000", "cpu.cfs_burst_us": "10000" },
		// younger than runc 1.1
		needs: "tsrun",
	},
	"cpu.idle": {
		resources: { cpu: { idle: 1 } },
		controller: "cpu",
		files: { "cpu.idle": "1" },
		// younger than runc 1.1
		needs: "tsrun",
	},
	"cpu.realtimeRuntime and realtimePeriod": {
		resources: { cpu: { realtimePeriod: 500_000, realtimeRuntime: 1_000 } },
		controller: "cpu",
		files: { "cpu.rt_period_us": "500000", "cpu.rt_runtime_us": "1000" },
	},
	"cpu.cpus and mems": {
		resources: { cpu: { cpus: "0", mems: "0" } },
		controller: "cpuset",
		files: { "cpuset.cpus": "0", "cpuset.mems": "0" },
	},
	"no cpus, which are the parent's": {
		resources: { cpu: { shares: 100 } },
		controller: "cpuset",
		files: { "cpuset.cpus": hostCpus, "cpuset.mems": "0" },
	},
	"pids.limit": { resources: { pids: { limit: 20 } }, controller: "pids", files: { "pids.max": "20" } },
	"pids.limit -1, unlimited": { resources: { pids: { limit: -1 } }, controller: "pids", files: { "pids.max": "max" } },
	"pids.limit 0, the least": {
		resources: { pids: { limit: 0 } },
		controller: "pids",
		files: { "pids.max": "1" },
		// unset for runc 1.1; a limit since version 1.3 of the specification
		needs: "tsrun",
	},
	...(disk !== "" && {
		"blockIO throttles": {
			resources: {
				blockIO: {
					throttleReadBpsDevice: [{ major, minor, rate: MiB }],
					throttleWriteBpsDevice: [{ major, minor, rate: 2 * MiB }],
					throttleReadIOPSDevice: [{ major, minor, rate: 300 }],
					throttleWriteIOPSDevice: [{ major, minor, rate: 400 }],
				},
			},
			controller: "blkio",
			files: {
				"blkio.throttle.read_bps_device": `${disk} ${MiB}`,
				"blkio.throttle.write_bps_device": `${disk} ${2 * MiB}`,
				"blkio.throttle.read_iops_device": `${disk} 300`,
				"blkio.throttle.write_iops_device": `${disk} 400`,
			},
		},
	}),
	"the default devices after a deny-all": {
		resources: { devices: [{ allow: false, access: "rwm" }] },
		controller: "devices",
		files: {
			"devices.list": [
				"c *:* m",
				"b *:* m",
				"c 1:3 rwm",
				"c 1:8 rwm",
				"c 1:7 rwm",
				"c 5:0 rwm",
				"c 1:5 rwm",
				"c 1:9 rwm",
				"c 136:* rwm",
				"c 5:2 rwm",
				"c 10:200 rwm",
			].join("\n"),
		},
	},
	"an allow-all": {
		resources: { devices: [{ allow: true, access: "rwm" }] },
		controller: "devices",
		files: { "devices.list": "a *:* rwm" },
	},
};

/** Device lists are sets: the kernel lists them in an order of its own. */
const lines = (text: string) => text.split("\n").sort();

describe("ends in the control file:", () => {
	for (const [name, { resources, controller, files, needs: need }] of Object.entries(rows)) {
		test(name, ({ start, skip }) => {
			if (need) needs(skip, need);
			const { pid, remove } = start(resources);
			for (const [file, value] of Object.entries(files)) {
				expect(lines(control(pid, controller, file)), file).toEqual(lines(value));
			}
			remove();
		});
	}
});

/** hugetlb is a controller of the unified half here; the path makes it pass through a cgroup that has not got it yet. */
const withHugetlb = test.extend("nested", ({ skip, folder }, { onCleanup }) => {
	// runc looks for every controller in v1 alone
	needs(skip, "tsrun");
	const controllers = join(hierarchyOf(""), "cgroup.controllers");
	if (!existsSync(controllers) || !readFileSync(controllers, "utf8").includes("hugetlb")) {
		skip("the unified hierarchy has no hugetlb controller");
	}
	const above = `/${basename(folder)}-above`;
	onCleanup(() => removeCgroup(above));
	return `${above}/own`;
});

describe("where the unified hierarchy has the controller,", () => {
	withHugetlb("hugepageLimits limit use and reservations there", ({ start, nested }) => {
		const { pid, remove } = start({ hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }] }, nested);
		expect(control(pid, "", "hugetlb.2MB.max")).toBe(String(4 * MiB));
		expect(control(pid, "", "hugetlb.2MB.rsvd.max")).toBe(String(4 * MiB));
		remove();
	});

	withHugetlb("a page size that the kernel lacks is an error", ({ container, nested }) => {
		const message = container.refusal({
			patch: ({ linux }) => {
				linux.cgroupsPath = nested;
				linux.resources.hugepageLimits = [{ pageSize: "3MB", limit: MiB }];
			},
		});
		expect(message).toMatch(/write "1048576" to \S+\/hugetlb\.3MB\.max: no such file or directory/);
	});

	withHugetlb("unified writes the file that the key names, after the rest", ({ start, nested }) => {
		const { pid, remove } = start(
			{
				hugepageLimits: [{ pageSize: "2MB", limit: 4 * MiB }],
				unified: { "hugetlb.2MB.max": String(6 * MiB), "cgroup.max.descendants": "7" },
			},
			nested,
		);
		expect(control(pid, "", "hugetlb.2MB.max")).toBe(String(6 * MiB));
		expect(control(pid, "", "cgroup.max.descendants")).toBe("7");
		remove();
	});

	withHugetlb("unified with a controller that is not there is an error that says so", ({ container, nested }) => {
		const message = container.refusal({
			patch: ({ linux }) => {
				linux.cgroupsPath = nested;
				linux.resources.unified = { "memory.high": "1000000" };
			},
		});
		expect(message).toContain(`unified resource "memory.high" can't be set: controller "memory" not available`);
	});
});

describe("a device rule", () => {
	const kmsg = { path: "/dev/kmsg", type: "c", major: 1, minor: 11, fileMode: 0o666 } as const;
	const rule = (allow: boolean, access: string) => ({ allow, type: "c", major: 1, minor: 11, access }) as const;
	const closed = { allow: false, access: "rwm" };
	const look = shell("/probe open /dev/kmsg r || true; /probe open /dev/kmsg w || true");

	for (const [name, rules, seen] of [
		["that allows reading lets no writing through", [closed, rule(true, "r")], "OK\nEPERM\n"],
		["that comes later takes away from an earlier one", [closed, rule(true, "rw"), rule(false, "r")], "EPERM\nOK\n"],
		["that comes later gives back", [closed, rule(true, "rw"), rule(false, "rw"), rule(true, "w")], "EPERM\nOK\n"],
		["before a deny-all counts for nothing", [rule(true, "rw"), closed], "EPERM\nEPERM\n"],
		["after an allow-all closes that device alone", [{ allow: true, access: "rwm" }, rule(false, "w")], "OK\nEPERM\n"],
	] as const) {
		test(name, ({ container }) => {
			const output = container.output({
				args: look,
				patch: ({ linux, process: { capabilities } }) => {
					for (const set of ["bounding", "effective", "permitted"] as const) capabilities[set]?.push("CAP_SYSLOG");
					linux.devices = [kmsg];
					linux.resources.devices = [...rules];
				},
			});
			expect(output).toBe(seen);
		});
	}

	test("that makes a hole in a wider one is refused: the kernel would ignore it", ({ container, skip }) => {
		// runc 1.1 says it in words of its own
		needs(skip, "tsrun");
		const message = container.refusal({
			patch: ({ linux }) => {
				linux.resources.devices = [closed, { allow: true, type: "c", major: 1, access: "rw" }, rule(false, "w")];
			},
		});
		expect(message).toContain('cannot deny devices "c 1:11 w": the earlier rule "c 1:* rw" is wider');
	});
});

describe("cgroupsPath", () => {
	test("absolute counts from the mount point, in every hierarchy", ({ start, folder }) => {
		const path = `/${basename(folder)}/one`;
		const { pid, remove } = start({}, path);
		for (const line of readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")) {
			expect(line.split(":").slice(2).join(":"), line).toBe(path);
		}
		remove();
		// what is above the container's may be others' by now: it stays
		removeCgroup(dirname(path));
	});

	test("relative counts from the runtime's own cgroup", ({ start, folder }) => {
		const name = `${basename(folder)}-relative`;
		const { pid, remove } = start({}, name);
		expect(cgroupPath(pid, "memory")).toBe(join(cgroupPath("self", "memory"), name));
		remove();
	});

	test("absent is the id", ({ start }) => {
		const { id, pid, remove } = start({});
		expect(cgroupPath(pid, "pids")).toBe(join(cgroupPath("self", "pids"), id));
		remove();
	});

	test('never leaves its place by ".."', ({ start, folder }) => {
		const name = `${basename(folder)}-up`;
		const absolute = start({}, `/../../${name}`);
		expect(cgroupPath(absolute.pid, "pids")).toBe(`/${name}`);
		absolute.remove();
		const relative = start({}, `../../${name}`);
		expect(cgroupPath(relative.pid, "memory")).toBe(join(cgroupPath("self", "memory"), name));
		relative.remove();
	});

	test("that is the top itself is invalid", ({ container, skip }) => {
		// runc would put the container into the machine's root cgroup
		needs(skip, "tsrun");
		for (const cgroupsPath of ["/", "/..", "."]) {
			const message = container.refusal({
				patch: ({ linux }) => {
					linux.cgroupsPath = cgroupsPath;
				},
			});
			expect(message).toContain(`cgroupsPath "${cgroupsPath}" leaves no name for the container's cgroup`);
		}
	});

	test("of systemd's form without --systemd-cgroup is refused", ({ container, skip }) => {
		// runc makes a directory of that name
		needs(skip, "tsrun");
		const message = container.refusal({
			patch: ({ linux }) => {
				linux.cgroupsPath = "system.slice:tsrun:name";
			},
		});
		expect(message).toContain('cgroupsPath "system.slice:tsrun:name" is of the form "slice:prefix:name"');
	});
});

describe("a cgroup that is there already", () => {
	const at = (path: string) => ({
		patch: ({ linux }: BaseConfig) => {
			linux.cgroupsPath = path;
		},
	});

	withCgroup("is used when it is empty", ({ start, makeOwn }) => {
		const { path, directory } = makeOwn("memory");
		writeFileSync(join(directory, "memory.soft_limit_in_bytes"), String(8 * MiB));
		const { pid, remove } = start({ memory: { limit: 64 * MiB } }, path);
		expect(cgroupDirectory(pid, "memory")).toBe(directory);
		expect(control(pid, "memory", "memory.soft_limit_in_bytes")).toBe(String(8 * MiB));
		remove();
	});

	withCgroup("is refused with processes in it, and left alone", async ({ container, makeOwn, folder, skip }) => {
		// runc 1.1 only warns, and shares it
		needs(skip, "tsrun");
		const { path, directory } = makeOwn("devices");
		const stranger = spawn("sleep", ["1000"]);
		const members = () => readFileSync(join(directory, "cgroup.procs"), "utf8");
		try {
			writeFileSync(join(directory, "cgroup.procs"), String(stranger.pid));
			expect(container.refusal(at(path))).toContain("container's cgroup is not empty: 1 process(es) found");
			expect(members()).toBe(`${stranger.pid}\n`);
			expect(findLeaks(folder)).toMatchObject({ cgroups: [directory], containers: [] });
		} finally {
			stranger.kill("SIGKILL");
			await waitFor(() => members() === "", { what: "an empty cgroup" });
		}
	});

	withCgroup("is refused when it is frozen, at once", ({ container, makeOwn, folder }) => {
		const { path, directory } = makeOwn("freezer");
		writeFileSync(join(directory, "freezer.state"), "FROZEN");
		expect(container.refusal(at(path))).toContain("container's cgroup unexpectedly frozen");
		expect(findLeaks(folder)).toMatchObject({ cgroups: [directory], containers: [], processes: [] });
	});
});

describe("a limit that the kernel refuses", () => {
	for (const [name, resources, expected] of [
		["CPUs that the machine lacks", { cpu: { cpus: "4000" } }, /write "4000" to \S+\/cpuset\.cpus: /],
		["a quota below a millisecond", { cpu: { quota: 10 } }, /write "10" to \S+\/cpu\.cfs_quota_us: invalid argument/],
		[
			"a throttle for a device that is not there",
			{ blockIO: { throttleReadBpsDevice: [{ major: 4000, minor: 0, rate: 1 }] } },
			/write "4000:0 1" to \S+\/blkio\.throttle\.read_bps_device: no such device/,
		],
	] as const) {
		test(`is an error with file and value, and nothing is left: ${name}`, ({ container, folder, skip }) => {
			// runc names them in words of its own, and keeps some cgroups
			needs(skip, "tsrun");
			const message = container.refusal({
				patch: ({ linux }) => {
					linux.resources = resources as LinuxResources;
				},
			});
			expect(message).toMatch(expected);
			expect(describeLeaks(findLeaks(folder))).toEqual([]);
		});
	}

	for (const [name, resources, expected] of [
		["shares below the least", { cpu: { shares: 1 } }, "the minimum allowed cpu-shares is 2"],
		["shares above the most", { cpu: { shares: 262145 } }, "the maximum allowed cpu-shares is 262144"],
		["a swappiness above 100", { memory: { swappiness: 101 } }, "101"],
	] as const) {
		test(`or would change without a word is an error: ${name}`, ({ container }) => {
			const message = container.refusal({
				patch: ({ linux }) => {
					linux.resources = resources as LinuxResources;
				},
			});
			expect(message).toContain(expected);
		});
	}
});

describe("the limits work:", () => {
	test("memory ends the container with 137", ({ container }) => {
		const result = container.run({
			args: ["/probe", "alloc", String(64 * MiB)],
			patch: ({ linux }) => {
				linux.resources.memory = { limit: 16 * MiB, swap: 16 * MiB };
			},
		});
		expect(result).toMatchObject({ status: 137, stdout: "" });
	});

	test("pids lets no more processes come", ({ container }) => {
		const result = container.run({
			args: shell("sleep 0 & sleep 0 & sleep 0 & sleep 0 & wait"),
			patch: ({ linux }) => {
				linux.resources.pids = { limit: 2 };
			},
		});
		expect(result.status).not.toBe(0);
		expect(result.stderr).toContain("can't fork: Resource temporarily unavailable");
	});

	test("cpus bounds where the processes may run", ({ container }) => {
		const output = container.output({
			args: shell("grep Cpus_allowed_list /proc/self/status"),
			patch: ({ linux }) => {
				linux.resources.cpu = { cpus: "0" };
			},
		});
		expect(output).toBe("Cpus_allowed_list:\t0\n");
	});
});

describe("the container's own cgroup mount", () => {
	test("shows its cgroup with its limits, read-only", ({ container }) => {
		const { stdout, stderr } = container.run({
			args: shell(
				"cat /sys/fs/cgroup/memory/memory.limit_in_bytes; ls /sys/fs/cgroup; mkdir /sys/fs/cgroup/pids/x || true",
			),
			patch: ({ linux }) => {
				linux.resources.memory = { limit: 64 * MiB };
			},
		});
		const [limit, ...names] = stdout.trimEnd().split("\n");
		expect(limit).toBe(String(64 * MiB));
		expect(stderr).toContain("Read-only file system");
		expect(names).toEqual(expect.arrayContaining(["cpu", "cpuset", "devices", "freezer", "memory", "pids"]));
	});

	test("is of cgroups that have no more above them, in a cgroup namespace", ({ container }) => {
		const output = container.output({
			args: shell("cat /sys/fs/cgroup/memory/memory.limit_in_bytes; cut -d: -f3 /proc/self/cgroup | sort -u"),
			patch: ({ linux }) => {
				linux.resources.memory = { limit: 64 * MiB };
				linux.namespaces.push({ type: "cgroup" });
			},
		});
		expect(output).toBe(`${64 * MiB}\n/\n`);
	});

	test("that is writable lets it make cgroups of its own, which go with it", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			args: shell(
				"for at in pids memory; do mkdir -p /sys/fs/cgroup/$at/a/b; done; echo $$ >/sys/fs/cgroup/pids/a/b/tasks; exec /probe print-ready-then-wait",
			),
			patch: (config) => {
				asAdministrator(config);
				config.mounts = config.mounts.map((mount) =>
					mount.type === "cgroup" ? { ...mount, options: ["nosuid", "noexec", "nodev", "rw"] } : mount,
				);
				config.linux.namespaces.push({ type: "cgroup" });
			},
		});
		const run = runtime("run", "--detach", "--bundle", bundle, id);
		await waitFor(() => run.later().stdout === "ready\n", { what: "the cgroups inside" });
		const { pid } = stateOf(runtime, id);
		const own = cgroupDirectory(pid, "devices").replace("/devices/", "/pids/");
		expect(cgroupDirectory(pid, "pids")).toBe(join(own, "a/b"));
		expect(existsSync(join(own.replace("/pids/", "/memory/"), "a/b")) || cgroupPath("self", "memory") !== "/").toBe(
			true,
		);
		expect(runtime("kill", id, "KILL")).toMatchObject({ status: 0 });
		await awaitStatus(runtime, id, "stopped");
		expect(runtime("delete", id)).toMatchObject({ status: 0, stdout: "", stderr: "" });
		expect(existsSync(own)).toBe(false);
	});
});
