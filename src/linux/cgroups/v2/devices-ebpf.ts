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

/** Instructions under construction: two 32-bit words each, as `struct bpf_insn` lies in memory, little end first. */
type Program = number[];

/** Code (8 bits), target and source register (4 each), offset (16), value (32). */
function emit(program: Program, code: number, to: number, from: number, offset: number, value: number): void {
	program.push(code | (to << 8) | (from << 12) | (offset << 16), value);
}

/** The program for an ordered list of rules, as `struct bpf_insn[]`. What no rule speaks of is denied. */
export function deviceProgram(rules: readonly DeviceRule[]): ArrayBuffer {
	const program: Program = [];
	loadRequest(program);
	for (const rule of exactRules(rules).toReversed()) {
		emitRule(program, rule);
		// nothing gets past a rule for everything, and the verifier refuses code that nothing reaches
		if (rule.type === "a") return Int32Array.from(program).buffer;
	}
	emitAnswer(program, false);
	return Int32Array.from(program).buffer;
}

function loadRequest(program: Program): void {
	emit(program, BPF_LDX | BPF_W | BPF_MEM, 2, 1, 0, 0);
	emit(program, BPF_ALU | BPF_MOV | BPF_X, 3, 2, 0, 0);
	emit(program, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
	emit(program, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	emit(program, BPF_LDX | BPF_W | BPF_MEM, 4, 1, 4, 0);
	emit(program, BPF_LDX | BPF_W | BPF_MEM, 5, 1, 8, 0);
}

/** Jumps over the rule's verdict when the device is another one. */
function emitRule(program: Program, { allow, type, major, minor, access }: ExactRule): void {
	const verdict = access === EVERY_ACCESS ? 2 : 4;
	let tests = (type === "a" ? 0 : 1) + (major === null ? 0 : 1) + (minor === null ? 0 : 1);
	const test = (register: number, value: number) => {
		emit(program, BPF_JMP | BPF_JNE | BPF_K, register, 0, --tests + verdict, value);
	};
	if (type !== "a") test(2, type === "b" ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (major !== null) test(4, major);
	if (minor !== null) test(5, minor);
	if (access !== EVERY_ACCESS) (allow ? takeOff : unlessAsked)(program, access);
	emitAnswer(program, allow);
}

/** Allowed accesses leave the request; the answer behind is reached when none is left. */
function takeOff(program: Program, access: number): void {
	emit(program, BPF_ALU | BPF_AND | BPF_K, 3, 0, 0, EVERY_ACCESS & ~access);
	emit(program, BPF_JMP | BPF_JNE | BPF_K, 3, 0, 2, 0);
}

/** The answer behind is reached when one of the denied accesses is asked for. */
function unlessAsked(program: Program, access: number): void {
	emit(program, BPF_JMP | BPF_JSET | BPF_K, 3, 0, 1, access);
	emit(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
}

function emitAnswer(program: Program, yes: boolean): void {
	emit(program, BPF_ALU | BPF_MOV | BPF_K, 0, 0, 0, yes ? 1 : 0);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}
