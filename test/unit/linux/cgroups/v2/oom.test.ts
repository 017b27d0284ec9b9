import { describe, expect, it } from "vitest";
import { watchOom } from "../../../../../src/linux/cgroups/v2/oom.js";
import { POLLPRI } from "../../../../../src/sys/constants.js";
import { door } from "../../../../support/door.js";

const counted = (kills: number) => `low 0\nhigh 9\nmax 5\noom ${kills}\noom_kill ${kills}\noom_group_kill 0\n`;

describe("memory that ran out on v2", () => {
	it("is told when oom_kill has grown, and not for other events of the file", () => {
		door.answer("openat", 50);
		door.answer("read", counted(2));
		const watch = watchOom("/m");
		expect(watch?.item).toEqual({ fd: 50, events: POLLPRI });
		expect(watch?.happened()).toBe(false);
		door.answer("read", counted(4));
		expect(watch?.happened()).toBe(true);
		expect(watch?.happened()).toBe(false);
		watch?.close();
		expect(door.args("close")).toEqual([[50]]);
	});

	it("is not meant when the cgroup is removed", () => {
		door.answer("read", counted(2));
		const watch = watchOom("/m");
		door.fail("read", "ENODEV");
		expect(watch?.happened()).toBe(false);
	});

	it("is nothing to watch without the controller", () => {
		door.fail("openat", "ENOENT");
		expect(watchOom("/m")).toBeNull();
	});
});
