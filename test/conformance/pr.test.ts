/** PR, PX and PU: the program, its limits and its user (config.md#process, #posix-process, #posix-platform-user). */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { RlimitType, Uint64 } from "../../src/spec/types.js";
import { all, type Patch, setting, test } from "../support/conformance.js";
import { listenForConsole } from "../support/console-socket.js";
import { shell } from "../support/container.js";

const withProcess = (members: object): Patch => setting(({ process }) => process, members);
const withUser = (members: object): Patch => setting(({ process }) => process.user, members);

test("PR-02 with terminal a new pty is stdin, stdout and stderr, and controls the session", async ({
	runtime,
	create,
	folder,
}) => {
	const console = await listenForConsole(folder);
	const options = { args: ["/probe", "tty"], patch: withProcess({ terminal: true }) };
	const { id } = create(options, "--console-socket", console.path);
	await console.received();
	expect(runtime("start", id).status).toBe(0);
	expect(JSON.parse((await console.ended()).stdout)).toMatchObject({
		stdin: true,
		stdout: true,
		stderr: true,
		controlling: true,
	});
});

test("PR-03 consoleSize without terminal is ignored", ({ look }) => {
	const patch = withProcess({ terminal: false, consoleSize: { height: 10, width: 20 } });
	expect(look(["tty"], patch)).toMatchObject({ stdin: false, stdout: false });
});

test("PR-04 consoleSize is the size of the terminal, and needs both of its members", async ({
	runtime,
	create,
	refuse,
	folder,
}) => {
	// a size that leaves the terminal as it is
	const console = await listenForConsole(folder, { rows: 0, columns: 0 });
	const terminal = withProcess({ terminal: true, consoleSize: { height: 41, width: 121 } });
	const { id } = create({ args: ["/probe", "tty"], patch: terminal }, "--console-socket", console.path);
	await console.received();
	expect(runtime("start", id).status).toBe(0);
	expect(JSON.parse((await console.ended()).stdout)).toMatchObject({ rows: 41, columns: 121 });
	refuse(withProcess({ terminal: true, consoleSize: { height: 41 } }), "--console-socket", console.path);
});

test("PR-05 the program starts in cwd, which has to be there", ({ output, refuse }) => {
	expect(output(["/bin/pwd"], withProcess({ cwd: "/usr/bin/../bin" }))).toBe("/usr/bin\n");
	refuse(withProcess({ cwd: undefined }));
});

test("PR-06 a cwd that is not absolute is an error", ({ refuse }) => {
	refuse(withProcess({ cwd: "usr" }));
});

test("PR-07 env is the whole environment", ({ runtime, makeBundle, newId }) => {
	const env = ["ONE=1", "EMPTY=", "TWO=a=b c", "HOME=/root"];
	const bundle = makeBundle({ args: ["/probe", "env"], patch: withProcess({ env }) });
	const { stdout } = runtime.with({ env: { CALLERS: "own" } }, "run", "--bundle", bundle, newId());
	expect(JSON.parse(stdout).sort()).toEqual([...env].sort());
});

test("PR-08 the program is looked for in the PATH of env, unless its name has a slash", ({
	runtime,
	makeBundle,
	newId,
	refuse,
}) => {
	const script = (text: string) => `#!/bin/sh\necho ${text}\n`;
	const files = { "one/tool": script("one"), "two/tool": script("two"), "work/tool": script("work") };
	const run = (args: string[], path: string) => {
		const patch = withProcess({ env: [`PATH=${path}`], cwd: "/work" });
		return runtime("run", "--bundle", makeBundle({ args, files, patch }), newId()).stdout;
	};
	expect(run(["tool"], "/nowhere:/two:/one")).toBe("two\n");
	expect(run(["./tool"], "/two")).toBe("work\n");
	expect(run(["/one/tool"], "/two")).toBe("one\n");
	refuse({ args: ["tool"], files, patch: withProcess({ env: ["PATH=/nowhere"] }) });
});

test("PR-09 args without an entry are an error", ({ refuse }) => {
	refuse({ args: [] });
	refuse(withProcess({ args: undefined }));
});

test("PR-10 the program's argv is args, exactly", ({ look }) => {
	const words = ["", "a b", "*", "$HOME", "--", "ü"];
	expect(look(["args", ...words])).toEqual(["/probe", "args", ...words]);
});

const limit = (type: string, soft: Uint64, hard: Uint64 = soft) => ({ type: type as RlimitType, soft, hard });
const withLimits = (...rlimits: object[]): Patch => withProcess({ rlimits });

test.for(["type", "soft", "hard"])("PX-01 a limit without %s is an error", (member, { refuse }) => {
	refuse(withLimits({ ...limit("RLIMIT_CORE", 0), [member]: undefined }));
});

const limits = [
	limit("RLIMIT_AS", 2n ** 63n + 1n, 2n ** 64n - 1n),
	limit("RLIMIT_CORE", 0, 1),
	limit("RLIMIT_CPU", 1000, 2000),
	limit("RLIMIT_DATA", 2n ** 60n + 1n),
	limit("RLIMIT_FSIZE", 2n ** 64n - 1n),
	limit("RLIMIT_LOCKS", 100, 200),
	limit("RLIMIT_MEMLOCK", 4096, 65536),
	limit("RLIMIT_MSGQUEUE", 4096, 5000),
	limit("RLIMIT_NICE", 0),
	limit("RLIMIT_NOFILE", 64, 128),
	limit("RLIMIT_NPROC", 100, 200),
	limit("RLIMIT_RSS", 1_000_000_000),
	limit("RLIMIT_RTPRIO", 0),
	limit("RLIMIT_RTTIME", 1_000_000),
	limit("RLIMIT_SIGPENDING", 10, 20),
	limit("RLIMIT_STACK", 8_388_608, 16_777_216),
];
const shown = (value: Uint64) => (BigInt(value) === 2n ** 64n - 1n ? "unlimited" : String(value));

test("PX-02 PX-04 each of the sixteen types can be set", ({ look }) => {
	const seen = look(["rlimits"], withLimits(...limits));
	expect(Object.keys(seen).sort()).toEqual(limits.map(({ type }) => type).sort());
});

test("PX-05 the soft limits are the program's, up to 2^64-1", ({ look }) => {
	const seen = look(["rlimits"], withLimits(...limits));
	for (const { type, soft } of limits) expect([type, seen[type].soft]).toEqual([type, shown(soft)]);
});

test("PX-06 the hard limits are the program's, up to 2^64-1", ({ look }) => {
	const seen = look(["rlimits"], withLimits(...limits));
	for (const { type, hard } of limits) expect([type, seen[type].hard]).toEqual([type, shown(hard)]);
});

test("PX-03 a limit of a type that the kernel does not have is an error", ({ refuse }) => {
	refuse(withLimits(limit("RLIMIT_MAGIC", 1)));
	refuse(withLimits(limit("RLIMIT_nofile", 1)));
});

test("PX-07 a type that is there twice is an error", ({ refuse }) => {
	refuse(withLimits(limit("RLIMIT_CORE", 0), limit("RLIMIT_CORE", 1)));
});

test.for([
	["PU-01", "uid"],
	["PU-02", "gid"],
] as const)("%s %s is that of the container's user namespace", ([, member], { look }) => {
	const users: Patch = ({ linux }) => {
		linux.namespaces.push({ type: "user" });
		linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 65_536 }];
		linux.gidMappings = [{ containerID: 0, hostID: 200_000, size: 65_536 }];
	};
	const [effective, saved] = [`e${member}`, `s${member}`];
	const expected = { [member]: 1234, [effective]: 1234, [saved]: 1234 };
	expect(look(["id"], withUser({ [member]: 1234 }))).toMatchObject(expected);
	expect(look(["id"], all(users, withUser({ [member]: 1234 })))).toMatchObject(expected);
});

test("PU-03 umask is the program's", ({ look }) => {
	expect(look(["id"], withUser({ umask: 0o027 })).umask).toBe("0027");
	expect(look(["id"], withUser({ umask: 0 })).umask).toBe("0000");
});

test("PU-04 without umask that of the runtime's caller is kept", ({ runtime, makeBundle, newId }) => {
	const through = ["sh", "-c", 'umask 0071; exec "$@"', "sh"];
	const { stdout } = runtime.with({ through }, "run", "--bundle", makeBundle({ args: ["/probe", "id"] }), newId());
	expect(JSON.parse(stdout).umask).toBe("0071");
});

test("PU-05 additionalGids are all supplementary groups that there are", ({ look, runtime, makeBundle, newId }) => {
	expect(look(["id"], withUser({ additionalGids: [7, 42] })).groups.sort()).toEqual([42, 7]);
	const bundle = makeBundle({ args: ["/probe", "id"] });
	const through = ["setpriv", "--groups", "3,5"];
	expect(JSON.parse(runtime.with({ through }, "run", "--bundle", bundle, newId()).stdout).groups).toEqual([]);
});

test("PU-06 ids need no names in the image", ({ runtime, makeBundle, newId }) => {
	const patch = withUser({ uid: 54_321, gid: 54_321, additionalGids: [54_322] });
	const bundle = makeBundle({ args: shell("id -u; id -g"), patch });
	mkdirSync(join(bundle, "rootfs/etc"), { recursive: true });
	writeFileSync(join(bundle, "rootfs/etc/passwd"), "54321:x:0:0:::\n");
	expect(runtime("run", "--bundle", bundle, newId()).stdout).toBe("54321\n54321\n");
});
