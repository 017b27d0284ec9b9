import { describe, expect, it } from "vitest";
import { applyRlimits, raisesHardLimit } from "../../../src/linux/rlimits.js";
import type { Rlimit, RlimitType } from "../../../src/spec/types.js";
import { RLIM_INFINITY, RLIMIT_CORE, RLIMIT_NOFILE } from "../../../src/sys/constants.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

/** In the order of their numbers (asm-generic/resource.h). */
const types: readonly RlimitType[] = [
	"RLIMIT_CPU",
	"RLIMIT_FSIZE",
	"RLIMIT_DATA",
	"RLIMIT_STACK",
	"RLIMIT_CORE",
	"RLIMIT_RSS",
	"RLIMIT_NPROC",
	"RLIMIT_NOFILE",
	"RLIMIT_MEMLOCK",
	"RLIMIT_AS",
	"RLIMIT_LOCKS",
	"RLIMIT_SIGPENDING",
	"RLIMIT_MSGQUEUE",
	"RLIMIT_NICE",
	"RLIMIT_RTPRIO",
	"RLIMIT_RTTIME",
];

function errorOf(rlimit: Rlimit): TsrunError {
	try {
		applyRlimits([rlimit]);
	} catch (error) {
		if (error instanceof TsrunError) return error;
	}
	throw new Error("no TsrunError was thrown");
}

describe("applyRlimits", () => {
	it("sets every type of getrlimit(2) under its number", () => {
		applyRlimits(types.map((type) => ({ type, soft: 1, hard: 2 })));
		expect(door.args("setrlimit")).toEqual(types.map((_type, number) => [number, 1n, 2n]));
	});

	it("keeps values of 64 bits to the last digit", () => {
		applyRlimits([{ type: "RLIMIT_CORE", soft: 9007199254740993n, hard: RLIM_INFINITY }]);
		expect(door.args("setrlimit")).toEqual([[RLIMIT_CORE, 9007199254740993n, 18446744073709551615n]]);
	});

	it("names type and values, and what raising takes", () => {
		door.fail("setrlimit", "EPERM");
		door.answer("getrlimit", { soft: 1024n, hard: 4096n });
		const error = errorOf({ type: "RLIMIT_NPROC", soft: 1024, hard: RLIM_INFINITY });
		expect(error.message).toBe("setrlimit RLIMIT_NPROC (soft 1024, hard unlimited): operation not permitted");
		expect(error.details).toMatchObject({
			object: "RLIMIT_NPROC",
			errno: "EPERM",
			hint: "raising the hard limit above 4096 needs CAP_SYS_RESOURCE",
		});
	});

	it("tells of the system's own limit of descriptors", () => {
		door.fail("setrlimit", "EPERM", (resource) => resource === RLIMIT_NOFILE);
		const error = errorOf({ type: "RLIMIT_NOFILE", soft: 2000000000, hard: 2000000000 });
		expect(error.details.hint).toBe("the limit may not exceed /proc/sys/fs/nr_open");
	});
});

describe("raisesHardLimit", () => {
	it.each([
		[4096, false],
		[4097, true],
		[RLIM_INFINITY, true],
	])("of 4096 to %s is %s", (hard, raises) => {
		door.answer("getrlimit", { soft: 1n, hard: 4096n });
		expect(raisesHardLimit({ type: "RLIMIT_NPROC", soft: 1, hard })).toBe(raises);
	});
});
