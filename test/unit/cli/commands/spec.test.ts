import { beforeEach, describe, expect, it, vi } from "vitest";
import { exampleConfig } from "../../../../src/spec/example.js";
import {
	AT_FDCWD,
	CGROUP2_SUPER_MAGIC,
	O_CLOEXEC,
	O_CREAT,
	O_EXCL,
	O_WRONLY,
	TMPFS_MAGIC,
} from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/spec/example.js", () => ({
	exampleConfig: vi.fn(() => ({ ociVersion: "1.3.0", hooks: {} })),
}));

beforeEach(() => vi.clearAllMocks());

describe("spec", () => {
	it("writes config.json with tabs into the bundle", async () => {
		expect(await call("spec -b /b")).toMatchObject({ status: 0, stdout: "", stderr: "" });
		const [dirfd, path, flags] = door.args("openat").at(-1) ?? [];
		expect([dirfd, path, flags]).toEqual([AT_FDCWD, "/b/config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC]);
		expect(door.args("write")).toEqual([[expect.any(Number), '{\n\t"ociVersion": "1.3.0",\n\t"hooks": {}\n}\n']]);
	});

	it("takes the working directory for the bundle", async () => {
		await call("spec");
		expect(door.args("openat").at(-1)?.[1]).toBe("config.json");
	});

	it("never overwrites", async () => {
		door.fail("openat", "EEXIST", (_fd, path) => path === "config.json");
		expect(await call("spec")).toMatchObject({ status: 1, stderr: "File config.json exists. Remove it first\n" });
	});

	it("names a bundle that is not there", async () => {
		door.fail("openat", "ENOENT", (_fd, path) => path === "/no/config.json");
		expect((await call("spec --bundle /no")).stderr).toBe("open /no/config.json: no such file or directory\n");
	});

	it("asks for a cgroup namespace where cgroups are unified", async () => {
		door.answer("fstatfs", { type: CGROUP2_SUPER_MAGIC, flags: 0 });
		await call("spec");
		door.answer("fstatfs", { type: TMPFS_MAGIC, flags: 0 });
		await call("spec");
		expect(vi.mocked(exampleConfig).mock.calls.map(([options]) => options.cgroupNamespace)).toEqual([true, false]);
	});

	it("maps the caller for --rootless, which is not the global flag of that name", async () => {
		door.answer("geteuid", 1000);
		door.answer("getegid", 100);
		await call("--rootless auto spec --rootless");
		expect(exampleConfig).toHaveBeenCalledWith(expect.objectContaining({ rootless: true, uid: 1000, gid: 100 }));
		await call("spec");
		expect(exampleConfig).toHaveBeenLastCalledWith(expect.objectContaining({ rootless: false }));
	});
});
