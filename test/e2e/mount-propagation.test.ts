/**
 * What passes between the host's mounts and the container's: the propagation of the root and of each mount
 * (mount_namespaces(7), config-linux.md#rootfs-mount-propagation), in mountinfo and in effect.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { asAdministrator, test as base, shell, withMounts } from "../support/container.js";
import { hostMountinfo, mountAt } from "../support/mounts.js";
import { needs } from "../support/skip.js";
import { stateOf } from "../support/status.js";

const look = ["/probe", "mounts"];
type RootPropagation = BaseConfig["linux"]["rootfsPropagation"];

const test = base.extend(
	"makeSharedBundle",
	/** A bundle whose root filesystem lies on a shared mount of the host, as everything does on a machine with systemd. */
	({ makeBundle, folder, mountOnHost }) =>
		(propagation: RootPropagation, args = ["/probe", "sleep"]) => {
			const root = join(folder, "shared/rootfs");
			mountOnHost(join(folder, "shared"), ["size=16m"], "shared");
			const patch = (config: BaseConfig) => {
				asAdministrator(config);
				config.root.path = root;
				if (propagation !== undefined) config.linux.rootfsPropagation = propagation;
			};
			const bundle = makeBundle({ patch, args });
			execFileSync("cp", ["-a", join(bundle, "rootfs"), root]);
			mkdirSync(join(root, "later"));
			return { bundle, root };
		},
);

describe("a mount's option", () => {
	test("is its propagation, with r also that of all below", ({ container, folder, mountOnHost }) => {
		const top = join(folder, "tree");
		mountOnHost(top);
		mountOnHost(join(top, "sub"));
		const options = ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"];
		const mountinfo = container.output({
			args: look,
			patch: withMounts(
				...options.map((option) => ({ destination: `/m/${option}`, source: top, options: ["rbind", option] })),
				{ destination: "/m/tmpfs", type: "tmpfs", source: "tmpfs", options: ["shared"] },
			),
		});
		const kinds = (point: string) =>
			mountAt(mountinfo, point)
				.propagation.map((field) => field.replace(/:\d+$/, ""))
				.join();
		const seen = options.map((option) => [option, kinds(`/m/${option}`), kinds(`/m/${option}/sub`)]);
		expect(seen).toEqual([
			["private", "", ""],
			["rprivate", "", ""],
			["shared", "shared", ""],
			["rshared", "shared", "shared"],
			["slave", "", ""],
			["rslave", "", ""],
			["unbindable", "unbindable", ""],
			["runbindable", "unbindable", "unbindable"],
		]);
		expect(kinds("/m/tmpfs")).toBe("shared");
	});

	test.for([
		["", "comes in"],
		["rslave", "comes in"],
		["rprivate", "stays out"],
	] as const)(
		"%j: what the host mounts in the source later %s",
		([option, outcome], { runtime, makeBundle, newId, folder, mountOnHost }) => {
			const shared = join(folder, "shared");
			mountOnHost(shared, [], "shared");
			mkdirSync(join(shared, "later"));
			const id = newId();
			const options = option === "" ? ["rbind"] : ["rbind", option];
			const patch = withMounts({ destination: "/vol", source: shared, options });
			expect(runtime("create", "--bundle", makeBundle({ patch }), id)).toMatchObject({ status: 0, stderr: "" });
			mountOnHost(join(shared, "later"));
			writeFileSync(join(shared, "later/file"), "");
			const seen = runtime("exec", id, "/bin/ls", "/vol/later").stdout;
			expect(seen).toBe(outcome === "comes in" ? "file\n" : "");
			runtime("delete", "--force", id);
		},
	);

	test("rshared: what the container mounts comes out to the host, as volume plug-ins need it", ({
		runtime,
		makeBundle,
		newId,
		folder,
		mountOnHost,
	}) => {
		const shared = join(folder, "shared");
		mountOnHost(shared, [], "shared");
		const patch = (config: BaseConfig) => {
			asAdministrator(config);
			config.linux.rootfsPropagation = "rshared";
			config.mounts.push({ destination: "/vol", source: shared, options: ["rbind", "rshared"] });
		};
		const script = "mkdir /vol/sub; mount -t tmpfs tmpfs /vol/sub; echo from inside > /vol/sub/file";
		expect(runtime("run", "--bundle", makeBundle({ args: shell(script), patch }), newId())).toMatchObject({
			status: 0,
		});
		expect(readFileSync(join(shared, "sub/file"), "utf8")).toBe("from inside\n");
		execFileSync("umount", [join(shared, "sub")]);
	});

	test.for(["rslave", "rprivate", ""])(
		"%j: what the container mounts stays inside",
		(option, { runtime, makeBundle, newId, folder, mountOnHost }) => {
			const shared = join(folder, "shared");
			mountOnHost(shared, [], "shared");
			const patch = (config: BaseConfig) => {
				asAdministrator(config);
				const options = option === "" ? ["rbind"] : ["rbind", option];
				config.mounts.push({ destination: "/vol", source: shared, options });
			};
			const script = "mkdir /vol/sub; mount -t tmpfs tmpfs /vol/sub; echo from inside > /vol/sub/file; ls /vol/sub";
			const bundle = makeBundle({ args: shell(script), patch });
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "file\n" });
			expect(existsSync(join(shared, "sub/file"))).toBe(false);
		},
	);

	test("in another mount may differ from it", ({ container, folder, mountOnHost, skip }) => {
		// runc sets the root's after the others', for all of them
		needs(skip, "tsrun");
		const shared = join(folder, "shared");
		mountOnHost(shared, [], "shared");
		const mountinfo = container.output({
			args: look,
			patch: (config) => {
				config.linux.rootfsPropagation = "rprivate";
				config.mounts.push({ destination: "/slave", source: shared, options: ["rbind", "rslave"] });
				config.mounts.push({ destination: "/shared", source: shared, options: ["rbind", "rshared"] });
			},
		});
		expect(mountAt(mountinfo, "/slave").propagation).toEqual([expect.stringMatching(/^master:/)]);
		expect(mountAt(mountinfo, "/shared").propagation).toEqual([expect.stringMatching(/^shared:/)]);
		expect(mountAt(mountinfo, "/").propagation).toEqual([]);
	});
});

describe("rootfsPropagation", () => {
	test.for<[RootPropagation, RegExp]>([
		["shared", /^shared:\d+( master:\d+)?$/],
		["slave", /^master:\d+$/],
		["private", /^$/],
		["unbindable", /^unbindable$/],
		["rshared", /^shared:\d+( master:\d+)?$/],
		["rslave", /^master:\d+$/],
		["rprivate", /^$/],
		["runbindable", /^unbindable$/],
		[undefined, /^master:\d+$/],
	])("%s is what mountinfo shows of the root", ([propagation, shown], { runtime, newId, makeSharedBundle, skip }) => {
		// runc 1.1 leaves the root in the host's peer group, and with no "r" changes the host's root alone
		if (propagation === "slave" || /unbindable|shared/.test(propagation ?? "")) needs(skip, "tsrun");
		const { bundle } = makeSharedBundle(propagation, look);
		const { stdout, stderr } = runtime("run", "--bundle", bundle, newId());
		expect(stderr).toBe("");
		expect(mountAt(stdout, "/").propagation.join(" ")).toMatch(shown);
	});

	test.for<[RootPropagation, boolean]>([
		["slave", true],
		[undefined, true],
		["private", false],
		["unbindable", false],
	])(
		"%s: the host's later mounts in the root filesystem come in: %s",
		([propagation, comesIn], { runtime, newId, makeSharedBundle, mountOnHost, skip }) => {
			if (propagation === "slave") needs(skip, "tsrun");
			const { bundle, root } = makeSharedBundle(propagation);
			const id = newId();
			expect(runtime("create", "--bundle", bundle, id)).toMatchObject({ status: 0, stderr: "" });
			mountOnHost(join(root, "later"));
			writeFileSync(join(root, "later/file"), "");
			expect(runtime("exec", id, "/bin/ls", "/later").stdout).toBe(comesIn ? "file\n" : "");
			runtime("delete", "--force", id);
		},
	);

	test.for<RootPropagation>(["shared", "rshared", "slave", "private", "unbindable", undefined])(
		"%s: no mount of the container gets out to the host",
		(propagation, { runtime, newId, makeSharedBundle, folder }) => {
			const script = "mkdir /new; mount -t tmpfs tmpfs /new; echo > /new/file; ls /new";
			const { bundle, root } = makeSharedBundle(propagation, shell(script));
			const before = hostMountinfo(folder);
			expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "file\n" });
			expect(existsSync(join(root, "new/file"))).toBe(false);
			expect(hostMountinfo(folder)).toBe(before);
		},
	);

	test("shared: what is mounted below belongs to the root's peer group", ({
		runtime,
		newId,
		makeSharedBundle,
		skip,
	}) => {
		needs(skip, "tsrun");
		const script = "mkdir /a /b; mount --bind / /b; mount -t tmpfs tmpfs /a; echo > /a/file; ls /b/a";
		const { bundle } = makeSharedBundle("shared", shell(script));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({
			status: 0,
			stdout: "file\n",
		});
	});

	test("unbindable: the root cannot be bind-mounted", ({ runtime, newId, makeSharedBundle, skip }) => {
		needs(skip, "tsrun");
		const script = "mkdir /b; mount --bind / /b 2>/dev/null || echo refused";
		const { bundle } = makeSharedBundle("unbindable", shell(script));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ stdout: "refused\n" });
	});

	test("of any other word is an error", ({ container }) => {
		const patch = (config: BaseConfig) => {
			Object.assign(config.linux, { rootfsPropagation: "open" });
		};
		expect(container.refusal({ patch })).toMatch(/rootfsPropagation|rootfs propagation/i);
	});

	test("leaves the host's own propagation as it was", ({ container, folder }) => {
		const before = hostMountinfo(folder);
		container.output({ args: ["/bin/true"] });
		expect(hostMountinfo(folder)).toBe(before);
	});
});

test("a container's mounts are not seen on the host while it runs", ({ runtime, makeBundle, newId, folder }) => {
	const before = hostMountinfo(folder);
	const id = newId();
	runtime("create", "--bundle", makeBundle(), id);
	expect(hostMountinfo(folder)).toBe(before);
	expect(readFileSync(`/proc/${stateOf(runtime, id).pid}/mountinfo`, "utf8")).not.toBe(before);
	runtime("delete", "--force", id);
});
