/** doctor: what it says of this machine is so, for root and for a user, and nothing is left by its looking. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { isUnified } from "../support/cgroups.js";
import { test as base } from "../support/container.js";
import { needs } from "../support/skip.js";

const test = base.extend("ours", { auto: true }, ({ skip }) => needs(skip, "tsrun"));

interface Finding {
	readonly area: string;
	readonly name: string;
	readonly verdict: string;
	readonly detail: string;
	readonly needed: boolean;
}

const verdictOf = (findings: readonly Finding[], name: string) => findings.find((one) => one.name === name)?.verdict;

describe("doctor", () => {
	test("says that containers run, where the other tests show it", ({ runtime }) => {
		const { status, stdout, stderr } = runtime("doctor", "--json");
		const { ready, findings }: { ready: boolean; findings: readonly Finding[] } = JSON.parse(stdout);
		expect({ status, stderr, ready }).toEqual({ status: 0, stderr: "", ready: true });
		for (const name of ["namespaces", "clone3", "pidfd", "layout", "making cgroups", "freezer"]) {
			if (name === "namespaces" && !existsSync("/proc/self/ns/time")) continue;
			expect(verdictOf(findings, name), name).toBe("works");
		}
		expect(findings.find(({ name }) => name === "layout")?.detail.startsWith(isUnified() ? "v2" : "v1")).toBe(true);
		const everything = /^CapEff:\s+0*1ffffffffff$/m.test(readFileSync("/proc/self/status", "utf8"));
		expect(verdictOf(findings, "capabilities")).toBe(everything ? "works" : "limited");
		expect(verdictOf(findings, "systemd")).toBe(existsSync("/run/systemd/system") ? "works" : "missing");
	});

	test("prints a page of the same, with the cures", ({ runtime }) => {
		const { status, stdout } = runtime("doctor");
		expect(status).toBe(0);
		expect(stdout).toMatch(/^kernel\n {2}works {4}release {2,}\S+/);
		expect(stdout).toMatch(/\ncontainers run here: \d+ things work, \d+ are limited, \d+ are missing\n$/);
	});

	test("says what a user lacks, with the cure", ({ runtime }) => {
		const through = ["setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups"];
		const { stdout } = runtime.with({ through, env: { XDG_RUNTIME_DIR: undefined } }, "doctor");
		expect(stdout).toContain("usermod --add-subuids 100000-165535 12345, as root");
		expect(stdout).toMatch(/limited {2}XDG_RUNTIME_DIR/);
	});

	test("is told, and fails, where no cgroups are mounted", ({ runtime }) => {
		const through = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"];
		const script = 'umount -R /sys/fs/cgroup; exec "$0" "$@"';
		const { status, stdout } = runtime.with({ through: [...through, script] }, "doctor");
		expect({ status, last: stdout.trimEnd().split("\n").at(-1) }).toEqual({
			status: 1,
			last: "no container runs here without: layout",
		});
		expect(stdout).toContain("cure: mount -t cgroup2 none /sys/fs/cgroup");
	});
});

test("an engine is looked at by name", ({ runtime }) => {
	for (const engine of ["docker", "containerd", "podman"]) {
		const { stdout } = runtime("doctor", "--engine", engine);
		expect(stdout.split("\n")[0]).toBe(engine);
		expect(stdout).toMatch(new RegExp(`no container runs under ${engine} without|containers run under ${engine}: `));
	}
	expect(runtime("doctor", "--engine", "rkt")).toMatchObject({
		status: 1,
		stderr: expect.stringContaining("expected docker, containerd, podman"),
	});
});
