/**
 * What a filter answers to system calls that are younger than its profile. Under "deny by default" they would get
 * EPERM, and a libc that tries a new call first would give up where ENOSYS makes it fall back to an old one. So a
 * few instructions go in front of the filter: a number above the largest one that the profile names, on that
 * architecture, returns ENOSYS; everything else goes on into the filter.
 */
import {
	BPF_ABS,
	BPF_JA,
	BPF_JEQ,
	BPF_JGE,
	BPF_JGT,
	BPF_JMP,
	BPF_K,
	BPF_LD,
	BPF_RET,
	BPF_W,
	ENOSYS,
	SCMP_ARCH_X32,
	SCMP_ARCH_X86_64,
	SECCOMP_RET_ERRNO,
} from "../../sys/constants.js";

/** The largest system call number that a profile names, for one architecture (a token SCMP_ARCH_*). */
export interface NewestCall {
	readonly architecture: number;
	readonly number: number;
}

/** `struct sock_filter`: operation, how far to jump when true and when false, operand. */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const sizeOfInstruction = 8;

/** Offsets in `struct seccomp_data`. */
const offsetOfNumber = 0;
const offsetOfArchitecture = 4;

/** x32 shares x86-64's architecture; its numbers have this bit. */
const x32Bit = 0x40000000;

const load = (offset: number): Instruction => [BPF_LD | BPF_W | BPF_ABS, 0, 0, offset];
const jump = (test: number, operand: number, whenTrue: number, whenFalse: number): Instruction => {
	return [BPF_JMP | test | BPF_K, whenTrue, whenFalse, operand];
};
const goto = (distance: number): Instruction => [BPF_JMP | BPF_JA, 0, 0, distance];
const returnEnosys: Instruction = [BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS];

/** The filter with the stub in front; the filter itself when there is nothing to compare with. */
export function prependEnosysStub(filter: ArrayBuffer, newest: readonly NewestCall[]): ArrayBuffer {
	if (newest.length === 0) return filter;
	const blocks = blocksOf(newest);
	const length = blocks.reduce((sum, block) => sum + block.length, 0);
	let position = 0;
	const stub: Instruction[] = [load(offsetOfArchitecture)];
	for (const block of blocks) {
		position += block.length;
		// the last instruction of a block leaves the stub, over the blocks that follow
		stub.push(...block.slice(0, -1), goto(length - position));
	}
	return concatenate(encode(stub), filter);
}

/** One block for each architecture as the kernel tells them apart, entered with that architecture in the accumulator. */
function blocksOf(newest: readonly NewestCall[]): readonly (readonly Instruction[])[] {
	const x32 = newest.find(({ architecture }) => architecture === SCMP_ARCH_X32);
	const x64 = newest.find(({ architecture }) => architecture === SCMP_ARCH_X86_64);
	const others = newest.filter((each) => each !== x32 && each !== x64);
	const blocks = others.map(({ architecture, number }) =>
		block(architecture, [jump(BPF_JGT, number, 0, 1), returnEnosys]),
	);
	if (!x32 && !x64) return blocks;
	// x32 calls that the profile does not speak of are none of ours: the filter treats them as a foreign architecture
	const x32Tail = x32 ? [jump(BPF_JGT, x32.number, 0, 1), returnEnosys] : [];
	const x64Tail = x64 ? [jump(BPF_JGT, x64.number, 0, 1), returnEnosys, goto(x32Tail.length)] : [goto(x32Tail.length)];
	const split = jump(BPF_JGE, x32Bit, x64Tail.length, 0);
	return [block(SCMP_ARCH_X86_64, [split, ...x64Tail, ...x32Tail]), ...blocks];
}

function block(architecture: number, tests: readonly Instruction[]): readonly Instruction[] {
	const body = [load(offsetOfNumber), ...tests, goto(0)];
	return [jump(BPF_JEQ, architecture, 0, body.length), ...body];
}

/** In the byte order of the machine, as the kernel reads it. */
function encode(instructions: readonly Instruction[]): ArrayBuffer {
	const buffer = new ArrayBuffer(instructions.length * sizeOfInstruction);
	const halves = new Uint16Array(buffer);
	const bytes = new Uint8Array(buffer);
	const words = new Uint32Array(buffer);
	instructions.forEach(([code, whenTrue, whenFalse, operand], index) => {
		halves[index * 4] = code;
		bytes[index * 8 + 2] = whenTrue;
		bytes[index * 8 + 3] = whenFalse;
		words[index * 2 + 1] = operand;
	});
	return buffer;
}

function concatenate(first: ArrayBuffer, second: ArrayBuffer): ArrayBuffer {
	const joined = new Uint8Array(first.byteLength + second.byteLength);
	joined.set(new Uint8Array(first));
	joined.set(new Uint8Array(second), first.byteLength);
	return joined.buffer;
}
