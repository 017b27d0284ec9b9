/**
 * Containers in what is a container already: one with the rights that docs/security.md names and no others, and a user
 * namespace. Every basic verb works there as on the machine.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { Seccomp, SeccompRule } from "../../src/spec/types/seccomp.js";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { runtimeProgram } from "../support/paths.js";
import { needs } from "../support/skip.js";

/** A life, and another one that ends by itself: what each call says, and its status unless it is 0. */
const life = `
folder=$1
t="$folder/tsrun --root $2"
check() { "$@" || echo "$4 $5: $?"; }
state() { $t state "$1" | grep '"status"'; }
cd $folder/bundle
check $t create a && state a
check $t start a && state a
check $t exec a /bin/echo entered
check $t list --quiet
check $t exec --detach a /probe sleep
$t ps --format json a | tr -cd , | wc -c
check $t kill a KILL
until state a | grep -q stopped; do :; done
check $t delete a
check $t run --detach b
check $t delete --force b
cd $folder/short
check $t run c
check $t list --quiet
`;

/** `others`: processes that ps finds beside the container's first. */
const lived = (others: number) => `  "status": "created",
  "status": "running",
entered
a
${others}
7
`;

const test = base.extend("nested", ({ makeBundle, folder, skip }) => {
	needs(skip, "tsrun");
	/** What a container needs for containers in it. */
	return (patch?: (config: BaseConfig) => void) => {
		const nested = join(folder, "nested");
		mkdirSync(nested);
		copyFileSync(runtimeProgram, join(nested, "tsrun"));
		for (const [name, args] of [
			["bundle", ["/probe", "sleep"]],
			["short", ["/bin/echo", "7"]],
		] as const) {
			execFileSync("mv", [makeBundle({ args, ...(patch && { patch }) }), join(nested, name)]);
		}
		writeFileSync(join(nested, "life"), life);
		chmodSync(nested, 0o755);
		return nested;
	};
});

const room = (nested: string): BaseConfig["mounts"] => [
	{ destination: "/nested", type: "none", source: nested, options: ["rbind", "rw"] },
	{ destination: "/run", type: "tmpfs", source: "tmpfs", options: ["mode=755"] },
	{ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["mode=1777"] },
];

const rights = ["CAP_SYS_ADMIN", "CAP_NET_ADMIN"];
const ofDocker = [
	...["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE"],
	...["NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP"],
].map((name) => `CAP_${name}`);

interface ProfileRule extends SeccompRule {
	readonly includes?: { readonly caps?: readonly string[]; readonly arches?: readonly string[] };
	readonly excludes?: { readonly caps?: readonly string[] };
}

/** The engines' default profile, which began as Docker's, as it is for a container with these capabilities. */
function defaultProfile(capabilities: readonly string[]): Seccomp {
	const profile = JSON.parse(readFileSync("/usr/share/containers/seccomp.json", "utf8"));
	const applies = ({ includes = {}, excludes = {} }: ProfileRule) =>
		(includes.caps ?? []).every((one) => capabilities.includes(one)) &&
		(includes.arches ?? ["amd64"]).includes("amd64") &&
		!(excludes.caps ?? []).some((one) => capabilities.includes(one));
	const syscalls = profile.syscalls.filter(applies).map(({ names, action, errnoRet, args }: ProfileRule) => ({
		names,
		action,
		...(errnoRet !== undefined && { errnoRet }),
		...(args && { args }),
	}));
	const { defaultAction, defaultErrnoRet } = profile;
	return { defaultAction, defaultErrnoRet, syscalls };
}

describe("a container's life passes", () => {
	test("in a container with two rights more than Docker's, under the default profile of engines", ({
		nested,
		runtime,
		makeBundle,
		newId,
		skip,
	}) => {
		needs(skip, "podman");
		const folder = nested();
		const bundle = makeBundle({
			args: ["/bin/sh", "/nested/life", "/nested", "/run/tsrun"],
			patch: (config) => {
				for (const set of ["bounding", "effective", "permitted"] as const) {
					config.process.capabilities[set] = [...ofDocker, ...rights] as never;
				}
				config.linux.seccomp = defaultProfile([...ofDocker, ...rights]);
				config.mounts = config.mounts.filter(({ type }) => type !== "cgroup");
				config.mounts.push(...room(folder), {
					destination: "/sys/fs/cgroup",
					type: "cgroup",
					source: "cgroup",
					options: ["rw"],
				});
				config.linux.resources = {};
			},
		});
		const { status, stdout, stderr } = runtime("run", "--bundle", bundle, newId());
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: lived(1), stderr: "" });
	});

	test("in a user namespace where only one user is mapped", ({ nested, folder }) => {
		const inside = nested((config) => {
			for (const mount of config.mounts) mount.options = mount.options?.filter((option) => option !== "gid=5") ?? [];
			config.linux.resources = {};
		});
		const state = join(folder, "state-inside");
		mkdirSync(state);
		chownSync(state, 1234, 1234);
		const user = ["setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"];
		const namespaces = [
			"unshare",
			"--user",
			"--map-root-user",
			"--mount",
			"--pid",
			"--fork",
			"--kill-child",
			"--mount-proc",
		];
		const [command = "", ...words] = [...user, ...namespaces, "sh", join(inside, "life"), inside, state];
		const env = { PATH: process.env.PATH, TSRUN_E2E: folder };
		const { status, stdout, stderr } = spawnSync(command, words, { env, encoding: "utf8", timeout: 25_000 });
		// without cgroups nobody knows which processes belong together
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: lived(0), stderr: "" });
	});
});
