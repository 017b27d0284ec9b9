/** RP and MP: the root's propagation, hidden and read-only paths, personality, memory policy, sysctls (config-linux.md). */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { all, test as base, type Patch, setting } from "../support/conformance.js";
import { asAdministrator, shell } from "../support/container.js";

const withLinux = (members: object): Patch => setting(({ linux }) => linux, members);

const test = base.extend(
	"shared",
	/** A bundle whose root filesystem lies on a shared mount of the host, as everything does on a machine with systemd. */
	({ makeBundle, folder, mountOnHost }) =>
		(rootfsPropagation: string, args: string[] = ["/probe", "sleep"]) => {
			const root = join(folder, "shared/rootfs");
			mountOnHost(join(folder, "shared"), ["size=16m"], "shared");
			const patch = all(
				asAdministrator,
				withLinux({ rootfsPropagation }),
				setting((config) => config.root, { path: root }),
			);
			const bundle = makeBundle({ patch, args });
			execFileSync("cp", ["-a", join(bundle, "rootfs"), root]);
			mkdirSync(join(root, "later"));
			return { bundle, root };
		},
);

const mounting = "mkdir -p /new; mount -t tmpfs tmpfs /new; touch /new/file";

describe("rootfsPropagation", () => {
	test("RP-01 another word is an error", ({ refuse }) => {
		refuse(withLinux({ rootfsPropagation: "open" }));
	});

	test("RP-02 shared: what is mounted later comes to the other mounts of the root", ({ runtime, newId, shared }) => {
		const { bundle } = shared("shared", shell(`mkdir -p /other; mount --bind / /other; ${mounting}; ls /other/new`));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "file\n" });
	});

	/** Whether a mount that the host makes in the root later is seen in the container. */
	const comesIn = test.extend("comesIn", ({ runtime, newId, shared, mountOnHost }) => async (propagation: string) => {
		const script = "echo ready; read line; ls /later";
		const { bundle, root } = shared(propagation, shell(script));
		const run = runtime.start({}, "run", "--bundle", bundle, newId());
		await run.prints("ready\n");
		mountOnHost(join(root, "later"));
		writeFileSync(join(root, "later/file"), "");
		run.write("go\n");
		return (await run.ended()).stdout.includes("file");
	});

	comesIn("RP-03 slave: mounts of the host come in", async ({ comesIn: seen }) => {
		expect(await seen("slave")).toBe(true);
	});

	comesIn("RP-04 private: mounts of the host stay out", async ({ comesIn: seen }) => {
		expect(await seen("private")).toBe(false);
	});

	test.for([
		["RP-03", "slave"],
		["RP-04", "private"],
	] as const)("%s %s: no mount of the container gets out", ([, propagation], { runtime, newId, shared }) => {
		const { bundle, root } = shared(propagation, shell(`${mounting}; ls /new`));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "file\n" });
		expect(existsSync(join(root, "new/file"))).toBe(false);
	});

	test("RP-05 unbindable: the root cannot be bind-mounted", ({ runtime, newId, shared }) => {
		const { bundle } = shared("unbindable", shell("mkdir /b; mount --bind / /b 2>/dev/null || echo refused"));
		expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "refused\n" });
	});
});

const files = { "secret/file": "text\n", plain: "text\n" };

test("RP-06 maskedPaths cannot be read, files and directories alike", ({ runtime, makeBundle, newId }) => {
	const patch = withLinux({ maskedPaths: ["/secret", "/plain"] });
	const bundle = makeBundle({ args: shell("ls /secret; cat /plain; test -d /secret"), files, patch });
	expect(runtime("run", "--bundle", bundle, newId())).toMatchObject({ status: 0, stdout: "" });
});

test("RP-07 a masked path that is not absolute is an error", ({ refuse }) => {
	refuse(withLinux({ maskedPaths: ["proc/kcore"] }));
});

test("RP-08 a masked path that does not exist is no error", ({ output }) => {
	const patch = withLinux({ maskedPaths: ["/not/there"] });
	expect(output(["/bin/sh", "-c", "test -e /not/there || echo none"], patch)).toBe("none\n");
});

test("RP-09 readonlyPaths cannot be written to", ({ runtime, makeBundle, newId }) => {
	const patch = all(
		withLinux({ readonlyPaths: ["/secret", "/plain"] }),
		setting(({ root }) => root, { readonly: false }),
	);
	const script =
		"touch /new && echo writable; for file in /plain /secret/file; do echo 2>/dev/null > $file || echo no; done";
	const bundle = makeBundle({ args: ["/bin/sh", "-c", script], files, patch });
	expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("writable\nno\nno\n");
});

test("RP-10 a read-only path that is not absolute is an error", ({ refuse }) => {
	refuse(withLinux({ readonlyPaths: ["proc/sys"] }));
});

test("RP-11 a read-only path that does not exist is no error", ({ output }) => {
	const patch = withLinux({ readonlyPaths: ["/not/there"] });
	expect(output(["/bin/echo", "runs"], patch)).toBe("runs\n");
});

test("RP-13 personality.domain is LINUX or LINUX32, and has to be there", ({ output, refuse }) => {
	const personality = ["/probe", "personality"];
	expect(output(personality, withLinux({ personality: { domain: "LINUX" } }))).toBe("00000000\n");
	expect(output(personality, withLinux({ personality: { domain: "LINUX32" } }))).toBe("00000008\n");
	refuse(withLinux({ personality: { domain: "SOLARIS" } }));
	refuse(withLinux({ personality: {} }));
});

test("RP-14 LINUX32 makes uname tell of a 32-bit machine", ({ output }) => {
	const machine = (domain: string) => output(["/bin/uname", "-m"], withLinux({ personality: { domain } })).trim();
	expect(machine("LINUX32")).not.toBe(machine("LINUX"));
	expect(machine("LINUX32")).toMatch(/^(i686|armv\w+)$/);
});

test("RP-15 a flag of personality is an error: none is supported", ({ refuse }) => {
	refuse(withLinux({ personality: { domain: "LINUX", flags: ["ADDR_NO_RANDOMIZE"] } }));
});

const policy = (memoryPolicy: object): Patch => withLinux({ memoryPolicy });

test("MP-01 memoryPolicy without mode, or with an unknown one, is an error", ({ refuse }) => {
	refuse(policy({ nodes: "0" }));
	refuse(policy({ mode: "MPOL_MAGIC", nodes: "0" }));
});

/** As /proc/PID/numa_maps spells it. */
test.for([
	["MPOL_DEFAULT", "", "default"],
	["MPOL_BIND", "0", "bind:0"],
	["MPOL_INTERLEAVE", "0", "interleave:0"],
	["MPOL_PREFERRED", "0", "prefer:0"],
	["MPOL_PREFERRED_MANY", "0", "prefer (many):0"],
	["MPOL_LOCAL", "", "local"],
	["MPOL_WEIGHTED_INTERLEAVE", "0", "weighted interleave:0"],
] as const)(
	"MP-02 MP-04 the process has the policy, of nodes where the mode takes some: %s",
	([mode, nodes, shown], { output }) => {
		const seen = output(["/bin/cat", "/proc/self/numa_maps"], policy({ mode, ...(nodes === "" ? {} : { nodes }) }));
		for (const line of seen.trim().split("\n")) expect(`${line.slice(line.indexOf(" ") + 1)} `).toContain(`${shown} `);
	},
);

test("MP-02 nodes where there must be none, or none where there must be some, are an error", ({ refuse }) => {
	refuse(policy({ mode: "MPOL_LOCAL", nodes: "0" }));
	refuse(policy({ mode: "MPOL_BIND" }));
	refuse(policy({ mode: "MPOL_BIND", nodes: "x" }));
	refuse(policy({ mode: "MPOL_BIND", nodes: "1023" }));
});

test.for([
	["MPOL_F_STATIC_NODES", /bind=static:0 /],
	["MPOL_F_RELATIVE_NODES", /bind=relative:0 /],
	["MPOL_F_NUMA_BALANCING", /bind(=balancing)?:0 /],
] as const)("MP-03 flags: %s", ([flag, shown], { output }) => {
	const patch = policy({ mode: "MPOL_BIND", nodes: "0", flags: [flag] });
	expect(output(["/bin/cat", "/proc/self/numa_maps"], patch)).toMatch(shown);
});

test("MP-03 flags: an unknown one is an error", ({ refuse }) => {
	refuse(policy({ mode: "MPOL_BIND", nodes: "0", flags: ["MPOL_F_MAGIC"] }));
});

test.for(["net.ipv4.ip_default_ttl", "net/ipv4/ip_default_ttl"])(
	"MP-05 a sysctl is set in the container alone: %s",
	(name, { output }) => {
		const path = "/proc/sys/net/ipv4/ip_default_ttl";
		const before = readFileSync(path, "utf8");
		expect(output(["/bin/cat", path], withLinux({ sysctl: { [name]: "33" } }))).toBe("33\n");
		expect(readFileSync(path, "utf8")).toBe(before);
	},
);

test("MP-06 a sysctl that would change the host is an error", ({ refuse }) => {
	refuse(withLinux({ sysctl: { "vm.swappiness": "1" } }));
	refuse(
		all(withLinux({ sysctl: { "net.ipv4.ip_default_ttl": "33" } }), ({ linux }) => {
			linux.namespaces = linux.namespaces.filter(({ type }) => type !== "network");
		}),
	);
});
