/** Containers of a user with a systemd of its own: scopes in the tree that the machine's systemd delegated to it. */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { cgroupPath, control } from "../support/cgroups.js";
import { test as base } from "../support/container.js";
import { failureOf } from "../support/failure.js";
import { needs } from "../support/skip.js";

/** "daemon", whom every machine has and nothing uses. */
const user = 1;
const manager = `user@${user}.service`;
const runtimeDir = `/run/user/${user}`;
const silent = { status: 0, stdout: "", stderr: "" };
const MiB = 1 << 20;

const become = ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"];
/** Where the user's processes are: among its own units, or somewhere else, as in a login session. */
const places = { "its own units": ["systemd-run", "--user", "--scope", "--quiet"], "a session": [] };

const test = base
	.extend("session", { auto: true }, ({ skip }, { onCleanup }) => {
		needs(skip, "cgroup v2", "systemd");
		execFileSync("systemctl", ["start", manager]);
		onCleanup(() => {
			execFileSync("systemctl", ["stop", manager]);
		});
	})
	.extend("asUser", ({ runtime, folder, session: _session }) => {
		execFileSync("install", ["-d", "-o", String(user), join(folder, "state")]);
		return (place: readonly string[], ...args: string[]) =>
			runtime.with({ env: { XDG_RUNTIME_DIR: runtimeDir }, through: [...become, ...place] }, ...args);
	})
	.extend("userBundle", ({ makeBundle, asUser }) => {
		return (patch: (config: BaseConfig) => void) => {
			const bundle = makeBundle();
			const file = join(bundle, "config.json");
			rmSync(file);
			execFileSync("chown", ["-R", `${user}:${user}`, bundle]);
			expect(asUser([], "spec", "--rootless", "--bundle", bundle)).toMatchObject(silent);
			const config = JSON.parse(readFileSync(file, "utf8")) as BaseConfig;
			Object.assign(config.process, { args: ["/probe", "sleep"], terminal: false });
			patch(config);
			writeFileSync(file, JSON.stringify(config));
			return bundle;
		};
	});

const limited = ({ linux }: BaseConfig) => {
	linux.resources = { memory: { limit: 64 * MiB }, pids: { limit: 33 }, cpu: { shares: 512 } };
};

describe("a user's container", () => {
	for (const [where, place] of Object.entries(places)) {
		test(`is a scope of the user's systemd, made from ${where}`, ({ asUser, userBundle, newId }) => {
			const id = newId();
			const call = (...args: string[]) => asUser(place, ...args);
			const state = () => JSON.parse(call("state", id).stdout) as { status: string; pid: number };
			expect(call("--systemd-cgroup", "run", "--detach", "--bundle", userBundle(limited), id)).toMatchObject(silent);
			const { pid } = state();
			expect(cgroupPath(pid, "")).toBe(`/user.slice/user-${user}.slice/${manager}/user.slice/tsrun-${id}.scope`);
			const limits = () => ["memory.max", "pids.max", "cpu.weight"].map((file) => control(pid, "", file));
			expect(limits()).toEqual([String(64 * MiB), "33", "59"]);
			expect(call("exec", id, "/probe", "read", "/proc/self/cgroup")).toMatchObject({ status: 0, stdout: "0::/\n" });
			expect(call("pause", id)).toMatchObject(silent);
			expect(state().status).toBe("paused");
			expect(call("resume", id)).toMatchObject(silent);
			expect(call("update", "--memory", "32M", id)).toMatchObject(silent);
			expect(limits()[0]).toBe(String(32 * MiB));
			expect(call("delete", "--force", id)).toMatchObject(silent);
		});
	}

	test("is refused with the cure when the user has no systemd", ({ runtime, userBundle, newId, folder }) => {
		const bundle = userBundle(limited);
		const log = join(folder, "state", "log");
		const result = runtime.with(
			{ env: { XDG_RUNTIME_DIR: join(folder, "state") }, through: become },
			...["--log", log, "--log-format", "json", "--systemd-cgroup", "run", "--bundle", bundle, newId()],
		);
		expect(failureOf(result).status).toBe(1);
		expect(JSON.parse(readFileSync(log, "utf8"))).toMatchObject({
			id: "cgroup-failed",
			msg: expect.stringMatching(/connect to systemd over "\S+\/bus": no such file or directory/),
			hint: expect.stringContaining("loginctl enable-linger"),
		});
		rmSync(log);
	});
});
