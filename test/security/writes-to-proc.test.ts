/** Writes that decide about security, sysctls and labels: they reach procfs, whatever stands in its place (CVE-2025-52881). */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test as base } from "../support/attack.js";
import { withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { listing } from "../support/hostile-tree.js";
import { needs } from "../support/skip.js";
import { waitFor } from "../support/wait.js";

const test = base
	/** A directory that looks like procfs and is none. */
	.extend("fake", ({ folder }) => {
		const fake = join(folder, "fake-proc");
		for (const directory of ["self/attr", "self/fd", "sys/kernel", "1"])
			mkdirSync(join(fake, directory), { recursive: true });
		for (const file of [
			"self/attr/exec",
			"self/timens_offsets",
			"sys/kernel/domainname",
			"self/mountinfo",
			"filesystems",
		]) {
			writeFileSync(join(fake, file), "fake");
		}
		return { path: fake, before: listing(fake) };
	})
	/** A mount namespace whose /proc is the fake: its path. */
	.extend("makeNamespace", ({ folder, fake }, { onCleanup }) => {
		const made: (() => void)[] = [];
		onCleanup(() => {
			for (const end of made) end();
		});
		return async () => {
			const ready = join(folder, "ready");
			const script = `mount --bind ${fake.path} /proc && : >${ready} && exec sleep 1000`;
			const child = spawn("unshare", ["--mount", "--propagation", "private", "sh", "-ec", script], {
				env: { PATH: process.env.PATH, TSRUN_E2E: folder },
				stdio: "ignore",
			});
			made.push(() => void child.kill("SIGKILL"));
			await waitFor(() => existsSync(ready), { what: "the namespace to be made" });
			return `/proc/${child.pid}/ns/mnt`;
		};
	});

describe("a mount namespace of somebody else's whose /proc is a fake", () => {
	test("gets no sysctl, time offset or label", async ({ runtime, newId, makeBundle, makeNamespace, fake, skip }) => {
		needs(skip, "tsrun"); // runc writes to what is there
		const path = await makeNamespace();
		const bundle = makeBundle({
			args: ["/probe", "hostname"],
			patch: ({ linux, process }) => {
				linux.namespaces = linux.namespaces.filter(({ type }) => type !== "mount");
				linux.namespaces.push({ type: "mount", path });
				linux.sysctl = { "kernel.domainname": "set" };
				linux.maskedPaths = [];
				linux.readonlyPaths = [];
				process.oomScoreAdj = 100;
			},
		});
		const run = runtime("run", "--bundle", bundle, newId());
		if (run.status === 0) expect(JSON.parse(run.stdout).domainname).toBe("set");
		else expect(failureOf(run).message).toMatch(/\/proc|mount/);
		expect(listing(fake.path)).toEqual(fake.before);
	});
});

test("a sysctl is written before anything of the image or a volume is in view", ({
	runtime,
	newId,
	makeBundle,
	skip,
}) => {
	needs(skip, "tsrun");
	const bundle = makeBundle({
		args: ["/bin/true"],
		patch: ({ linux }) => {
			linux.sysctl = { "kernel.domainname": "set" };
		},
	});
	const { status, stderr } = runtime("--trace", "run", "--bundle", bundle, newId());
	expect(status).toBe(0);
	const lines = stderr.split("\n");
	const at = (text: string) => lines.findIndex((line) => line.includes(text));
	expect(at("kernel/domainname")).toBeGreaterThan(0);
	expect(at("kernel/domainname")).toBeLessThan(at("move_mount("));
});

describe("a sysctl (CVE-2022-0811 of CRI-O)", () => {
	test.for<[name: string, key: string, value: string, runs?: true]>([
		["its value holds another", "kernel.shm_rmid_forced", "1+kernel.core_pattern=|/bin/true"],
		["its value has a second line", "kernel.shm_rmid_forced", "1\nkernel.core_pattern=|/bin/true", true],
		["it is the whole host's", "kernel.core_pattern", "|/bin/true"],
		["its name climbs", "kernel.shm_rmid_forced/../core_pattern", "|/bin/true"],
		["its name climbs out of the network", "net.../kernel.core_pattern", "|/bin/true"],
		["its name has slashes that climb", "net/../kernel/core_pattern", "|/bin/true"],
	])("sets no other one when %s", ([, key, value, runs], { runtime, newId, makeBundle }) => {
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: ({ linux }) => {
				linux.sysctl = { [key]: value };
			},
		});
		// the canary of the host tells; the kernel itself stops reading at the end of the line
		expect(runtime("run", "--bundle", bundle, newId()).status === 0).toBe(runs ?? false);
	});

	test("is not redirected by a mount over it", ({ runtime, newId, makeBundle, folder }) => {
		const file = join(folder, "fake");
		writeFileSync(file, "fake\n");
		const bundle = makeBundle({
			args: ["/bin/true"],
			patch: (config) => {
				withMounts({ destination: "/proc/sys/kernel/domainname", source: file, options: ["bind"] })(config);
				config.linux.sysctl = { "kernel.domainname": "set" };
			},
		});
		const { message } = failureOf(runtime("run", "--bundle", bundle, newId()));
		expect(message).toContain("inside /proc");
	});
});
