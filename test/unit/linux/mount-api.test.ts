import { describe, expect, it } from "vitest";
import { classicMounts } from "../../../src/linux/classic-mount.js";
import { detachedMounts } from "../../../src/linux/detached-mount.js";
import { mountApi, withPlace } from "../../../src/linux/mount-api.js";
import { sys } from "../../../src/sys/index.js";
import { door } from "../../support/door.js";
import { watchFds } from "../../support/open-fds.js";

describe("mountApi", () => {
	it("takes the calls on descriptors where the youngest of them answers, and changes nothing to find out", () => {
		expect(mountApi()).toBe(detachedMounts);
		expect(door.args("mount_setattr")[0]?.slice(3)).toEqual([0, 0, 0, 0]);
	});

	it.each(["ENOSYS", "EPERM"] as const)("takes mount(2) where it answers %s", (code) => {
		door.fail("mount_setattr", code);
		expect(mountApi()).toBe(classicMounts);
	});

	it("hides no other error", () => {
		door.fail("mount_setattr", "EFAULT");
		expect(() => mountApi()).toThrow("Bad address");
	});
});

describe("withPlace", () => {
	it("opens or makes the place, finds it again, and closes it", () => {
		door.files({ "/c/": "", "/host": "" });
		const root = door.open("/c");
		const open = watchFds();
		withPlace(root, "/new/file", "file", ({ fd, reopen }) => {
			const again = reopen();
			expect(sys.fstat(again).ino).toBe(sys.fstat(fd).ino);
			sys.close(again);
		});
		expect(open.size).toBe(0);
		expect(door.content("/c/new/file")).toBe("");
	});

	it("closes it when its use fails", () => {
		door.files({ "/c/": "" });
		const root = door.open("/c");
		const open = watchFds();
		expect(() =>
			withPlace(root, "/new", "directory", () => {
				throw new Error("no");
			}),
		).toThrow("no");
		expect(open.size).toBe(0);
	});
});
