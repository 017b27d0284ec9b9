/**
 * As much of Protocol Buffers as CRIU's messages need: fields by number, written and read. A number is a varint, text and
 * a message inside a message are bytes with their length. What a number means says messages.ts.
 */
import { utf8Bytes } from "../../sys/utf8.js";

const varintWire = 0;
const fixed64Wire = 1;
const lengthWire = 2;
const fixed32Wire = 5;

export type FieldValue = number | boolean | string | ArrayBuffer;

/** A field that is undefined is left out; a list is the field once for each of it. */
export type Fields = readonly (readonly [number: number, value: FieldValue | undefined | readonly FieldValue[]])[];

export function writeFields(fields: Fields): ArrayBuffer {
	const bytes: number[] = [];
	for (const [number, value] of fields) {
		if (value === undefined) continue;
		for (const each of isList(value) ? value : [value]) writeField(bytes, number, each);
	}
	return Uint8Array.from(bytes).buffer;
}

function isList(value: FieldValue | readonly FieldValue[]): value is readonly FieldValue[] {
	return Array.isArray(value);
}

function writeField(bytes: number[], number: number, value: FieldValue): void {
	if (typeof value === "number" || typeof value === "boolean") {
		writeVarint(bytes, (number << 3) | varintWire);
		writeVarint(bytes, Number(value));
		return;
	}
	const content = typeof value === "string" ? utf8Bytes(value) : value;
	writeVarint(bytes, (number << 3) | lengthWire);
	writeVarint(bytes, content.byteLength);
	for (const byte of new Uint8Array(content)) bytes.push(byte);
}

/** A negative number is written as the 64-bit one that it is. */
function writeVarint(bytes: number[], value: number): void {
	let rest = BigInt.asUintN(64, BigInt(value));
	for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 0x80);
	bytes.push(Number(rest));
}

/** The last value of each field: a number, or the bytes of a text or message. */
export type ReadFields = ReadonlyMap<number, number | ArrayBuffer>;

/** @throws RangeError for bytes that are no message */
export function readFields(message: ArrayBuffer): ReadFields {
	const bytes = new Uint8Array(message);
	const fields = new Map<number, number | ArrayBuffer>();
	let at = 0;
	const take = (count: number) => {
		if (at + count > bytes.length) throw new RangeError("a message of protocol buffers ends too early");
		at += count;
		return message.slice(at - count, at);
	};
	const varint = () => {
		let value = 0n;
		for (let shift = 0n; shift < 64n; shift += 7n) {
			const byte = new Uint8Array(take(1))[0] ?? 0;
			value |= BigInt(byte & 127) << shift;
			if (byte < 0x80) return Number(BigInt.asIntN(64, value));
		}
		throw new RangeError("a number of protocol buffers is too long");
	};
	while (at < bytes.length) {
		const key = varint();
		const wire = key & 7;
		if (wire === varintWire) fields.set(key >> 3, varint());
		else if (wire === lengthWire) fields.set(key >> 3, take(varint()));
		else if (wire === fixed64Wire || wire === fixed32Wire) take(wire === fixed64Wire ? 8 : 4);
		else throw new RangeError(`a field of protocol buffers has the unknown type ${wire}`);
	}
	return fields;
}
