import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Features } from "../../../../src/spec/types.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

beforeEach(() => {
	vi.stubGlobal("TSRUN_VERSION", "7.8.9");
	vi.stubGlobal("TSRUN_COMMIT", "abcdef");
});

async function document(): Promise<Features> {
	const { status, stdout, stderr } = await call("features");
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return JSON.parse(stdout);
}

describe("features", () => {
	it("prints an indented document, versions first", async () => {
		expect((await call("features")).stdout).toMatch(/^\{\n {4}"ociVersionMin": "1\.0\.0",\n {4}"ociVersionMax": "/);
	});

	it("has what containerd and Docker decide by", async () => {
		const { linux, mountOptions } = await document();
		expect(mountOptions).toContain("rro");
		expect(linux?.namespaces).toContain("user");
		expect(linux?.mountExtensions?.idmap?.enabled).toBe(true);
	});

	it("lists what the seccomp code knows", async () => {
		const { linux } = await document();
		expect(linux?.seccomp).toMatchObject({
			enabled: true,
			actions: expect.arrayContaining(["SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY"]),
			operators: expect.arrayContaining(["SCMP_CMP_MASKED_EQ"]),
			archs: expect.arrayContaining(["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]),
			knownFlags: expect.arrayContaining(["SECCOMP_FILTER_FLAG_LOG"]),
		});
	});

	it("leaves out the architectures that its libseccomp does not know", async () => {
		door.answer("seccomp_arch_resolve_name", (name) => (name === "loongarch64" ? 0 : 1));
		const { linux } = await document();
		expect(linux?.seccomp?.archs).toHaveLength(22);
		expect(linux?.seccomp?.archs).not.toContain("SCMP_ARCH_LOONGARCH64");
	});

	it("tells the versions of this build", async () => {
		door.fail("faccessat2", "ENOENT");
		expect((await document()).annotations).toEqual({
			"io.github.seccomp.libseccomp.version": "2.5.4",
			"tsrun.commit": "abcdef",
			"tsrun.version": "7.8.9",
		});
	});

	it("tells that it checkpoints where CRIU is", async () => {
		const annotation = "org.opencontainers.runc.checkpoint.enabled";
		expect((await document()).annotations?.[annotation]).toBe("true");
	});

	it("tells of the annotations that change what becomes of a container", async () => {
		expect((await document()).potentiallyUnsafeConfigAnnotations).toEqual([
			"org.systemd.property.",
			"org.criu.config",
			"org.tsrun.init",
			"org.tsrun.init.",
		]);
	});

	it("and --version name the same version of the specification", async () => {
		const { ociVersionMax } = await document();
		expect((await call("--version")).stdout).toContain(`spec: ${ociVersionMax}\n`);
	});
});
