/**
 * Destinations of mounts that are exchanged while the runtime is at work, as a second container with the same volume can
 * do it: what is made and what is mounted stays inside, and nothing is made on the host.
 */
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, vi } from "vitest";
import { test as base, fixedIn, raceRounds, raceTimeout } from "../support/attack.js";
import { shell, withMounts } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { parseMountinfo } from "../support/mounts.js";
import { probe } from "../support/paths.js";

vi.setConfig({ testTimeout: raceTimeout });

/** Ways to make a mount: that of today, and those without openat2, or without the calls on descriptors. */
const machines = [
	["with the calls of today", []],
	["without openat2", [probe, "refuse", "ENOSYS", "openat2"]],
	["without mounts on descriptors", [probe, "refuse", "EPERM", "openat2,open_tree,move_mount,fsopen,mount_setattr"]],
] as const;

/** A volume with a directory and a link to `target`, which swap. */
const test = base.extend("makeVolume", ({ folder, exchange }) => async (target: string) => {
	const volume = join(folder, "volume");
	mkdirSync(join(volume, "a"), { recursive: true });
	symlinkSync(target, join(volume, "link"));
	await exchange(join(volume, "a"), join(volume, "link"));
	return { destination: "/vol", source: volume, options: ["bind"] };
});

describe("a destination in a volume that is exchanged for a link to the host", () => {
	test.for(machines)(
		"gets its mount inside, and makes nothing outside, %s (CVE-2021-30465, CVE-2024-45310)",
		async ([, through], { runtime, newId, makeBundle, makeVolume, outside }) => {
			const volume = await makeVolume(outside);
			const tmpfs = { destination: "/vol/a/x/y/z", type: "tmpfs", source: "raced" };
			const bundle = makeBundle({ args: ["/probe", "mounts"], patch: withMounts(volume, tmpfs) });
			const points = new Set<string>();
			for (let round = 0; round < raceRounds; round++) {
				const run = runtime.with({ through }, "run", "--bundle", bundle, newId());
				if (run.status !== 0) {
					expect(failureOf(run).message).toContain("error mounting");
					continue;
				}
				// it has landed once, somewhere in the container's tree
				const [one, ...more] = parseMountinfo(run.stdout).filter(({ source }) => source === "raced");
				expect([run.stdout, more]).toEqual([run.stdout, []]);
				points.add(one?.point ?? "OUTSIDE");
			}
			const inside = ["/vol/a/x/y/z", "/vol/link/x/y/z", `${outside}/x/y/z`];
			expect([...points].filter((point) => !inside.includes(point))).toEqual([]);
			expect(points.size).toBeGreaterThan(0);
			expect(readdirSync(outside)).toEqual(["directory", "secret"]);
		},
	);

	test("is where the packaged runc makes directories on the host (CVE-2024-45310)", async ({
		peer,
		newId,
		makeBundle,
		makeVolume,
		folder,
		skip,
	}) => {
		const victim = join(folder, "victim");
		mkdirSync(victim);
		const volume = await makeVolume(victim);
		const tmpfs = { destination: "/vol/a/x/y/z", type: "tmpfs", source: "raced" };
		const bundle = makeBundle({ args: ["/bin/true"], patch: withMounts(volume, tmpfs) });
		const runc = peer("runc");
		for (let round = 0; round < raceRounds && readdirSync(victim).length === 0; round++) {
			runc("run", "--bundle", bundle, newId());
		}
		const made = readdirSync(victim);
		if (made.length === 0) skip(`${fixedIn("runc", "CVE-2024-45310")}, or was never in time to lose`);
		expect(made).toEqual(["x"]);
	});
});

describe("/proc and /sys of the image", () => {
	/** Nothing is printed by what is masked or protected, nor by what is not there because of a link in its place. */
	const look = shell(
		"cat /proc/timer_list /sys/firmware/*/* 2>/dev/null; test -w /proc/sysrq-trigger && echo writable; :",
	);

	test.for(["proc", "sys"])(
		"that swap with links: /%s is a real one or none (CVE-2019-19921, CVE-2023-27561, CVE-2023-28642)",
		async (name, { runtime, newId, makeHostileBundle, exchange, outside }) => {
			const bundle = makeHostileBundle({ args: look, links: { link: outside } });
			const rootfs = join(bundle, "rootfs");
			mkdirSync(join(rootfs, outside), { recursive: true });
			mkdirSync(join(rootfs, name), { recursive: true });
			await exchange(join(rootfs, name), join(rootfs, "link"));
			const seen = new Set<string>();
			for (let round = 0; round < raceRounds; round++) {
				const run = runtime("run", "--bundle", bundle, newId());
				seen.add(run.status === 0 ? run.stdout : failureOf(run).message.replace(/^.*error mounting/, "error mounting"));
			}
			const refused = /must be mounted on ordinary directory|no longer what was mounted there|in the root filesystem: /;
			expect([...seen].filter((text) => !refused.test(text) && text !== "")).toEqual([]);
			expect(readdirSync(outside)).toEqual(["directory", "secret"]);
		},
	);

	test.for<[name: string, destination: string]>([
		["/proc", "/proc"],
		["/proc/self/attr/exec", "/proc/self/attr/exec"],
		["/proc/self/attr", "/proc/self/attr"],
		["/proc/sys/kernel", "/proc/sys/kernel"],
		["/proc by dots", "/x/../proc"],
		["/proc by slashes", "//proc///"],
		["a link to /proc/self", "/link"],
	])(
		"a volume over %s is refused, and nothing of it is written to (CVE-2019-16884)",
		([, destination], { runtime, newId, makeHostileBundle, folder }) => {
			const volume = join(folder, "fake");
			mkdirSync(join(volume, "self/attr"), { recursive: true });
			mkdirSync(join(volume, "x"));
			for (const name of ["exec", "current", "keycreate"]) writeFileSync(join(volume, "self/attr", name), "untouched");
			const bundle = makeHostileBundle({
				args: ["/bin/true"],
				links: { link: "/proc/self" },
				patch: withMounts({ destination, source: volume, options: ["rbind"] }),
			});
			const { status, message } = failureOf(runtime("run", "--bundle", bundle, newId()));
			expect(status).toBe(1);
			expect(message).toMatch(/cannot be mounted because it is (inside \/proc|not of type proc)|not a directory/);
		},
	);

	test("a fake one in the image is never looked at", ({ runtime, newId, makeBundle }) => {
		const files = { "proc/self/attr/exec": "fake", "proc/sys/kernel/domainname": "fake", "proc/1/ns/mnt": "fake" };
		const patch = ({ linux }: Parameters<ReturnType<typeof withMounts>>[0]) => {
			linux.sysctl = { "kernel.domainname": "set" };
		};
		const bundle = makeBundle({ args: ["/probe", "hostname"], files, patch });
		const run = runtime("run", "--bundle", bundle, newId());
		expect(JSON.parse(run.stdout)).toEqual({ hostname: "container", domainname: "set" });
	});
});
