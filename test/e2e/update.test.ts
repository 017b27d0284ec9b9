/** update: the values end in the cgroup's files, what is not named stays, and a failed update changes nothing. */
import { describe, expect } from "vitest";
import { cpuQuota, cpuShares, memoryLimit, pidsLimit } from "../support/cgroups.js";
import { test } from "../support/e2e.js";
import { failed, failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";
import { awaitStatus, stateOf } from "../support/status.js";

const silent = { status: 0, stdout: "", stderr: "" };

const limits = {
	memory: { limit: 64 << 20 },
	cpu: { shares: 512, quota: 20_000, period: 100_000 },
	pids: { limit: 20 },
};

describe("update", () => {
	test("sets what is named and leaves the rest", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		const bundle = makeBundle({
			args: ["/probe", "sleep"],
			patch: ({ linux }) => {
				linux.resources = { ...linux.resources, ...limits };
			},
		});
		runtime("run", "--detach", "--bundle", bundle, id);
		const { pid } = stateOf(runtime, id);
		expect(runtime("update", "--memory", "32M", "--pids-limit", "10", id)).toMatchObject(silent);
		expect(memoryLimit(pid)).toBe(String(32 << 20));
		expect(pidsLimit(pid)).toBe("10");
		expect(cpuShares(pid)).toBe("512");
		expect(runtime("update", "--cpu-share", "256", id)).toMatchObject(silent);
		expect(cpuShares(pid)).toBe("256");
		expect(cpuQuota(pid)).toBe("20000");
		expect(runtime("update", "--pids-limit", "-1", id)).toMatchObject(silent);
		expect(pidsLimit(pid)).toBe("max");
		runtime("delete", "--force", id);
	});

	test("reads JSON from stdin as engines send it: zeros and devices change nothing", ({
		runtime,
		makeBundle,
		newId,
	}) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const { pid } = stateOf(runtime, id);
		const devices = () => runtime("exec", id, "/probe", "open", "/dev/null", "rw").stdout;
		expect(devices()).toBe("OK\n");
		const sent = {
			memory: { limit: 48 << 20, reservation: 0, swap: 0, kernel: 0 },
			cpu: { shares: 0, quota: 0, period: 0, cpus: "", mems: "" },
			blockIO: { weight: 0 },
			devices: [{ allow: false, access: "rwm" }],
		};
		expect(runtime.with({ input: JSON.stringify(sent) }, "update", "--resources", "-", id)).toMatchObject(silent);
		expect(memoryLimit(pid)).toBe(String(48 << 20));
		expect(cpuShares(pid)).toBe("1024");
		expect(devices()).toBe("OK\n");
		runtime("delete", "--force", id);
	});

	test("that the kernel refuses leaves the limits as they were", ({ runtime, makeBundle, newId, skip }) => {
		// runc keeps what it had written before the refusal
		needs(skip, "tsrun");
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/probe", "sleep"] }), id);
		const { pid } = stateOf(runtime, id);
		const { status, message } = failureOf(runtime("update", "--cpu-share", "300", "--cpuset-cpus", "4000", id));
		expect(status).toBe(1);
		expect(message).toContain("cpuset.cpus");
		expect(cpuShares(pid)).toBe("1024");
		runtime("delete", "--force", id);
	});

	test("of a stopped container is refused", async ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ args: ["/bin/true"] }), id);
		await awaitStatus(runtime, id, "stopped");
		expect(failureOf(runtime("update", "--pids-limit", "3", id))).toEqual(failed("container not running"));
		runtime("delete", id);
	});
});
