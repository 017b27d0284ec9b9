/** Runs the few instructions that device programs are made of, as the kernel would (Documentation/bpf/standardization). */

export interface DeviceRequest {
	/** 1 block, 2 character. */
	readonly type: number;
	/** 1 mknod, 2 read, 4 write. */
	readonly access: number;
	readonly major: number;
	readonly minor: number;
}

const LDX_W_MEM = 0x61;
const MOV32_X = 0xbc;
const MOV32_K = 0xb4;
const RSH32_K = 0x74;
const AND32_K = 0x54;
const JNE_K = 0x55;
const JSET_K = 0x45;
const JA = 0x05;
const EXIT = 0x95;

/** What r0 is at exit. Throws where the verifier would refuse: unknown instructions, jumps outside, endless programs. */
export function runDeviceProgram(program: ArrayBuffer, { type, access, major, minor }: DeviceRequest): number {
	const view = new DataView(program);
	const context = [((access << 16) | type) >>> 0, major, minor];
	const registers = new Array<number | undefined>(11).fill(undefined);
	const read = (register: number) => {
		const value = registers[register];
		if (value === undefined) throw new Error(`r${register} is read before it is set`);
		return value;
	};
	for (let at = 0; ; at++) {
		if (at < 0 || at * 8 >= program.byteLength) throw new Error(`instruction ${at} is outside the program`);
		const code = view.getUint8(at * 8);
		const to = view.getUint8(at * 8 + 1) & 15;
		const from = view.getUint8(at * 8 + 1) >> 4;
		const offset = view.getInt16(at * 8 + 2, true);
		const value = view.getInt32(at * 8 + 4, true);
		if (offset < 0) throw new Error("a jump backwards");
		if (code === LDX_W_MEM && from === 1) registers[to] = context[offset / 4];
		else if (code === MOV32_X) registers[to] = read(from);
		else if (code === MOV32_K) registers[to] = value;
		else if (code === RSH32_K) registers[to] = read(to) >>> value;
		else if (code === AND32_K) registers[to] = (read(to) & value) >>> 0;
		else if (code === JNE_K) at += read(to) !== value ? offset : 0;
		else if (code === JSET_K) at += (read(to) & value) !== 0 ? offset : 0;
		else if (code === JA) at += offset;
		else if (code === EXIT) return read(0);
		else throw new Error(`unknown instruction 0x${code.toString(16)}`);
	}
}

/** The instructions that no path reaches: the verifier refuses a program that has some. */
export function unreachable(program: ArrayBuffer): readonly number[] {
	const view = new DataView(program);
	const reached = new Set<number>();
	const todo = [0];
	for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
		if (reached.has(at)) continue;
		reached.add(at);
		const code = view.getUint8(at * 8);
		const offset = view.getInt16(at * 8 + 2, true);
		if (code === EXIT) continue;
		if (code === JA) todo.push(at + 1 + offset);
		else if (code === JNE_K || code === JSET_K) todo.push(at + 1, at + 1 + offset);
		else todo.push(at + 1);
	}
	return Array.from({ length: program.byteLength / 8 }, (_, index) => index).filter((index) => !reached.has(index));
}
