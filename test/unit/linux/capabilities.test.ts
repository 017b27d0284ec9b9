import { describe, expect, it } from "vitest";
import {
	capabilitySets,
	dropBounding,
	grantable,
	lastCapability,
	namesOf,
	planCapabilities,
} from "../../../src/linux/capabilities.js";
import { capabilityNames } from "../../../src/spec/capability-names.js";
import * as constants from "../../../src/sys/constants.js";
import { PR_CAPBSET_DROP, PR_CAPBSET_READ } from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";

const bit = (...names: readonly string[]) =>
	names.reduce((mask, name) => mask | (1n << BigInt(capabilityNames.indexOf(name))), 0n);
const everything = (1n << 41n) - 1n;
const full = { effective: everything, permitted: everything, inheritable: 0n };
const none = { bounding: 0n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n };

/** A kernel whose last capability is `last`, and a process whose bounding set is `bounding`. */
function kernel(last: number, bounding: bigint): void {
	door.answer("prctl", (option, number) => {
		if (Number(number) > last) throw sysError("prctl", "EINVAL", [option, number]);
		return option === PR_CAPBSET_READ ? Number((bounding >> BigInt(number)) & 1n) : 0;
	});
}

describe("names", () => {
	it("have the numbers of the kernel's header, all 41", () => {
		expect(capabilityNames.length).toBe(41);
		expect(constants.CAP_LAST_CAP).toBe(40);
		for (const [number, name] of capabilityNames.entries()) {
			expect([name, (constants as Record<string, unknown>)[name]]).toEqual([name, number]);
		}
	});

	it("of a mask are given in order, numbers where there is no name", () => {
		expect(namesOf(bit("CAP_KILL", "CAP_CHOWN", "CAP_BPF") | (1n << 50n))).toEqual([
			"CAP_CHOWN",
			"CAP_KILL",
			"CAP_BPF",
			"capability 50",
		]);
		expect(namesOf(0n)).toEqual([]);
	});
});

describe("capabilitySets", () => {
	it("makes a mask of each set, empty for one that is absent", () => {
		const { masks, unavailable } = capabilitySets(
			{
				bounding: ["CAP_CHOWN", "CAP_MKNOD"],
				effective: ["CAP_LEASE"],
				permitted: ["CAP_SETFCAP"],
				ambient: ["CAP_BPF"],
			},
			40,
		);
		expect(masks).toEqual({
			bounding: bit("CAP_CHOWN", "CAP_MKNOD"),
			effective: 1n << 28n,
			permitted: 1n << 31n,
			inheritable: 0n,
			ambient: 1n << 39n,
		});
		expect(unavailable).toEqual([]);
	});

	it("covers every capability", () => {
		expect(capabilitySets({ bounding: [...capabilityNames] }, 40).masks.bounding).toBe(everything);
	});

	it("names those the kernel does not have, once", () => {
		const wanted = ["CAP_CHECKPOINT_RESTORE", "CAP_BPF", "CAP_CHOWN"];
		const { masks, unavailable } = capabilitySets({ bounding: wanted, permitted: wanted }, 37);
		expect(unavailable).toEqual(["CAP_BPF", "CAP_CHECKPOINT_RESTORE"]);
		expect(masks.bounding).toBe(bit("CAP_CHOWN"));
	});

	it("leaves out names that nobody knows", () => {
		const { masks, unavailable } = capabilitySets({ effective: ["CAP_FLY", "toString", "CAP_KILL", "kill"] }, 40);
		expect(masks.effective).toBe(bit("CAP_KILL"));
		expect(unavailable).toEqual([]);
	});
});

describe("grantable", () => {
	it("grants everything to a process that has everything", () => {
		const wanted = { ...none, bounding: everything, effective: everything, permitted: everything };
		expect(grantable(wanted, full, everything)).toEqual({ masks: wanted, warnings: [] });
	});

	it("leaves out what the process has not got, with one warning", () => {
		const own = everything & ~bit("CAP_SYS_RESOURCE", "CAP_BPF");
		const wanted = { ...none, bounding: everything, effective: everything, permitted: everything };
		const { masks, warnings } = grantable(wanted, { effective: own, permitted: own, inheritable: 0n }, own);
		expect(masks).toEqual({ ...none, bounding: own, effective: own, permitted: own });
		expect(warnings).toEqual(["ignoring capabilities that cannot be granted: [CAP_SYS_RESOURCE CAP_BPF]"]);
	});

	it("makes nothing effective that is not permitted", () => {
		const { masks, warnings } = grantable({ ...none, effective: bit("CAP_KILL") }, full, everything);
		expect(masks.effective).toBe(0n);
		expect(warnings).toEqual(["ignoring capabilities that cannot be granted: [CAP_KILL]"]);
	});

	it("makes nothing inheritable that the new bounding set lacks", () => {
		const { masks, warnings } = grantable({ ...none, inheritable: bit("CAP_KILL") }, full, everything);
		expect(masks.inheritable).toBe(0n);
		expect(warnings).toEqual(["ignoring capabilities that cannot be granted: [CAP_KILL]"]);
	});

	it("raises an ambient capability that is permitted and inheritable", () => {
		const kill = bit("CAP_KILL");
		const wanted = { bounding: kill, effective: kill, permitted: kill, inheritable: kill, ambient: kill };
		expect(grantable(wanted, full, everything)).toEqual({ masks: wanted, warnings: [] });
	});

	it("names each ambient capability that is not", () => {
		const two = bit("CAP_KILL", "CAP_AUDIT_WRITE");
		const { masks, warnings } = grantable({ ...none, bounding: two, permitted: two, ambient: two }, full, everything);
		expect(masks.ambient).toBe(0n);
		expect(warnings).toEqual([
			"can't raise ambient capability CAP_KILL: operation not permitted",
			"can't raise ambient capability CAP_AUDIT_WRITE: operation not permitted",
		]);
	});
});

describe("planCapabilities", () => {
	it("empties every set when none is configured", () => {
		kernel(40, everything);
		expect(planCapabilities(undefined)).toEqual({ masks: none, warnings: [] });
	});

	it("warns of what the kernel does not have", () => {
		kernel(37, everything);
		expect(planCapabilities({ bounding: ["CAP_CHOWN", "CAP_PERFMON"] }).warnings).toEqual([
			"ignoring unknown or unavailable capabilities: [CAP_PERFMON]",
		]);
	});

	it("keeps in the bounding set what is there without being permitted", () => {
		kernel(40, bit("CAP_KILL", "CAP_CHOWN"));
		door.answer("capget", { effective: 0n, permitted: bit("CAP_CHOWN"), inheritable: 0n });
		const { masks, warnings } = planCapabilities({ bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_BPF"] });
		expect(masks.bounding).toBe(bit("CAP_CHOWN", "CAP_KILL"));
		expect(warnings).toEqual(["ignoring capabilities that cannot be granted: [CAP_BPF]"]);
	});

	it("costs two calls where all is granted", () => {
		kernel(40, everything);
		planCapabilities({ bounding: ["CAP_CHOWN"], permitted: ["CAP_CHOWN"] });
		expect(door.names).toEqual(["prctl", "capget"]);
	});
});

describe("lastCapability", () => {
	it.each([
		[40, 40],
		[37, 37],
		[0, 0],
		[42, 40],
	])("of a kernel whose last is %i is %i", (last, known) => {
		kernel(last, everything);
		expect(lastCapability()).toBe(known);
	});
});

describe("dropBounding", () => {
	it("drops everything outside the mask, also what has no name yet, and nothing inside", () => {
		kernel(42, everything);
		dropBounding(everything & ~bit("CAP_CHOWN", "CAP_BPF"));
		const dropped = door.args("prctl").map(([option, number]) => [option, number]);
		// the last one is the question that the kernel answers with EINVAL
		expect(dropped).toEqual([0, 39, 41, 42, 43].map((number) => [PR_CAPBSET_DROP, number]));
	});

	it("drops all of them for an empty mask", () => {
		kernel(40, everything);
		dropBounding(0n);
		expect(door.args("prctl").length).toBe(42);
	});

	it("minds a refusal only where there is something to drop", () => {
		kernel(40, bit("CAP_CHOWN"));
		door.fail("prctl", "EPERM", (option) => option === PR_CAPBSET_DROP);
		expect(() => dropBounding(bit("CAP_CHOWN"))).not.toThrow();
		expect(() => dropBounding(0n)).toThrow(TsrunError);
		expect(() => dropBounding(0n)).toThrow("drop CAP_CHOWN from the bounding set: operation not permitted");
	});
});
