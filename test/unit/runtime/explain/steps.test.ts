import { describe, expect, it } from "vitest";
import type { Event, Tree } from "../../../../src/runtime/explain/recorder.js";
import { stepsOf } from "../../../../src/runtime/explain/steps.js";

const names = { hostRoot: "/b/rootfs", stateRoot: "/run/tsrun", config: null };
const event = (name: string, args: readonly unknown[], about = "", more: Partial<Event> = {}): Event => ({
	actor: "container",
	name,
	args,
	about,
	...more,
});
const tell = (...events: readonly Event[]) => stepsOf(events, names);

describe("steps", () => {
	it("tell neighbours of one kind in one sentence, with every call", () => {
		const nodes = ["null", "zero"].map((name) => event("mknodat", [9, name, 0o020666, 1, 3], `/b/rootfs/dev/${name}`));
		expect(tell(...nodes)).toEqual([
			{
				actor: "container",
				stage: "devices",
				text: "Make the device nodes /dev/null and /dev/zero.",
				calls: [
					'mknodat("/dev/null", S_IFCHR|0666, makedev(1, 3))',
					'mknodat("/dev/zero", S_IFCHR|0666, makedev(1, 3))',
				],
			},
		]);
	});

	it("do not mix what both sides do", () => {
		const write = event("write", [4, "0"], "/sys/fs/cgroup/pids/x/tasks", { text: "0" });
		expect(tell(write, { ...write, actor: "runtime" })).toHaveLength(2);
	});

	it("count a directory that is made for a mount to the mount", () => {
		const tree: Tree = {
			type: "proc",
			from: "",
			recursive: false,
			options: [],
			set: 1,
			calls: ['fsopen("proc")', 'move_mount(…, "/b/rootfs/proc")'],
			attached: true,
		};
		const place = "/b/rootfs/proc";
		expect(tell(event("mkdirat", [9, "proc", 0o755], place), event("move_mount", [], place, { tree }))).toEqual([
			{
				actor: "container",
				stage: "mounts",
				text: "Mount a new proc on /proc: read-only.",
				calls: ['mkdirat("/proc")', 'fsopen("proc")', 'move_mount(…, "/proc")'],
			},
		]);
	});

	it("name a call that no table knows rather than leave it out", () => {
		expect(tell(event("brand_new", []))).toMatchObject([{ text: "Call brand_new.", calls: ["brand_new()"] }]);
	});

	it("leave out what only serves another step", () => {
		expect(tell(event("fchmod", [3, 0o644], "/x"), event("recvmsg", [], "", { text: '{"type":"cgroup"}' }))).toEqual(
			[],
		);
	});
});
