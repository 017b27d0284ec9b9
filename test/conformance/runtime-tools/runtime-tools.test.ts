/**
 * A second witness: the validation suite of runtime-tools, the specification's own, against this runtime. Every one of its
 * programs passes, or fails only in what explained.ts tells to be the suite's or the machine's.
 */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, type TestContext } from "vitest";
import { built, runtimeProgram } from "../../support/paths.js";
import { isMet, needs } from "../../support/skip.js";
import { buildSuite } from "./build.mjs";
import { explained } from "./explained.js";

/** The names of its programs: those that set cgroups share one path, and take turns. */
const programs = [
	...["config_updates_without_affect", "create", "default", "delete"],
	...["hooks", "hooks_stdin", "hostname", "kill", "kill_no_effect", "killsig"],
	...["linux_devices", "linux_masked_paths", "linux_mount_label", "linux_ns_itype", "linux_ns_nopath", "linux_ns_path"],
	...["linux_ns_path_type", "linux_process_apparmor_profile", "linux_readonly_paths", "linux_rootfs_propagation"],
	...["linux_seccomp", "linux_sysctl", "linux_uid_mappings", "misc_props", "mounts", "pidfile", "poststart"],
	...["poststart_fail", "poststop", "poststop_fail", "prestart", "prestart_fail", "process", "process_capabilities"],
	...["process_capabilities_fail", "process_oom_score_adj", "process_rlimits", "process_rlimits_fail", "process_user"],
	...["root_readonly_true", "start", "state"],
];
const cgroupPrograms = [
	...["delete_only_create_resources", "delete_resources"],
	...["blkio", "cpus", "devices", "hugetlb", "memory", "network", "pids"].flatMap((controller) => [
		`linux_cgroups_${controller}`,
		`linux_cgroups_relative_${controller}`,
	]),
];

const folder = mkdtempSync(join(tmpdir(), "tsrun-tools-"));
// user namespaces map root to somebody else
chmodSync(folder, 0o755);
const wrapper = join(folder, "runtime");
let suite = "";

beforeAll(() => {
	if (!isMet("go")) return;
	suite = buildSuite(join(built, "runtime-tools"));
	// its containers, states and bundles stay in our folder
	writeFileSync(wrapper, `#!/bin/sh\nexec "${runtimeProgram}" --root "${join(folder, "state")}" "$@"\n`, {
		mode: 0o755,
	});
}, 300_000);

afterAll(() => {
	// what a program that gave up has left
	const ids = () => (existsSync(join(folder, "state")) ? readdirSync(join(folder, "state")).filter(isId) : []);
	for (const id of ids()) execFileSync(wrapper, ["delete", "--force", id]);
	for (const hierarchy of readdirSync("/sys/fs/cgroup"))
		for (const made of ["testdir/cgrouptest", "testdir", "cgrouptest"]) {
			const path = join("/sys/fs/cgroup", hierarchy, made);
			// the parents of a container's cgroup stay, as with runc
			if (existsSync(path)) rmdirSync(path);
		}
	const left = ids();
	rmSync(folder, { recursive: true, force: true });
	expect(left).toEqual([]);
});

const isId = (name: string) => !name.includes("~");

it("has the programs that are run here", ({ skip }) => {
	needs(skip, "tsrun", "go");
	expect(readdirSync(join(suite, "tests"))).toEqual([...programs, ...cgroupPrograms].sort());
});

describe.concurrent("the official suite finds nothing wrong that is ours:", () => {
	it.for(programs)("%s", { timeout: 120_000 }, judge);
});

describe("the official suite finds nothing wrong that is ours:", () => {
	it.for(cgroupPrograms)("%s", { timeout: 120_000 }, judge);
});

async function judge(name: string, { skip }: TestContext): Promise<void> {
	needs(skip, "tsrun", "go");
	const { failures = [] } = explained[name] ?? {};
	const found = failuresIn(await run(name));
	expect(found.filter((each) => !failures.some((meant) => meant.test(each)))).toEqual([]);
}

interface Result {
	readonly status: number | null;
	readonly stdout: string;
	readonly stderr: string;
}

/** The assertions that do not hold; errors that are told without one; the last words of a program that gave up. */
function failuresIn({ status, stdout, stderr }: Result): string[] {
	const [untested = "", ...results] = stdout.split(/^(?=(?:not )?ok \d+)/m);
	const failed = results.filter((each) => each.startsWith("not ok")).map((each) => each.split("\n")[0] ?? "");
	const told = [...untested.matchAll(/"error": "(.+)"/g)].map(([, error]) => error ?? "");
	const gaveUp = status === 0 ? [] : [stderr.trim() || `exit status ${status}`];
	return [...failed, ...told, ...gaveUp];
}

function run(name: string): Promise<Result> {
	return new Promise((resolve, reject) => {
		const env = { ...process.env, RUNTIME: wrapper, TMPDIR: folder };
		const program = spawn(join(suite, "tests", name), { cwd: suite, env, stdio: ["ignore", "pipe", "pipe"] });
		let [stdout, stderr] = ["", ""];
		program.stdout.on("data", (text) => (stdout += text));
		program.stderr.on("data", (text) => (stderr += text));
		program.on("error", reject);
		program.on("close", (status) => resolve({ status, stdout, stderr }));
	});
}
