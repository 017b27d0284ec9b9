/** D-Bus messages as bytes and back (D-Bus Specification, "Type System" and "Message Protocol"). Pure. */
import { utf8Bytes } from "../../sys/utf8.js";

/** Integers of 64 bits are read as bigint; a struct is an array; a dictionary is an array of pairs. */
export type Value = number | bigint | string | boolean | Variant | readonly Value[];

export interface Variant {
	readonly signature: string;
	readonly value: Value;
}

export interface Call {
	readonly destination: string;
	readonly path: string;
	readonly interface: string;
	readonly member: string;
	readonly signature?: string;
	readonly body?: readonly Value[];
}

/** What comes from the other side. */
export interface Message {
	readonly type: "call" | "reply" | "error" | "signal";
	/** Of a reply or an error: the call's. */
	readonly replyTo: number;
	readonly path: string;
	readonly member: string;
	/** Of an error: "org.freedesktop.systemd1.NoSuchUnit". */
	readonly errorName: string;
	readonly body: readonly Value[];
}

const types = ["call", "reply", "error", "signal"] as const;
/** Header fields by their code. */
const PATH = 1;
const INTERFACE = 2;
const MEMBER = 3;
const ERROR_NAME = 4;
const REPLY_SERIAL = 5;
const DESTINATION = 6;
const SIGNATURE = 8;

const little = 0x6c;
const headerSignature = "yyyyuua(yv)";
/** Up to and with the length of the header fields. */
const fixedHeader = 16;

/** Integers by their type: bytes, and whether they have a sign. */
const integers: Readonly<Record<string, { readonly size: number; readonly signed?: true }>> = {
	y: { size: 1 },
	b: { size: 4 },
	n: { size: 2, signed: true },
	q: { size: 2 },
	i: { size: 4, signed: true },
	u: { size: 4 },
	x: { size: 8, signed: true },
	t: { size: 8 },
};

function alignment(type: string): number {
	return integers[type]?.size ?? ({ s: 4, o: 4, a: 4, d: 8, "(": 8, "{": 8 } as Record<string, number>)[type] ?? 1;
}

/** A method call, with that number to know its reply by. */
export function encodeCall(serial: number, call: Call): ArrayBuffer {
	const fields = [
		[PATH, "o", call.path],
		[MEMBER, "s", call.member],
		[INTERFACE, "s", call.interface],
		[DESTINATION, "s", call.destination],
	] as const;
	return encodeMessage("call", serial, fields, call.signature ?? "", call.body ?? []);
}

/** @param fields of the header, each with its code and type; that of the signature is added */
export function encodeMessage(
	type: Message["type"],
	serial: number,
	fields: readonly (readonly [code: number, type: string, value: Value])[],
	signature: string,
	values: readonly Value[],
): ArrayBuffer {
	const body: number[] = [];
	putAll(body, signature, values);
	const all = signature === "" ? fields : [...fields, [SIGNATURE, "g", signature] as const];
	const list = all.map(([code, of, value]) => [code, { signature: of, value }]);
	const message: number[] = [];
	putAll(message, headerSignature, [little, types.indexOf(type) + 1, 0, 1, body.length, serial, list]);
	pad(message, 8);
	return Uint8Array.from([...message, ...body]).buffer;
}

function putAll(out: number[], signature: string, values: readonly Value[]): void {
	for (const [index, type] of completeTypes(signature).entries()) put(out, type, values[index] as Value);
}

/** The bytes of the message that begins here; null while too little has come to tell. */
export function messageSize(bytes: Uint8Array): number | null {
	if (bytes.length < fixedHeader) return null;
	const view = viewOf(bytes);
	const isLittle = bytes[0] === little;
	return aligned(fixedHeader + view.getUint32(12, isLittle), 8) + view.getUint32(4, isLittle);
}

export function decodeMessage(bytes: Uint8Array): Message {
	const reader: Reader = { bytes, view: viewOf(bytes), little: bytes[0] === little, at: 0 };
	const header = completeTypes(headerSignature).map((type) => take(reader, type));
	const fields = new Map(
		(header[6] as readonly (readonly [number, Variant])[]).map(([code, { value }]) => [code, value]),
	);
	reader.at = aligned(reader.at, 8);
	const text = (code: number) => String(fields.get(code) ?? "");
	return {
		type: types[Number(header[1]) - 1] ?? "call",
		replyTo: Number(fields.get(REPLY_SERIAL) ?? 0),
		path: text(PATH),
		member: text(MEMBER),
		errorName: text(ERROR_NAME),
		body: completeTypes(text(SIGNATURE)).map((type) => take(reader, type)),
	};
}

/** The types of which a signature consists: "sa(sv)u" is s, a(sv), u. */
export function completeTypes(signature: string): readonly string[] {
	const found: string[] = [];
	for (let at = 0; at < signature.length; ) {
		const end = typeEnd(signature, at);
		found.push(signature.slice(at, end));
		at = end;
	}
	return found;
}

function typeEnd(signature: string, start: number): number {
	let at = start;
	while (signature[at] === "a") at++;
	const first = signature[at];
	if (first !== "(" && first !== "{") return at + 1;
	for (at++; at < signature.length && signature[at] !== ")" && signature[at] !== "}"; ) at = typeEnd(signature, at);
	return at + 1;
}

function aligned(at: number, size: number): number {
	return Math.ceil(at / size) * size;
}

function pad(out: number[], size: number): void {
	while (out.length % size !== 0) out.push(0);
}

function put(out: number[], type: string, value: Value): void {
	const [first = ""] = type;
	pad(out, alignment(first));
	const integer = integers[first];
	if (integer) putInteger(out, integer.size, BigInt(value as number | bigint | boolean));
	else if (first === "d") out.push(...new Uint8Array(Float64Array.of(value as number).buffer));
	else if (first === "s" || first === "o") putText(out, 4, value as string);
	else if (first === "g") putText(out, 1, value as string);
	else if (first === "v") putVariant(out, value as Variant);
	else if (first === "a") putArray(out, type.slice(1), value as readonly Value[]);
	else putAll(out, type.slice(1, -1), value as readonly Value[]);
}

function putInteger(out: number[], size: number, value: bigint): void {
	for (let byte = 0; byte < size; byte++) out.push(Number((value >> BigInt(8 * byte)) & 0xffn));
}

function putText(out: number[], lengthSize: number, text: string): void {
	const bytes = new Uint8Array(utf8Bytes(text));
	putInteger(out, lengthSize, BigInt(bytes.length));
	out.push(...bytes, 0);
}

function putVariant(out: number[], { signature, value }: Variant): void {
	putText(out, 1, signature);
	put(out, signature, value);
}

/** The length does not count the padding before the first element. */
function putArray(out: number[], type: string, values: readonly Value[]): void {
	const at = out.length;
	putInteger(out, 4, 0n);
	pad(out, alignment(type[0] ?? ""));
	const start = out.length;
	for (const value of values) put(out, type, value);
	const length: number[] = [];
	putInteger(length, 4, BigInt(out.length - start));
	out.splice(at, 4, ...length);
}

interface Reader {
	readonly bytes: Uint8Array;
	readonly view: DataView;
	readonly little: boolean;
	at: number;
}

function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function take(reader: Reader, type: string): Value {
	const [first = ""] = type;
	reader.at = aligned(reader.at, alignment(first));
	const integer = integers[first];
	if (integer) {
		const value = takeInteger(reader, integer.size, integer.signed === true);
		return first === "b" ? value !== 0 : value;
	}
	if (first === "d") {
		reader.at += 8;
		return reader.view.getFloat64(reader.at - 8, reader.little);
	}
	if (first === "s" || first === "o") return takeText(reader, 4);
	if (first === "g") return takeText(reader, 1);
	if (first === "v") {
		const signature = takeText(reader, 1);
		return { signature, value: take(reader, signature) };
	}
	if (first === "a") return takeArray(reader, type.slice(1));
	return completeTypes(type.slice(1, -1)).map((part) => take(reader, part));
}

function takeInteger(reader: Reader, size: number, signed: boolean): number | bigint {
	let value = 0n;
	for (let index = 0; index < size; index++) {
		const byte = reader.bytes[reader.at + (reader.little ? size - 1 - index : index)];
		if (byte === undefined) throw new RangeError("a D-Bus message ends in the middle of a value");
		value = (value << 8n) | BigInt(byte);
	}
	reader.at += size;
	const exact = signed ? BigInt.asIntN(8 * size, value) : value;
	return size === 8 ? exact : Number(exact);
}

function takeText(reader: Reader, lengthSize: number): string {
	const length = Number(takeInteger(reader, lengthSize, false));
	const bytes = reader.bytes.subarray(reader.at, reader.at + length);
	reader.at += length + 1;
	return decodeURIComponent(Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
}

function takeArray(reader: Reader, type: string): readonly Value[] {
	const length = Number(takeInteger(reader, 4, false));
	reader.at = aligned(reader.at, alignment(type[0] ?? ""));
	const end = reader.at + length;
	const values: Value[] = [];
	while (reader.at < end) values.push(take(reader, type));
	return values;
}
