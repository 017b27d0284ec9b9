import { beforeEach, describe, expect, it } from "vitest";
import { openOwnProgram, pathOfOwnProgram } from "../../../src/linux/own-program.js";
import { MFD_ALLOW_SEALING, MFD_CLOEXEC, MFD_EXEC, MNT_DETACH, MOUNT_ATTR_RDONLY } from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

const program = { name: "tsrun-init", content: new ArrayBuffer(16) };
const around = { root: 5, rootfs: "/b/rootfs", label: undefined };

describe("openOwnProgram", () => {
	it("writes a memory file, and seals it", () => {
		const fd = openOwnProgram(program, around);
		expect(door.args("memfd_create")).toEqual([["tsrun-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC]]);
		expect(door.args("write")).toEqual([[fd, program.content]]);
		// F_ADD_SEALS with SEAL, SHRINK, GROW and WRITE
		expect(door.args("fcntl")).toEqual([[fd, 1033, 0b1111]]);
		expect(door.names).not.toContain("close");
		expect(door.names).not.toContain("fsmount");
	});

	it("leaves the flag out where the kernel does not know it", () => {
		door.fail("memfd_create", "EINVAL", (_name, flags) => (flags & MFD_EXEC) !== 0);
		openOwnProgram(program, around);
		expect(door.args("memfd_create").map(([, flags]) => flags & MFD_EXEC)).toEqual([MFD_EXEC, 0]);
		expect(door.names).not.toContain("fsmount");
	});

	for (const refused of ["EACCES", "EPERM", "ENOSYS"] as const) {
		it(`takes a tmpfs that is gone again when memory files are refused with ${refused}`, () => {
			door.fail("memfd_create", refused);
			const fd = openOwnProgram(program, around);
			expect(door.args("fsopen").map(([type]) => type)).toEqual(["tmpfs"]);
			// the mount itself, once it is filled
			expect(door.args("mount_setattr").at(-1)?.slice(3, 5)).toEqual([MOUNT_ATTR_RDONLY, 0]);
			expect(door.names.lastIndexOf("mount_setattr")).toBeGreaterThan(door.names.indexOf("write"));
			const [mount] = door.args("umount2")[0] ?? [];
			expect(door.args("umount2")).toEqual([[mount, MNT_DETACH]]);
			expect(door.args("openat").at(-1)?.[1]).toBe("tsrun-init");
			expect(door.args("write")[0]?.[1]).toBe(program.content);
			const closed = door.args("close").map(([each]) => each);
			expect(closed).not.toContain(fd);
			expect(closed).toContain(Number(mount?.split("/").at(-1)));
		});
	}

	it("takes the tmpfs where files need a label, and gives it", () => {
		openOwnProgram(program, { ...around, label: "system_u:object_r:container_file_t:s0" });
		expect(door.names).not.toContain("memfd_create");
		expect(door.args("fsconfig").map(([, , key, value]) => [key, value])).toContainEqual([
			"context",
			"system_u:object_r:container_file_t:s0",
		]);
	});

	it("closes the memory file when it cannot be filled", () => {
		door.fail("write", "ENOSPC");
		expect(() => openOwnProgram(program, around)).toThrow("make the program tsrun-init: no space left on device");
		expect(door.names.at(-1)).toBe("close");
	});

	it("unmounts when the tmpfs cannot be filled, and says what would help", () => {
		door.fail("memfd_create", "EACCES");
		door.fail("write", "ENOSPC");
		let thrown: unknown;
		try {
			openOwnProgram(program, around);
		} catch (error) {
			thrown = error;
		}
		expect(thrown).toBeInstanceOf(TsrunError);
		expect(thrown).toMatchObject({ id: "init-failed", details: { hint: expect.stringContaining("vm.memfd_noexec") } });
		expect(door.names).toContain("umount2");
	});
});

describe("pathOfOwnProgram", () => {
	beforeEach(() => door.answer("fstat", { ...stat, ino: 7 }));
	const stat = { dev: 1, ino: 1, mode: 0o100755, nlink: 1, uid: 0, gid: 0, size: 0, major: 0, minor: 0 };

	it("is the descriptor's in the container's procfs", () => {
		door.answer("fstatat", { ...stat, ino: 7 });
		expect(pathOfOwnProgram(9)).toBe("/proc/self/fd/9");
	});

	it("is none where another file is there, or nothing", () => {
		door.answer("fstatat", { ...stat, ino: 8 });
		expect(pathOfOwnProgram(9)).toBeNull();
		for (const code of ["ENOENT", "ENOTDIR", "EACCES"] as const) {
			door.reset();
			door.fail("fstatat", code);
			expect(pathOfOwnProgram(9)).toBeNull();
		}
	});

	it("hands on an error that nobody expects", () => {
		door.fail("fstatat", "EIO");
		expect(() => pathOfOwnProgram(9)).toThrow();
	});
});
