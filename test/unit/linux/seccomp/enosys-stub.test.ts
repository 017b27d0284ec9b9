import { describe, expect, it } from "vitest";
import { type NewestCall, prependEnosysStub } from "../../../../src/linux/seccomp/enosys-stub.js";
import {
	ENOSYS,
	SCMP_ARCH_AARCH64,
	SCMP_ARCH_ARM,
	SCMP_ARCH_MIPS,
	SCMP_ARCH_PPC64LE,
	SCMP_ARCH_RISCV64,
	SCMP_ARCH_S390X,
	SCMP_ARCH_X32,
	SCMP_ARCH_X86,
	SCMP_ARCH_X86_64,
	SECCOMP_RET_ALLOW,
	SECCOMP_RET_ERRNO,
	SECCOMP_RET_KILL_PROCESS,
} from "../../../../src/sys/constants.js";
import { assemble, runFilter } from "./bpf.js";

const enosys = SECCOMP_RET_ERRNO | ENOSYS;
const eperm = SECCOMP_RET_ERRNO | 1;
const x32Bit = 0x40000000;
const minusOne = 0xffffffff;

/** Allows system call 1, denies the rest: it loads the number itself, as every filter does. */
const filter = assemble([
	[0x20, 0, 0, 0],
	[0x15, 0, 1, 1],
	[0x06, 0, 0, SECCOMP_RET_ALLOW],
	[0x06, 0, 0, eperm],
]);

function verdict(newest: readonly NewestCall[], architecture: number, number: number): number {
	return runFilter(prependEnosysStub(filter, newest), { architecture, number });
}

describe("the stub in front of a filter", () => {
	const architectures = [
		SCMP_ARCH_X86_64,
		SCMP_ARCH_X86,
		SCMP_ARCH_AARCH64,
		SCMP_ARCH_ARM,
		SCMP_ARCH_MIPS,
		SCMP_ARCH_PPC64LE,
		SCMP_ARCH_RISCV64,
		SCMP_ARCH_S390X,
	];

	it.each(architectures)(
		"answers ENOSYS above the newest call and nowhere else, on architecture %i alone",
		(architecture) => {
			const newest = [{ architecture, number: 450 }];
			expect(verdict(newest, architecture, 451)).toBe(enosys);
			expect(verdict(newest, architecture, 0x3fffffff)).toBe(enosys);
			expect(verdict(newest, architecture, 450)).toBe(eperm);
			expect(verdict(newest, architecture, 0)).toBe(eperm);
			expect(verdict(newest, architecture, 1)).toBe(SECCOMP_RET_ALLOW);
		},
	);

	it("knows a number for each of many architectures", () => {
		const newest = architectures.map((architecture, index) => ({ architecture, number: 400 + index }));
		for (const { architecture, number } of newest) {
			expect(verdict(newest, architecture, number)).toBe(eperm);
			expect(verdict(newest, architecture, number + 1)).toBe(enosys);
			expect(verdict(newest, architecture, 1)).toBe(SECCOMP_RET_ALLOW);
		}
	});

	it("leaves architectures that the profile does not speak of to the filter", () => {
		expect(verdict([{ architecture: SCMP_ARCH_X86_64, number: 450 }], SCMP_ARCH_X86, 451)).toBe(eperm);
		expect(verdict([{ architecture: SCMP_ARCH_ARM, number: 450 }], SCMP_ARCH_AARCH64, 451)).toBe(eperm);
	});

	it("is not there when no call is known", () => {
		expect(prependEnosysStub(filter, [])).toBe(filter);
	});

	it("leaves the filter's own bytes as they are", () => {
		const whole = prependEnosysStub(filter, [{ architecture: SCMP_ARCH_ARM, number: 400 }]);
		expect(new Uint8Array(whole).slice(-filter.byteLength)).toEqual(new Uint8Array(filter));
	});

	it("does not change how a filter that kills does kill", () => {
		const killer = assemble([[0x06, 0, 0, SECCOMP_RET_KILL_PROCESS]]);
		const whole = prependEnosysStub(killer, [{ architecture: SCMP_ARCH_ARM, number: 400 }]);
		expect(runFilter(whole, { architecture: SCMP_ARCH_ARM, number: 400 })).toBe(SECCOMP_RET_KILL_PROCESS);
		expect(runFilter(whole, { architecture: SCMP_ARCH_ARM, number: 401 })).toBe(enosys);
	});
});

describe("x86-64 and x32, which are one architecture to the kernel", () => {
	const x64 = { architecture: SCMP_ARCH_X86_64, number: 450 };
	const x32 = { architecture: SCMP_ARCH_X32, number: x32Bit + 547 };

	it.each([
		["x32 after x86-64", [x64, x32]],
		["x32 before x86-64, among others", [x32, { architecture: SCMP_ARCH_X86, number: 449 }, x64]],
	])("are told apart by a bit of the number: %s", (_title, newest) => {
		expect(verdict(newest, SCMP_ARCH_X86_64, 450)).toBe(eperm);
		expect(verdict(newest, SCMP_ARCH_X86_64, 451)).toBe(enosys);
		expect(verdict(newest, SCMP_ARCH_X86_64, 1)).toBe(SECCOMP_RET_ALLOW);
		expect(verdict(newest, SCMP_ARCH_X86_64, x32Bit)).toBe(eperm);
		expect(verdict(newest, SCMP_ARCH_X86_64, x32Bit + 547)).toBe(eperm);
		expect(verdict(newest, SCMP_ARCH_X86_64, x32Bit + 548)).toBe(enosys);
	});

	it("x32 calls are the filter's business when the profile has no x32", () => {
		expect(verdict([x64], SCMP_ARCH_X86_64, x32Bit + 5)).toBe(eperm);
		expect(verdict([x64], SCMP_ARCH_X86_64, minusOne)).toBe(eperm);
		expect(verdict([x64], SCMP_ARCH_X86_64, 451)).toBe(enosys);
	});

	it("x86-64 calls are the filter's business when the profile has x32 alone", () => {
		expect(verdict([x32], SCMP_ARCH_X86_64, 451)).toBe(eperm);
		expect(verdict([x32], SCMP_ARCH_X86_64, x32Bit + 548)).toBe(enosys);
		expect(verdict([x32], SCMP_ARCH_X86_64, x32Bit + 547)).toBe(eperm);
	});
});
