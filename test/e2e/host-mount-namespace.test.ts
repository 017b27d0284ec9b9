/** A container without a mount namespace of its own: its root is only a chroot(2), its mounts are the host's, and go with it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { shell, test, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { hostMountinfo, parseMountinfo } from "../support/mounts.js";
import { needs } from "../support/skip.js";

const inHostMounts = (config: BaseConfig): void => {
	config.linux.namespaces = config.linux.namespaces.filter(({ type }) => type !== "mount");
	config.linux.maskedPaths = [];
	config.linux.readonlyPaths = [];
};

describe("without a mount namespace", () => {
	test("the program has its root, with the mounts in it", ({ runtime, makeBundle, newId, folder, skip }) => {
		// runc leaves its mounts behind
		needs(skip, "tsrun");
		const script = `test ! -e ${folder}; ls -d /probe /proc/self /dev/null /sys/fs/cgroup; touch /new 2>/dev/null || echo refused`;
		const before = hostMountinfo(folder);
		const run = runtime("run", "--bundle", makeBundle({ args: shell(script), patch: inHostMounts }), newId());
		expect(run).toMatchObject({
			status: 0,
			stdout: "/dev/null\n/probe\n/proc/self\n/sys/fs/cgroup\nrefused\n",
			stderr: "",
		});
		expect(hostMountinfo(folder)).toBe(before);
	});

	test("the mounts are the host's until the container is deleted", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const before = hostMountinfo(folder);
		const bundle = makeBundle({ patch: inHostMounts });
		const id = newId();
		expect(runtime("run", "--detach", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
		const points = parseMountinfo(hostMountinfo(folder)).map(({ point }) => point);
		expect(points).toEqual(expect.arrayContaining([join(bundle, "rootfs"), join(bundle, "rootfs/proc")]));
		expect(runtime("exec", id, "/bin/ls", "/probe")).toMatchObject({ status: 0, stdout: "/probe\n" });
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
		expect(hostMountinfo(folder)).toBe(before);
	});

	test("a mount of the engine at the same place stays", ({ runtime, makeBundle, newId, folder, mountOnHost, skip }) => {
		needs(skip, "tsrun");
		const bundle = makeBundle({ patch: inHostMounts });
		mountOnHost(join(bundle, "image"), ["size=16m"]);
		const patch = (config: BaseConfig) => {
			inHostMounts(config);
			config.root.path = join(bundle, "image");
		};
		const other = makeBundle({ patch });
		const before = hostMountinfo(folder);
		// nothing is in it, so that the program is not found
		expect(runtime("create", "--bundle", other, newId())).toMatchObject({ status: 1 });
		expect(hostMountinfo(folder)).toBe(before);
	});

	test("a creation that fails leaves no mount", ({ runtime, makeBundle, newId, folder, skip }) => {
		needs(skip, "tsrun");
		const before = hostMountinfo(folder);
		const patch = (config: BaseConfig) => {
			inHostMounts(config);
			withMounts({ destination: "/late", type: "nosuchfs", source: "none" })(config);
		};
		const { message } = failureOf(runtime("create", "--bundle", makeBundle({ patch }), newId()));
		expect(message).toContain("no such device");
		expect(hostMountinfo(folder)).toBe(before);
	});

	test("delete works when somebody else has unmounted it, and the bundle has gone", ({
		runtime,
		makeBundle,
		newId,
		folder,
		skip,
	}) => {
		needs(skip, "tsrun");
		const before = hostMountinfo(folder);
		const bundle = makeBundle({ patch: inHostMounts });
		const id = newId();
		runtime("create", "--bundle", bundle, id);
		execFileSync("umount", ["--lazy", join(bundle, "rootfs")]);
		execFileSync("rm", ["-r", bundle]);
		expect(runtime("delete", "--force", id)).toMatchObject({ status: 0, stderr: "" });
		expect(hostMountinfo(folder)).toBe(before);
		expect(existsSync(bundle)).toBe(false);
	});

	test("paths cannot be masked: that would be the host's", ({ container }) => {
		const patch = (config: BaseConfig) => {
			inHostMounts(config);
			config.linux.maskedPaths = ["/proc/kcore"];
		};
		expect(container.refusal({ patch })).toContain("unable to restrict sys entries without a private MNT namespace");
	});
});
