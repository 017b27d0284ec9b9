/** The smallest ELF files that tell what execve(2) looks at (elf(5)): the machine, and the loader to start instead. */

/** e_machine of architectures that the tests need. */
export const machines = { x86_64: 62, aarch64: 183 } as const;

/** A 64-bit little-endian program without code; with `loader` it has a PT_INTERP segment. */
export function elf(machine: number, loader?: string): Buffer {
	const header = Buffer.alloc(64);
	header.write("\x7fELF\x02\x01\x01", "latin1");
	header.writeUInt16LE(2, 16); // ET_EXEC
	header.writeUInt16LE(machine, 18);
	header.writeUInt32LE(1, 20);
	header.writeUInt16LE(64, 52);
	if (loader === undefined) return header;
	const segment = Buffer.alloc(56);
	const path = Buffer.from(`${loader}\0`);
	header.writeBigUInt64LE(64n, 32); // the segment's header follows
	header.writeUInt16LE(segment.length, 54);
	header.writeUInt16LE(1, 56);
	segment.writeUInt32LE(3, 0); // PT_INTERP
	segment.writeBigUInt64LE(BigInt(header.length + segment.length), 8);
	segment.writeBigUInt64LE(BigInt(path.length), 32);
	return Buffer.concat([header, segment, path]);
}
