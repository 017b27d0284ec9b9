/** Runs a seccomp filter as the kernel does: classic BPF over `struct seccomp_data` (seccomp(2), linux/filter.h). */

export interface SeccompData {
	readonly architecture: number;
	readonly number: number;
	/** The low words of the arguments. */
	readonly args?: readonly number[];
}

/** SECCOMP_RET_* that the filter returns. Throws on an instruction that seccomp does not allow or that we do not know. */
export function runFilter(filter: ArrayBuffer, data: SeccompData): number {
	const view = new DataView(filter);
	const words = new Map([
		[0, data.number],
		[4, data.architecture],
		...(data.args ?? []).map((value, index) => [16 + 8 * index, value] as const),
	]);
	let accumulator = 0;
	for (let position = 0; ; position++) {
		if (position * 8 >= view.byteLength) throw new Error("the filter ends without returning");
		const code = view.getUint16(position * 8, true);
		const [whenTrue, whenFalse] = [view.getUint8(position * 8 + 2), view.getUint8(position * 8 + 3)];
		const operand = view.getUint32(position * 8 + 4, true);
		const branch = (condition: boolean) => {
			position += condition ? whenTrue : whenFalse;
		};
		switch (code) {
			case 0x20: // BPF_LD | BPF_W | BPF_ABS
				accumulator = (words.get(operand) ?? 0) >>> 0;
				break;
			case 0x05: // BPF_JMP | BPF_JA
				position += operand;
				break;
			case 0x15: // BPF_JMP | BPF_JEQ | BPF_K
				branch(accumulator === operand);
				break;
			case 0x25: // BPF_JMP | BPF_JGT | BPF_K
				branch(accumulator > operand);
				break;
			case 0x35: // BPF_JMP | BPF_JGE | BPF_K
				branch(accumulator >= operand);
				break;
			case 0x06: // BPF_RET | BPF_K
				return operand;
			default:
				throw new Error(`unknown instruction 0x${code.toString(16)} at ${position}`);
		}
	}
}

/** A filter of instructions `[code, jt, jf, k]`. */
export function assemble(instructions: readonly (readonly [number, number, number, number])[]): ArrayBuffer {
	const view = new DataView(new ArrayBuffer(instructions.length * 8));
	instructions.forEach(([code, whenTrue, whenFalse, operand], index) => {
		view.setUint16(index * 8, code, true);
		view.setUint8(index * 8 + 2, whenTrue);
		view.setUint8(index * 8 + 3, whenFalse);
		view.setUint32(index * 8 + 4, operand, true);
	});
	return view.buffer as ArrayBuffer;
}
