/** As much of Protocol Buffers as the CRI needs: messages described by data, encoded and decoded. */

/** A field's number and type; `[type]` is a list, a record another message. */
export interface Message {
	readonly [field: string]: readonly [number, Type];
}

type Single = "string" | "bytes" | "int" | "bool" | "map" | Message;

type Type = Single | readonly [Single];

export type Value = string | number | boolean | Buffer | Values | readonly Value[];

export interface Values {
	readonly [field: string]: Value | undefined;
}

const varintWire = 0;
const lengthWire = 2;

const entry: Message = { key: [1, "string"], value: [2, "string"] };

function varint(value: number | bigint): Buffer {
	const bytes: number[] = [];
	let rest = BigInt.asUintN(64, BigInt(value));
	for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
	return Buffer.from([...bytes, Number(rest)]);
}

const isList = (type: Type): type is readonly [Single] => Array.isArray(type);

function field(number: number, type: Single, value: Value): Buffer {
	if (type === "int" || type === "bool") {
		return Buffer.concat([varint((number << 3) | varintWire), varint(Number(value))]);
	}
	const bytes = typeof type === "object" ? encode(type, value as Values) : Buffer.from(value as string);
	return Buffer.concat([varint((number << 3) | lengthWire), varint(bytes.length), bytes]);
}

export function encode(message: Message, values: Values): Buffer {
	const parts = Object.entries(values).flatMap(([name, value]) => {
		const [number, type] = message[name] ?? [];
		if (number === undefined || type === undefined) throw new Error(`the message has no field "${name}"`);
		if (value === undefined) return [];
		if (isList(type)) return (value as readonly Value[]).map((one) => field(number, type[0], one));
		if (type !== "map") return [field(number, type, value)];
		return Object.entries(value as Values).map(([key, one]) => field(number, entry, { key, value: one }));
	});
	return Buffer.concat(parts);
}

const absent = { string: "", bytes: Buffer.alloc(0), int: 0, bool: false, map: {} } as const;

/** Fields that are not there get their default value, messages none; fields that are not known are left out. */
export function decode(message: Message, bytes: Buffer): Values {
	const values: Record<string, Value> = {};
	for (const [name, [, type]] of Object.entries(message)) {
		if (isList(type)) values[name] = [];
		else if (typeof type === "string") values[name] = absent[type];
	}
	const names = new Map(Object.entries(message).map(([name, [number]]) => [number, name]));
	let at = 0;
	const readVarint = () => {
		let value = 0n;
		for (let shift = 0n; ; shift += 7n) {
			const byte = BigInt(bytes[at++] ?? 0);
			value |= (byte & 127n) << shift;
			if (byte < 128n) return Number(BigInt.asIntN(64, value));
		}
	};
	while (at < bytes.length) {
		const key = readVarint();
		const wire = key & 7;
		const number = wire === varintWire ? readVarint() : 0;
		const length = wire === lengthWire ? readVarint() : ({ 1: 8, 5: 4 }[wire] ?? 0);
		const part = bytes.subarray(at, at + length);
		at += length;
		const name = names.get(key >> 3);
		const [, type] = (name !== undefined && message[name]) || [];
		if (name === undefined || type === undefined) continue;
		if (isList(type)) values[name] = [...(values[name] as readonly Value[]), single(type[0], number, part)];
		else if (type !== "map") values[name] = single(type, number, part);
		else {
			const { key: one = "", value = "" } = decode(entry, part);
			values[name] = { ...(values[name] as Values), [one as string]: value };
		}
	}
	return values;
}

function single(type: Single, number: number, bytes: Buffer): Value {
	if (type === "int") return number;
	if (type === "bool") return number !== 0;
	if (type === "string") return bytes.toString("utf8");
	return typeof type === "object" ? decode(type, bytes) : bytes;
}
