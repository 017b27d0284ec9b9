/**
 * Device rules on cgroup v2: a BPF program of type CGROUP_DEVICE that the kernel asks at every open and mknod of a
 * device (bpf(2), linux/bpf.h `struct bpf_cgroup_dev_ctx`). It answers 1 to allow, 0 to deny.
 *
 *     r2 = type (1 block, 2 character)    r3 = accesses asked for that no rule has allowed yet
 *     r4 = major    r5 = minor            then rule by rule from the last to the first, because later ones win
 */
import type { DeviceRule } from "../../../spec/types.js";
import {
	BPF_ALU,
	BPF_AND,
	BPF_DEVCG_DEV_BLOCK,
	BPF_DEVCG_DEV_CHAR,
	BPF_EXIT,
	BPF_JA,
	BPF_JMP,
	BPF_JNE,
	BPF_JSET,
	BPF_K,
	BPF_LDX,
	BPF_MEM,
	BPF_MOV,
	BPF_RSH,
	BPF_W,
	BPF_X,
} from "../../../sys/constants.js";
import { EVERY_ACCESS, type ExactRule, exactRules } from "../devices.js";

/** One `struct bpf_insn`. */
interface Instruction {
	readonly code: number;
	readonly to?: number;
	readonly from?: number;
	readonly offset?: number;
	readonly value?: number;
}

const prologue: readonly Instruction[] = [
	{ code: BPF_LDX | BPF_W | BPF_MEM, to: 2, from: 1, offset: 0 },
	{ code: BPF_ALU | BPF_MOV | BPF_X, to: 3, from: 2 },
	{ code: BPF_ALU | BPF_RSH | BPF_K, to: 3, value: 16 },
	{ code: BPF_ALU | BPF_AND | BPF_K, to: 2, value: 0xffff },
	{ code: BPF_LDX | BPF_W | BPF_MEM, to: 4, from: 1, offset: 4 },
	{ code: BPF_LDX | BPF_W | BPF_MEM, to: 5, from: 1, offset: 8 },
];

/** The program for an ordered list of rules, as `struct bpf_insn[]`. What no rule speaks of is denied. */
export function deviceProgram(rules: readonly DeviceRule[]): ArrayBuffer {
	const program = [...prologue];
	for (const rule of exactRules(rules).toReversed()) {
		program.push(...ruleBlock(rule));
		// nothing gets past a rule for everything, and the verifier refuses code that nothing reaches
		if (rule.type === "a") return encode(program);
	}
	return encode([...program, ...answer(false)]);
}

/** Skips itself when the device is another one. */
function ruleBlock(rule: ExactRule): readonly Instruction[] {
	const verdict = rule.allow ? allow(rule) : deny(rule);
	const tests: (readonly [register: number, value: number])[] = [];
	if (rule.type !== "a") tests.push([2, rule.type === "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR]);
	if (rule.major !== null) tests.push([4, rule.major]);
	if (rule.minor !== null) tests.push([5, rule.minor]);
	const jumps = tests.map(([to, value], index): Instruction => {
		return { code: BPF_JMP | BPF_JNE | BPF_K, to, value, offset: tests.length - 1 - index + verdict.length };
	});
	return [...jumps, ...verdict];
}

/** Takes the allowed accesses off the request; when none is left the answer is yes. */
function allow({ access }: ExactRule): readonly Instruction[] {
	if (access === EVERY_ACCESS) return answer(true);
	return [
		{ code: BPF_ALU | BPF_AND | BPF_K, to: 3, value: EVERY_ACCESS & ~access },
		{ code: BPF_JMP | BPF_JNE | BPF_K, to: 3, value: 0, offset: 2 },
		...answer(true),
	];
}

/** No, when one of the denied accesses is asked for. */
function deny({ access }: ExactRule): readonly Instruction[] {
	if (access === EVERY_ACCESS) return answer(false);
	return [
		{ code: BPF_JMP | BPF_JSET | BPF_K, to: 3, value: access, offset: 1 },
		{ code: BPF_JMP | BPF_JA, offset: 2 },
		...answer(false),
	];
}

function answer(yes: boolean): readonly Instruction[] {
	return [{ code: BPF_ALU | BPF_MOV | BPF_K, to: 0, value: yes ? 1 : 0 }, { code: BPF_JMP | BPF_EXIT }];
}

/** 8 bytes each: code, registers, offset (16 bits), value (32 bits), in the machine's byte order. */
function encode(program: readonly Instruction[]): ArrayBuffer {
	const bytes = new ArrayBuffer(program.length * 8);
	const view = new DataView(bytes);
	const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
	for (const [index, { code, to = 0, from = 0, offset = 0, value = 0 }] of program.entries()) {
		view.setUint8(index * 8, code);
		view.setUint8(index * 8 + 1, little ? (from << 4) | to : (to << 4) | from);
		view.setInt16(index * 8 + 2, offset, little);
		view.setInt32(index * 8 + 4, value, little);
	}
	return bytes;
}
