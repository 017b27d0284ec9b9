/**
 * `test` for attacks: a canary on the host that nothing may touch, root filesystems made for the attack, and the runtimes of
 * Debian, which show that an attack works where their version is still open to it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import type { BundleOptions } from "./bundle.js";
import { test as base } from "./container.js";
import { listing } from "./hostile-tree.js";
import { hostMountinfo } from "./mounts.js";
import { probe, runtimeProgram } from "./paths.js";
import { type Runtime, runtimeIn } from "./runtime.js";
import { needs } from "./skip.js";
import { sweepsAll } from "./sweep.js";
import { type Watched, watch } from "./watched.js";

export interface AttackOptions extends BundleOptions {
	/** Links of the image by path, in the place of whatever was there. */
	readonly links?: Readonly<Record<string, string>>;
}

/** What attackers of containers have changed on hosts. */
const sysctls = [
	"kernel/core_pattern",
	"kernel/domainname",
	"kernel/hostname",
	"kernel/modprobe",
	"kernel/shm_rmid_forced",
	"kernel/sysrq",
	"net/ipv4/ip_forward",
	"vm/overcommit_memory",
];

/** A kernel need not have them all. */
function readOr(file: string): string {
	return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function lookAtHost(folder: string, outside: string): Record<string, unknown> {
	// not its owner: crun 1.8 gives it to the root of any user namespace, and other tests run crun
	const { mode, rdev } = statSync("/dev/null");
	const binary = existsSync(runtimeProgram)
		? createHash("sha256").update(readFileSync(runtimeProgram)).digest("hex")
		: "";
	return {
		binary,
		null: { mode, rdev },
		sysctls: Object.fromEntries(sysctls.map((name) => [name, readOr(`/proc/sys/${name}`)])),
		mounts: hostMountinfo(folder),
		outside: listing(outside),
	};
}

/** How often a race is run: enough to lose it here, many more times with SWEEP=all. */
export const raceRounds = sweepsAll ? 1000 : 60;

/** Milliseconds for a test that runs one. */
export const raceTimeout = sweepsAll ? 900_000 : 120_000;

export const test = base
	/** A directory of the host, which a container must neither see nor change. */
	.extend("outside", { auto: true }, ({ folder }, { onCleanup }) => {
		const outside = join(folder, "outside");
		mkdirSync(join(outside, "directory"), { recursive: true });
		writeFileSync(join(outside, "secret"), "the host's\n");
		const before = lookAtHost(folder, outside);
		onCleanup(() => expect(lookAtHost(folder, outside)).toEqual(before));
		return outside;
	})
	.extend("makeHostileBundle", ({ makeBundle }) => ({ links = {}, ...options }: AttackOptions) => {
		const bundle = makeBundle(options);
		for (const [path, target] of Object.entries(links)) {
			const link = join(bundle, "rootfs", path);
			rmSync(link, { recursive: true, force: true });
			mkdirSync(dirname(link), { recursive: true });
			symlinkSync(target, link);
		}
		return bundle;
	})
	/** Two names that swap all the time, until the test ends. */
	.extend("exchange", ({ folder }, { onCleanup }) => {
		const running: Watched[] = [];
		onCleanup(async () => {
			for (const one of running) {
				one.signal("SIGKILL");
				await one.ended();
			}
		});
		return async (a: string, b: string) => {
			const one = watch(`exchange ${a} ${b}`, probe, ["exchange", a, b], { env: { TSRUN_E2E: folder } });
			running.push(one);
			await one.prints("ready");
		};
	})
	/** Debian's runtime of that name, in place of the one under test. */
	.extend("peer", ({ folder, skip }) => (name: "runc" | "crun"): Runtime => {
		needs(skip, name);
		return runtimeIn(folder, name === "crun" ? crunIn(folder) : name);
	});

/** crun 1.8 refuses a machine that has both versions of cgroups: there it does not see the second. */
function crunIn(folder: string): string {
	const unified = "/sys/fs/cgroup/unified";
	if (!existsSync(unified)) return "crun";
	const script = join(folder, "crun");
	const alone = `exec unshare --mount --propagation private sh -ec 'mount -t tmpfs none ${unified}; exec crun "$@"' sh "$@"`;
	writeFileSync(script, `#!/bin/sh\n${alone}\n`, { mode: 0o755 });
	return script;
}

/** For the skip of a test whose attack the packaged runtime withstands. */
export function fixedIn(name: "runc" | "crun", advisory: string): string {
	const [version = ""] = execFileSync(name, ["--version"], { encoding: "utf8" }).split("\n");
	return `${version} is not open to ${advisory}`;
}
