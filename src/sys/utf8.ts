/** Text as bytes: the language has no encoder of its own, and the door takes and gives both. */

export function utf8Bytes(text: string): ArrayBuffer {
	const bytes: number[] = [];
	for (const character of text) {
		const code = character.codePointAt(0) as number;
		if (code < 0x80) bytes.push(code);
		else if (code < 0x800) bytes.push(0xc0 | (code >> 6), tail(code));
		else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), tail(code >> 6), tail(code));
		else bytes.push(0xf0 | (code >> 18), tail(code >> 12), tail(code >> 6), tail(code));
	}
	return Uint8Array.from(bytes).buffer;
}

function tail(code: number): number {
	return 0x80 | (code & 0x3f);
}
