import { describe, expect, it } from "vitest";
import type { InitPlan } from "../../../../src/runtime/built-in-init/plan.js";
import { behindInit, openInit } from "../../../../src/runtime/built-in-init/program.js";
import type { ReadyProcess } from "../../../../src/runtime/init/identity.js";
import { door } from "../../../support/door.js";

const plan: InitPlan = { mode: "forward", remaps: [], deadline: 8000, stopSignal: null, commands: [] };

const ready: ReadyProcess = {
	fd: -1,
	path: "/bin/app",
	argv: ["app", "-x"],
	envp: ["A=1"],
	note: "it is odd",
	holdsSignals: false,
	limits: [],
	confinement: {} as ReadyProcess["confinement"],
};

describe("the init", () => {
	it("is that of the binary", () => {
		const content = new ArrayBuffer(3);
		door.answer("embedded_bytes", content);
		const bundle = { path: "/b", rootfs: "/b/rootfs", text: "", builtInInit: plan };
		const fd = openInit({ ...bundle, config: { ociVersion: "1.3.0", root: { path: "rootfs" } } }, 5);
		expect(door.args("embedded_bytes")).toEqual([["init.elf"]]);
		expect(door.args("write")).toEqual([[fd, content]]);
	});

	it("is executed in the program's place, by path where that leads to it", () => {
		expect(behindInit(ready, plan, 9, 1)).toEqual({
			...ready,
			fd: -1,
			path: "/proc/self/fd/9",
			holdsSignals: true,
			argv: ["tsrun-init", "forward", "fds", "1", "--", "/bin/app", "app", "-x"],
			note: "it is the built-in init",
		});
	});

	it("is executed by descriptor elsewhere", () => {
		door.fail("fstatat", "ENOENT");
		expect(behindInit(ready, plan, 9, 0)).toMatchObject({ fd: 9, path: "tsrun-init" });
	});
});
