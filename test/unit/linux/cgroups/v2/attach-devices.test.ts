import { beforeEach, describe, expect, it } from "vitest";
import { attachDeviceProgram } from "../../../../../src/linux/cgroups/v2/attach-devices.js";
import {
	BPF_CGROUP_DEVICE,
	BPF_F_ALLOW_MULTI,
	BPF_PROG_TYPE_CGROUP_DEVICE,
	RLIM_INFINITY,
	RLIMIT_MEMLOCK,
} from "../../../../../src/sys/constants.js";
import { door } from "../../../../support/door.js";

const program = new ArrayBuffer(16);
beforeEach(() => door.files({ "/u/x/": "" }));

describe("attachDeviceProgram", () => {
	it("attaches to a new cgroup without asking what is there", () => {
		attachDeviceProgram("/u/x", program, true);
		expect(door.names).toEqual(["openat", "bpf_prog_load", "bpf_prog_attach", "close", "close"]);
		expect(door.args("bpf_prog_load")).toEqual([[BPF_PROG_TYPE_CGROUP_DEVICE, program, "MIT"]]);
		expect(door.args("bpf_prog_attach")[0]?.slice(2)).toEqual([BPF_CGROUP_DEVICE, BPF_F_ALLOW_MULTI]);
	});

	it("takes the old programs off only when the new one is on", () => {
		door.answer("bpf_prog_query", [7, 8]);
		attachDeviceProgram("/u/x", program, false);
		const steps = door.names.filter((name) => name.startsWith("bpf_prog_") && name !== "bpf_prog_get_fd_by_id");
		expect(steps).toEqual(["bpf_prog_query", "bpf_prog_load", "bpf_prog_attach", "bpf_prog_detach", "bpf_prog_detach"]);
		expect(door.args("bpf_prog_get_fd_by_id")).toEqual([[7], [8]]);
		expect(door.names.filter((name) => name === "close")).toHaveLength(4);
	});

	it("does not mind an old program that is gone", () => {
		door.answer("bpf_prog_query", [7]);
		door.fail("bpf_prog_get_fd_by_id", "ENOENT");
		expect(() => attachDeviceProgram("/u/x", program, false)).not.toThrow();
	});

	it("raises the limit of locked memory where that is what the kernel lacks, and puts it back", () => {
		let tries = 0;
		door.answer("getrlimit", { soft: 65536n, hard: 65536n });
		door.fail("bpf_prog_load", "EPERM", () => tries++ === 0);
		attachDeviceProgram("/u/x", program, true);
		expect(door.args("setrlimit")).toEqual([
			[RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY],
			[RLIMIT_MEMLOCK, 65536n, 65536n],
		]);
	});

	it("tells the refusal itself when more memory is not to be had or not the trouble", () => {
		door.fail("bpf_prog_load", "EPERM");
		expect(() => attachDeviceProgram("/u/x", program, true)).toThrow(
			expect.objectContaining({ syscall: "bpf_prog_load" }),
		);
		door.answer("getrlimit", { soft: 65536n, hard: 65536n });
		door.fail("setrlimit", "EPERM");
		expect(() => attachDeviceProgram("/u/x", program, true)).toThrow(
			expect.objectContaining({ syscall: "bpf_prog_load" }),
		);
	});
});
