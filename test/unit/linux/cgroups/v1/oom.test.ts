import { describe, expect, it } from "vitest";
import { watchOom } from "../../../../../src/linux/cgroups/v1/oom.js";
import { POLLIN } from "../../../../../src/sys/constants.js";
import { door } from "../../../../support/door.js";

const files = { "/m/memory.oom_control": "oom_kill 0\n", "/m/cgroup.event_control": "" };

describe("memory that ran out on v1", () => {
	it("is told by an eventfd that is tied to memory.oom_control", () => {
		door.files(files);
		door.answer("eventfd2", 99);
		const watch = watchOom("/m");
		expect(watch.item).toEqual({ fd: 99, events: POLLIN });
		expect(door.writes).toEqual([{ path: "/m/cgroup.event_control", data: expect.stringMatching(/^99 \d+$/) }]);
		door.answer("read_bytes", new ArrayBuffer(8));
		expect(watch.happened()).toBe(true);
		door.fail("read_bytes", "EAGAIN");
		expect(watch.happened()).toBe(false);
		watch.close();
		expect(door.args("close").at(-1)).toEqual([99]);
	});

	it("is not meant when the cgroup is removed, which signals the eventfd, too", () => {
		door.files(files);
		const watch = watchOom("/m");
		door.answer("read_bytes", new ArrayBuffer(8));
		door.fail("openat", "ENOENT");
		expect(watch.happened()).toBe(false);
	});

	it("leaves nothing open when the kernel refuses", () => {
		door.files(files);
		door.answer("eventfd2", 99);
		door.fail("openat", "EACCES", (_fd, path) => path.endsWith("event_control"));
		expect(() => watchOom("/m")).toThrow(expect.objectContaining({ code: "EACCES" }));
		expect(door.args("close")).toContainEqual([99]);
	});
});
