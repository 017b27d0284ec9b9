import { describe, expect, it } from "vitest";
import type { CgroupLayout } from "../../../../src/linux/cgroups/detect.js";
import { cgroupMounts, hostCgroups } from "../../../../src/linux/cgroups/mounts.js";
import { planCgroup } from "../../../../src/linux/cgroups/path.js";
import { MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from "../../../../src/sys/constants.js";

const tight = MS_NOSUID | MS_NODEV | MS_NOEXEC;
const v2: CgroupLayout = {
	version: 2,
	hierarchies: [{ version: 2, mountPoint: "/sys/fs/cgroup", keys: [""], root: "/", own: "/me" }],
};
const hybrid: CgroupLayout = {
	version: 1,
	hierarchies: [
		{ version: 1, mountPoint: "/sys/fs/cgroup/cpu,cpuacct", keys: ["cpu", "cpuacct"], root: "/", own: "/" },
		{ version: 1, mountPoint: "/sys/fs/cgroup/systemd", keys: ["name=systemd"], root: "/", own: "/" },
		{ version: 2, mountPoint: "/sys/fs/cgroup/unified", keys: [""], root: "/", own: "/" },
	],
};
const request = { cgroupsPath: "/box", id: "c" };

describe("cgroupMounts on v2", () => {
	const record = planCgroup(v2, request);
	const bind = { kind: "bind", target: "", source: "/sys/fs/cgroup/box", flags: MS_RDONLY };

	it("mounts cgroup2, or binds the container's cgroup where that is refused", () => {
		expect(cgroupMounts(v2, record, { cgroupNamespace: true, flags: MS_RDONLY })).toEqual([
			{ kind: "mount", target: "", type: "cgroup2", source: "cgroup", flags: MS_RDONLY, data: "", otherwise: bind },
		]);
	});

	it("binds the container's cgroup when it has no namespace", () => {
		expect(cgroupMounts(v2, record, { cgroupNamespace: false, flags: MS_RDONLY })).toEqual([bind]);
	});
});

describe("cgroupMounts on v1", () => {
	const record = planCgroup(hybrid, request);

	it("mounts every v1 hierarchy on a tmpfs, links co-mounted controllers, and closes the tmpfs last", () => {
		const flags = tight | MS_RDONLY;
		const cpu = { kind: "bind", target: "cpu,cpuacct", source: "/sys/fs/cgroup/cpu,cpuacct/box", flags };
		const systemd = { kind: "bind", target: "systemd", source: "/sys/fs/cgroup/systemd/box", flags };
		expect(cgroupMounts(hybrid, record, { cgroupNamespace: true, flags: MS_RDONLY })).toEqual([
			{ kind: "mount", target: "", type: "tmpfs", source: "tmpfs", flags: tight, data: "mode=755" },
			{ ...cpu, kind: "mount", type: "cgroup", source: "cgroup", data: "cpu,cpuacct", otherwise: cpu },
			{ ...systemd, kind: "mount", type: "cgroup", source: "systemd", data: "name=systemd", otherwise: systemd },
			{ kind: "symlink", target: "cpu", to: "cpu,cpuacct" },
			{ kind: "symlink", target: "cpuacct", to: "cpu,cpuacct" },
			{ kind: "remount", target: "", flags },
		]);
	});

	it("binds the container's own directories without a namespace, and leaves a writable tmpfs alone", () => {
		const steps = cgroupMounts(hybrid, record, { cgroupNamespace: false, flags: 0 });
		expect(steps.map(({ kind }) => kind)).toEqual(["mount", "bind", "bind", "symlink", "symlink"]);
		expect(steps[1]).toEqual({
			kind: "bind",
			target: "cpu,cpuacct",
			source: "/sys/fs/cgroup/cpu,cpuacct/box",
			flags: tight,
		});
	});
});

describe("hostCgroups", () => {
	it("shows the cgroups that we are in ourselves", () => {
		expect(hostCgroups(v2, { cgroupNamespace: false, flags: 0 })).toEqual([
			{ kind: "bind", target: "", source: "/sys/fs/cgroup/me", flags: 0 },
		]);
	});

	it("shows nothing where there are none", () => {
		expect(hostCgroups({ version: 0, hierarchies: [] }, { cgroupNamespace: false, flags: 0 })).toEqual([]);
	});
});
