/** Who the program is and what it may: exactly what was asked for, for whatever was written where. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { capabilityNames } from "../../src/spec/capability-names.js";
import { test } from "../support/attack.js";
import { shell } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

const none = "0000000000000000";

describe("inheritable capabilities (CVE-2022-29162)", () => {
	/** What the caller would hand on to every program that it executes. */
	const many = ["chown", "kill", "net_raw", "setuid"].map((name) => `+${name}`).join(",");
	const through = ["setpriv", `--inh-caps=${many}`, `--ambient-caps=${many}`];

	test("are none by run and by exec, though the caller has them", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "caps"] });
		const run = runtime.with({ through }, "run", "--bundle", bundle, newId());
		expect(JSON.parse(run.stdout)).toMatchObject({ inheritable: none, ambient: none });
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle(), id);
		for (const more of [[], ["--cap", "CAP_SYS_ADMIN"], ["--user", "7:7"], ["--user", "7:7", "--cap", "CAP_NET_RAW"]]) {
			const exec = runtime.with({ through }, "exec", ...more, id, "/probe", "caps");
			expect([more, JSON.parse(exec.stdout)]).toMatchObject([more, { inheritable: none, ambient: none }]);
		}
		runtime("delete", "--force", id);
	});

	test("are those that the configuration names, and no others", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/probe", "caps"],
			patch: ({ process }) => {
				process.capabilities = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], inheritable: ["CAP_KILL"] };
			},
		});
		const { inheritable } = JSON.parse(runtime.with({ through }, "run", "--bundle", bundle, newId()).stdout);
		expect(BigInt(`0x${inheritable}`)).toBe(1n << BigInt(capabilityNames.indexOf("CAP_KILL")));
	});
});

describe("exec --user (CVE-2026-30892 of crun, CVE-2016-3697)", () => {
	/** An image that would like 1000 to be root. */
	const files = { "etc/passwd": "1000:x:0:0::/:/bin/sh\nroot:x:0:0::/:/bin/sh\n", "etc/group": "1000:x:0:\n" };

	test("is the number that is written", ({ runtime, makeBundle, newId }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ files }), id);
		for (const [user, uid, gid] of [
			["1", 1, 0],
			["1000", 1000, 0],
			["1000:1000", 1000, 1000],
			["0:7", 0, 7],
		] as const) {
			const { stdout } = runtime("exec", "--user", user, id, "/probe", "id");
			expect([user, JSON.parse(stdout)]).toMatchObject([
				user,
				{ uid, euid: uid, suid: uid, gid, egid: gid, groups: [] },
			]);
		}
		runtime("delete", "--force", id);
	});

	test("is an error for everything else", ({ runtime, makeBundle, newId, skip }) => {
		needs(skip, "tsrun"); // runc takes some of them for numbers
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ files }), id);
		const wrong = [
			"root",
			"1x",
			"0x10",
			"-1",
			"+1",
			"1:",
			":1",
			"1:2:3",
			" 1",
			"1 ",
			"4294967296",
			"1:4294967296",
			"1e3",
		];
		for (const user of wrong) {
			const { status, stdout } = failureOf(runtime("exec", "--user", user, id, "/probe", "id"));
			expect([user, stdout]).toEqual([user, ""]);
			expect([user, status]).not.toEqual([user, 0]);
		}
		runtime("delete", "--force", id);
	});
});

describe("control groups (CVE-2023-25809)", () => {
	const script = `for file in $(find /sys/fs/cgroup -name cgroup.procs -o -name notify_on_release -o -name release_agent); do
		(echo 1 >"$file") 2>/dev/null && echo "$file"
	done
	mkdir /sys/fs/cgroup/*/new /sys/fs/cgroup/new 2>/dev/null; find /sys/fs/cgroup -name new`;

	test.for([
		["a cgroup namespace of its own", true],
		["the host's cgroup namespace", false],
	] as const)("cannot be written to with %s", ([, own], { runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: shell(`{ ${script}; } || true`),
			patch: ({ linux }) => {
				if (own) linux.namespaces.push({ type: "cgroup" });
			},
		});
		expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("");
	});
});

describe("sizes at the borders of numbers (CVE-2021-43784)", () => {
	const sizes = [32_767, 65_535, 65_536, 65_537, 200_000];

	test("of a program's name are told, not cut", ({ runtime, makeBundle, newId }) => {
		for (const size of sizes) {
			const bundle = makeBundle({ args: [`/${"n".repeat(size)}`] });
			const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
			expect([size, status]).toEqual([size, 1]);
			expect([size, message]).toEqual([size, expect.stringMatching(/name too long/)]);
		}
	});

	test("of arguments and environment arrive whole", ({ runtime, makeBundle, newId }) => {
		for (const size of sizes.filter((each) => each < 131_000)) {
			const text = "x".repeat(size);
			const bundle = makeBundle({
				args: ["/bin/sh", "-c", 'expr length "$TEXT"; expr length "$1"', "sh", text],
				patch: ({ process }) => process.env.push(`TEXT=${text}`),
			});
			const { stdout, stderr } = runtime("run", "--bundle", bundle, newId());
			expect([stdout, stderr]).toEqual([`${size}\n${size}\n`, ""]);
		}
	});

	test("of paths, of lists and of what goes to hooks fail cleanly or work", ({
		runtime,
		makeBundle,
		newId,
		folder,
	}) => {
		const report = join(folder, "report");
		writeFileSync(report, "");
		for (const size of sizes) {
			const annotations = { big: "b".repeat(size) };
			const hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `wc -c >>${report}`] }] };
			const good = makeBundle({
				args: ["/bin/true"],
				patch: (config) => Object.assign(config, { annotations, hooks }),
			});
			expect(runtime("run", "--bundle", good, newId())).toMatchObject({ status: 0, stderr: "" });
			const bad = makeBundle({
				args: ["/bin/true"],
				patch: ({ mounts }) => mounts.push({ destination: `/${"d".repeat(size)}`, type: "tmpfs", source: "tmpfs" }),
			});
			const { status, message } = failureOf(runtime("run", "--bundle", bad, newId()));
			expect([size, status, message]).toEqual([size, 1, expect.stringContaining("name too long")]);
		}
	});

	test("of a user namespace's mappings are refused by the kernel, not cut", ({ runtime, makeBundle, newId }) => {
		for (const [count, ok] of [
			[200, true],
			[341, false],
			[65_536, false],
		] as const) {
			const mappings = Array.from({ length: count }, (_, index) => ({
				containerID: index,
				hostID: 100_000 + index,
				size: 1,
			}));
			const bundle = makeBundle({
				args: ["/bin/sh", "-c", "wc -l </proc/self/uid_map"],
				patch: ({ linux }) => {
					linux.namespaces.push({ type: "user" });
					linux.uidMappings = mappings;
					linux.gidMappings = mappings;
				},
			});
			const run = runtime("run", "--bundle", bundle, newId());
			expect([count, run.status === 0]).toEqual([count, ok]);
			if (ok) expect(run.stdout).toBe(`${count}\n`);
		}
	});
});
