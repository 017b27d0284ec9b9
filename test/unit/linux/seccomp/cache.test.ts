import { beforeEach, describe, expect, it } from "vitest";
import { cachedSeccomp, cacheKey } from "../../../../src/linux/seccomp/cache.js";
import type { Seccomp } from "../../../../src/spec/types.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { fnv1a64 } from "../../../support/door-answers.js";
import { assemble } from "./bpf.js";

const directory = "/run/tsrun/.seccomp";
const program = assemble([[0x06, 0, 0, 0x7fff0000]]);
const profile: Seccomp = {
	defaultAction: "SCMP_ACT_ALLOW",
	syscalls: [{ names: ["read"], action: "SCMP_ACT_ERRNO", errnoRet: 5 }],
};

beforeEach(() => {
	door.files({ "/proc/sys/kernel/random/boot_id": "b-1\n", "/run/tsrun/": "" });
	door.answer("seccomp_export_bpf", program);
});

const compiled = () => door.args("seccomp_export_bpf").length;
const entryOf = (seccomp: Seccomp) => `${directory}/${fnv1a64(cacheKey(seccomp))}`;

describe("a profile's program", () => {
	it("is compiled once and then read", () => {
		expect(cachedSeccomp(directory, profile)).toEqual(program);
		expect(door.list(directory)).toEqual([entryOf(profile)]);
		expect(cachedSeccomp(directory, profile)).toEqual(program);
		expect(compiled()).toBe(1);
	});

	it("is private to its owner", () => {
		cachedSeccomp(directory, profile);
		expect((door.mode(directory) ?? 0) & 0o777).toBe(0o700);
		expect((door.mode(entryOf(profile)) ?? 0) & 0o777).toBe(0o600);
	});

	it("is not written where others can see it half done", () => {
		cachedSeccomp(directory, profile);
		const [[, temporary, , name] = []] = door.args("renameat2");
		expect(`${directory}/${name}`).toBe(entryOf(profile));
		expect(temporary).toBe(`${name}.1000`);
		expect(door.writes.every(({ path }) => path.endsWith(".1000"))).toBe(true);
	});

	it("is not that of another profile whose name in the cache is the same", () => {
		door.answer("fnv1a64", "0123456789abcdef");
		cachedSeccomp(directory, profile);
		cachedSeccomp(directory, { ...profile, defaultAction: "SCMP_ACT_LOG" });
		expect(compiled()).toBe(2);
		cachedSeccomp(directory, profile);
		expect(compiled()).toBe(3);
	});

	it.each([
		["of an earlier boot", () => door.files({ "/proc/sys/kernel/random/boot_id": "b-2\n" })],
		["of another libseccomp", () => door.answer("seccomp_version", "2.6.0")],
		["of another architecture", () => door.answer("seccomp_arch_native", 0xc00000b7)],
	])("is not one %s", (_title, change) => {
		cachedSeccomp(directory, profile);
		change();
		cachedSeccomp(directory, profile);
		expect(compiled()).toBe(2);
	});

	it.each([
		["empty", () => ""],
		["cut short", (entry: string) => entry.slice(0, -3)],
		["too long", (entry: string) => `${entry}        `],
		["without its program", (entry: string) => entry.slice(0, entry.lastIndexOf("\n") + 1)],
		["with a wrong key", (entry: string) => entry.replace("read", "reap")],
		["with a length that is no number", (entry: string) => `zzzzzzzz${entry.slice(8)}`],
	])("is compiled again when the entry is %s", (_title, damage) => {
		// a program of ASCII bytes, so that the entry can be handled as text
		const text = assemble([[0x06, 0, 0, 0x41414141]]);
		door.answer("seccomp_export_bpf", text);
		cachedSeccomp(directory, profile);
		door.files({ [entryOf(profile)]: damage(door.content(entryOf(profile)) ?? "") });
		expect(cachedSeccomp(directory, profile)).toEqual(text);
		expect(compiled()).toBe(2);
		expect(cachedSeccomp(directory, profile)).toEqual(text);
		expect(compiled()).toBe(2);
	});

	it("is not read through a link", () => {
		cachedSeccomp(directory, profile);
		door.files({ "/tmp/evil": door.content(entryOf(profile)) ?? "", [entryOf(profile)]: { link: "/tmp/evil" } });
		cachedSeccomp(directory, profile);
		expect(compiled()).toBe(2);
	});
});

describe("the cache", () => {
	it("keeps 64 entries and then starts anew", () => {
		const numbered = (errnoRet: number): Seccomp => ({
			...profile,
			syscalls: [{ names: ["read"], action: "SCMP_ACT_ERRNO", errnoRet }],
		});
		for (let errno = 1; errno <= 64; errno++) cachedSeccomp(directory, numbered(errno));
		expect(door.list(directory).length).toBe(64);
		cachedSeccomp(directory, numbered(65));
		expect(door.list(directory)).toEqual([entryOf(numbered(65))]);
	});

	it.each(["mkdirat", "openat", "write", "renameat2", "getdents64", "read"] as const)(
		"never fails the container: %s is refused",
		(call) => {
			door.fail(call, "EROFS");
			expect(cachedSeccomp(directory, profile)).toEqual(program);
		},
	);

	it("leaves no temporary file behind when the disk is full", () => {
		door.fail("write", "ENOSPC");
		cachedSeccomp(directory, profile);
		expect(door.list(directory)).toEqual([]);
	});

	it("does not hide that a profile cannot be compiled", () => {
		door.fail("seccomp_export_bpf", "ENOMEM");
		expect(() => cachedSeccomp(directory, profile)).toThrow(TsrunError);
		expect(door.list("/run/tsrun")).toEqual([]);
	});
});

describe("the key", () => {
	it("tells 64-bit values apart to the last digit", () => {
		const masked = (value: bigint): Seccomp => ({
			...profile,
			syscalls: [{ names: ["read"], action: "SCMP_ACT_LOG", args: [{ index: 0, op: "SCMP_CMP_EQ", value }] }],
		});
		expect(cacheKey(masked(2n ** 63n))).not.toBe(cacheKey(masked(2n ** 63n + 1n)));
	});

	it("does not hold what the program does not depend on", () => {
		const talkative: Seccomp = { ...profile, listenerPath: "/run/agent", listenerMetadata: "ä", flags: [] };
		expect(cacheKey(talkative)).toBe(cacheKey(profile));
	});
});
