/**
 * Nothing leaks in. A caller that has everything changed which a process can hand on: its program finds none of it but
 * what docs/security.md says it inherits, which is what runc lets through as well; nor do hooks. And nothing is left.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { test as base } from "../support/attack.js";
import type { BaseConfig } from "../support/bundle.js";
import { probe } from "../support/paths.js";
import { needs } from "../support/skip.js";
import { awaitStatus } from "../support/status.js";
import { waitFor } from "../support/wait.js";

const nasty = [probe, "nasty"];
const environment = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOME=/root"];

/** What every process finds, whoever called. */
const clean = {
	fds: { 0: expect.any(String), 1: expect.any(String), 2: expect.any(String) },
	signals: { blocked: [], ignored: [], caught: [] },
	deathSignal: 0,
	subreaper: 0,
	processKeyring: expect.stringMatching(/^(ENOKEY|keyring;0;0;.*;_pid)/),
	threadKeyring: expect.stringMatching(/^(ENOKEY|keyring;0;0;.*;_tid)/),
	terminal: false,
};

/** What passes on from the caller: limits and priorities that it is under, as every program that it starts is. */
const inherited = {
	umask: "0071",
	nice: 7,
	policy: 3,
	priority: 0,
	ioClass: 2,
	ioPriority: 6,
	timerSlack: 123_456,
	oomScoreAdj: "77",
	coredumpFilter: "0000007f",
	hugePagesDisabled: 1,
	personality: "00040000",
	securebits: 0,
	core: 4096,
};

interface Inherited {
	readonly maps: readonly string[];
	readonly sessionKeyring: string;
	readonly fds: Readonly<Record<string, string>>;
}

const parse = (text: string): Inherited & Record<string, unknown> => JSON.parse(text);

const onlyItsOwn = expect.toSatisfy(
	(maps: readonly string[]) => maps.every((name) => name === "/probe" || name === probe || /^\[[a-z_]+\]$/.test(name)),
	"no file but the program's own",
);

const test = base.extend("program", ({ folder }) => ({
	program: {
		...clean,
		...inherited,
		env: environment,
		cwd: "/",
		dumpable: 1,
		noNewPrivileges: 1,
		maps: onlyItsOwn,
		pid: 1,
		session: 1,
		sessionKeyring: expect.stringMatching(new RegExp(`^keyring;0;0;.*;_ses\\.${folder.split("/").at(-1)}`)),
	},
}));

const withHome = ({ process }: BaseConfig) => {
	process.env = [...environment];
};

describe("a program finds nothing of a nasty caller's", () => {
	test("by run", ({ runtime, makeBundle, newId, program: { program } }) => {
		const bundle = makeBundle({ args: ["/probe", "inherited"], patch: withHome });
		const run = runtime.with({ through: nasty }, "run", "--bundle", bundle, newId());
		expect(run).toMatchObject({ status: 0, stderr: "" });
		expect(parse(run.stdout)).toMatchObject(program);
		expect(Object.keys(parse(run.stdout).fds)).toEqual(["0", "1", "2"]);
	});

	test("by create and start", async ({ runtime, makeBundle, newId, program: { program } }) => {
		const id = newId();
		const bundle = makeBundle({ args: ["/probe", "inherited"], patch: withHome });
		const create = runtime.with({ through: nasty }, "create", "--bundle", bundle, id);
		expect(runtime.with({ through: nasty }, "start", id)).toMatchObject({ status: 0, stderr: "" });
		await awaitStatus(runtime, id, "stopped");
		const { stdout } = create.later();
		expect(parse(stdout)).toMatchObject(program);
		expect(Object.keys(parse(stdout).fds)).toEqual(["0", "1", "2"]);
		runtime("delete", id);
	});

	test("by exec", ({ runtime, makeBundle, newId, program: { program } }) => {
		const id = newId();
		runtime("run", "--detach", "--bundle", makeBundle({ patch: withHome }), id);
		const { stdout, stderr } = runtime.with({ through: nasty }, "exec", id, "/probe", "inherited");
		expect(stderr).toBe("");
		const found = parse(stdout);
		expect(found).toMatchObject({ ...program, pid: expect.any(Number), session: found.pid });
		expect(Object.keys(found.fds)).toEqual(["0", "1", "2"]);
		runtime("delete", "--force", id);
	});

	test("and not its terminal as the controlling one", async ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({ args: ["/probe", "inherited"] });
		const run = runtime.start({ terminal: { rows: 10, columns: 80 } }, "run", "--bundle", bundle, newId());
		const { stdout } = await run.ended();
		expect(parse(stdout)).toMatchObject({ terminal: false, session: 1, fds: { 0: expect.stringContaining("pts") } });
	});

	test("and what the configuration says wins", ({ runtime, makeBundle, newId }) => {
		const bundle = makeBundle({
			args: ["/probe", "inherited"],
			patch: (config) => {
				withHome(config);
				config.process.user.umask = 0o22;
				config.process.oomScoreAdj = 100;
				config.process.scheduler = { policy: "SCHED_BATCH", nice: 3 };
				config.process.ioPriority = { class: "IOPRIO_CLASS_BE", priority: 2 };
				config.process.rlimits = [{ type: "RLIMIT_CORE", soft: 1024, hard: 1024 }];
				config.linux.personality = { domain: "LINUX" };
			},
		});
		const { stdout } = runtime.with({ through: nasty }, "run", "--bundle", bundle, newId());
		expect(parse(stdout)).toMatchObject({
			umask: "0022",
			oomScoreAdj: "100",
			policy: 3,
			nice: 3,
			ioClass: 2,
			ioPriority: 2,
			core: 1024,
			personality: "00000000",
		});
	});
});

const hookKinds = ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"] as const;
const inContainer: readonly string[] = ["createContainer", "startContainer"];

test("hooks find their environment and three streams, and no signal blocked or ignored", async ({
	runtime,
	makeBundle,
	newId,
	folder,
	skip,
}) => {
	needs(skip, "tsrun");
	const id = newId();
	const reports = join(folder, "reports");
	mkdirSync(reports);
	const bundle = makeBundle({
		patch: (config) => {
			config.root.readonly = false;
			config.hooks = Object.fromEntries(
				hookKinds.map((kind) => {
					const inside = kind === "startContainer";
					const file = inside ? "/report" : join(reports, kind);
					return [kind, [{ path: inside ? "/probe" : probe, args: ["probe", "inherited", file], env: ["KIND=hook"] }]];
				}),
			);
		},
	});
	expect(runtime.with({ through: nasty }, "run", "--detach", "--bundle", bundle, id)).toMatchObject({ stderr: "" });
	runtime.with({ through: nasty }, "delete", "--force", id);
	for (const kind of hookKinds) {
		const report = kind === "startContainer" ? join(bundle, "rootfs/report") : join(reports, kind);
		const found = parse(readFileSync(report, "utf8"));
		expect(found, kind).toMatchObject({
			...clean,
			// stdout is the report
			fds: { 0: expect.stringContaining("memfd:hook-stdin"), 2: expect.stringContaining("memfd:hook-output") },
			env: ["KIND=hook"],
			cwd: kind === "startContainer" ? "/" : bundle,
			deathSignal: 9,
			session: found.pid,
			maps: onlyItsOwn,
		});
		expect([kind, Object.keys(found.fds)]).toEqual([kind, ["0", "1", "2"]]);
		if (inContainer.includes(kind)) expect(found.sessionKeyring).toContain(`_ses.${id}`);
	}
});

test("no keyring, process or file is left by any verb, whether it succeeds or fails", async ({
	runtime,
	makeBundle,
	newId,
	folder,
}) => {
	const file = join(folder, "source");
	writeFileSync(file, "");
	const broken = (patch: (config: BaseConfig) => void) => makeBundle({ args: ["/bin/true"], patch });
	const failing = [
		makeBundle({ args: ["/missing"] }),
		broken(({ process }) => {
			process.cwd = "/probe";
		}),
		broken(({ mounts }) => {
			mounts.push({ destination: "/proc/self", source: file, options: ["bind"] });
		}),
		broken((config) => {
			config.hooks = { createContainer: [{ path: "/bin/false" }] };
		}),
		broken((config) => {
			config.hooks = { startContainer: [{ path: "/bin/false" }] };
		}),
	];
	for (const bundle of failing) {
		expect(runtime.with({ through: nasty }, "run", "--bundle", bundle, newId()).status).not.toBe(0);
	}
	const id = newId();
	expect(runtime.with({ through: nasty }, "create", "--bundle", makeBundle(), id).status).toBe(0);
	const calls: readonly (readonly [verb: string, ...args: string[]])[] = [
		["create", "--bundle", makeBundle(), id],
		["state", id],
		["start", id],
		["start", id],
		["exec", id, "/bin/true"],
		["exec", id, "/missing"],
		["exec", "--cwd", "/missing", id, "/bin/true"],
		["ps", id],
		["update", "--pids-limit", "100", id],
		["kill", id, "NOSUCH"],
		["list"],
		["delete", id],
		["kill", id, "KILL"],
		["delete", "--force", id],
		["delete", id],
		["exec", id, "/bin/true"],
	];
	for (const call of calls) runtime.with({ through: nasty }, ...call);
	// the kernel collects them when it has time
	const keyrings = () => readFileSync("/proc/keys", "utf8").includes(`_ses.${folder.split("/").at(-1)}`);
	await waitFor(() => !keyrings(), { what: "the session keyrings to be gone" });
});
