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

describe("spec --check", () => {
	const config = { ociVersion: "1.3.0", root: { path: "rootfs" }, process: { cwd: "/", args: ["sh"] } };
	const legal = JSON.stringify({
		...config,
		mounts: [
			{ destination: "/proc", type: "proc" },
			{ destination: "/sys", type: "sysfs" },
			{ destination: "/dev/pts", type: "devpts" },
			{ destination: "/dev/shm", type: "tmpfs" },
		],
	});

	/** The working directory is "/" here, whatever was entered. */
	const bundleWith = (text: string | null) => {
		door.files({ "/rootfs/": "", ...(text === null ? {} : { "/config.json": text }) });
		door.answer("write", (_fd, data) => (data as string).length);
	};

	it("writes nothing, and says so when nothing is wrong", async () => {
		bundleWith(legal);
		expect(await call("spec --check /b")).toMatchObject({
			status: 0,
			stdout: "config.json: no errors, no warnings\n",
			stderr: "",
		});
		expect(door.args("chdir")).toEqual([["/b"]]);
	});

	it("tells severity, requirement, place, what is wrong and the chapter, a line for each", async () => {
		bundleWith(JSON.stringify({ ...JSON.parse(legal), process: { cwd: "x", args: [] }, nope: 1 }));
		expect(await call("spec --check --bundle /b")).toMatchObject({
			status: 1,
			stdout:
				'error    PR-06  $.process.cwd: Cwd must be an absolute path; found "x" (config.md#process)\n' +
				"error    PR-09  $.process.args: args must not be empty (config.md#process)\n" +
				"warning  AN-09  $.nope: is unknown, and ignored (config.md)\n" +
				"config.json: 2 errors, 1 warning\n",
		});
	});

	it("is content with warnings alone", async () => {
		bundleWith(legal.replace('"1.3.0"', '"1.3.0","nope":1'));
		expect(await call("spec --check")).toMatchObject({
			status: 0,
			stdout: expect.stringContaining("config.json: no errors, 1 warning\n"),
		});
	});

	it("gives the same as JSON", async () => {
		bundleWith(legal.replace('"1.3.0"', '"3"'));
		const { status, stdout } = await call("spec --check --json");
		const section = "config.md#specification-version";
		const message = 'expected a version such as "1.3.0"; found "3"';
		expect([status, JSON.parse(stdout)]).toEqual([
			1,
			{ valid: false, errors: [{ rule: "CV-02", path: "$.ociVersion", message, section }], warnings: [] },
		]);
	});

	it("RT-04 looks for the root filesystem too", async () => {
		bundleWith(legal.replace('"path":"rootfs"', '"path":"/none"'));
		expect((await call("spec --check")).stdout).toContain(
			"error    RT-04  $.root.path: invalid rootfs: stat /none: no such file or directory (config.md#root)\n",
		);
	});

	it("looks at our own annotations too, once the rest is right", async () => {
		const annotations = { "org.tsrun.init": "nope", "org.tsrun.init.x": "" };
		bundleWith(JSON.stringify({ ...JSON.parse(legal), annotations }));
		expect((await call("spec --check")).stdout).toMatch(
			/^error {4}AN-10 {2}\$\.annotations\["org\.tsrun\.init"\]: .*\nwarning {2}AN-08 .*\nconfig.json: 1 error, 1 warning\n$/,
		);
	});

	it("a bundle that cannot be read is an error of its own", async () => {
		bundleWith(null);
		expect(await call("spec --check")).toMatchObject({
			status: 1,
			stderr: expect.stringContaining("config.json not found"),
		});
	});

	it.each(["spec /b", "spec --json"])("is missing in: %s", async (line) => {
		expect(await call(line)).toMatchObject({
			status: 1,
			stderr: "a bundle as an argument and --json go with --check\n",
		});
	});
});
