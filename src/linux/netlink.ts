/**
 * Requests to the kernel's routing tables, rtnetlink(7): links, addresses and routes. A message is a header, a fixed part
 * (`struct ifinfomsg`, `ifaddrmsg` or `rtmsg`) and attributes, all with the little end first.
 *
 *     length 4 | type 2 | flags 2 | sequence 4 | port 4 | fixed part | attribute: length 2, type 2, value, padding …
 */
import {
	AF_NETLINK,
	NETLINK_ROUTE,
	NLM_F_ACK,
	NLM_F_DUMP,
	NLM_F_REQUEST,
	NLMSG_DONE,
	NLMSG_ERROR,
	SOCK_RAW,
} from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { sys } from "../sys/index.js";

export interface Attribute {
	/** IFLA_*, IFA_* or RTA_*. */
	readonly type: number;
	readonly value: Uint8Array;
}

export interface NetlinkMessage {
	/** RTM_*. */
	readonly type: number;
	/** The fixed part. */
	readonly head: Uint8Array;
	readonly attributes: readonly Attribute[];
}

/** A socket of the network namespace in which the caller is now, wherever it goes later. */
export function openNetlink(): Fd {
	return sys.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
}

const headerLength = 16;
const attributeHeader = 4;
/** No answer of the kernel is longer than this. */
const bufferLength = 65_536;

/** What the kernel answers to one request, besides that it is done. Throws its refusal as a failing call does. */
export function request(socket: Fd, flags: number, message: NetlinkMessage): readonly NetlinkMessage[] {
	sys.sendmsg(socket, encode(message, flags | NLM_F_REQUEST | NLM_F_ACK).buffer as ArrayBuffer, []);
	return answers(socket);
}

/** All objects of a kind: `type` is RTM_GET*. */
export function dump(socket: Fd, type: number, headLength: number): readonly NetlinkMessage[] {
	const message = { type, head: new Uint8Array(headLength), attributes: [] };
	sys.sendmsg(socket, encode(message, NLM_F_REQUEST | NLM_F_DUMP).buffer as ArrayBuffer, []);
	return answers(socket);
}

function answers(socket: Fd): readonly NetlinkMessage[] {
	const found: NetlinkMessage[] = [];
	for (;;) {
		const bytes = new Uint8Array(sys.read_bytes(socket, bufferLength));
		for (const { type, rest } of parts(bytes, headerLength)) {
			if (type === NLMSG_ERROR || type === NLMSG_DONE) {
				// a dump may end with nothing behind its header
				const status = rest.length >= 4 ? -word(rest, 0) : 0;
				if (status !== 0) sys.throw_errno("netlink", status);
				return found;
			}
			const length = fixedLength(type);
			found.push({
				type,
				head: rest.slice(0, length),
				attributes: [...parts(rest.subarray(length), attributeHeader)].map((attribute) => ({
					// the upper two bits say how the value is made, not which it is
					type: attribute.type & 0x3fff,
					value: attribute.rest,
				})),
			});
		}
	}
}

/** The fixed part's length: link, address and route messages come in blocks of four types each, in this order. */
function fixedLength(type: number): number {
	return [16, 8, 12][(type - 16) >> 2] ?? 0;
}

/** Messages or attributes: each begins with its length and type, at a multiple of four. */
function* parts(
	bytes: Uint8Array,
	header: typeof headerLength | typeof attributeHeader,
): Generator<{ readonly type: number; readonly rest: Uint8Array }> {
	const isMessage = header === headerLength;
	for (let at = 0; at + header <= bytes.length; ) {
		const length = isMessage ? word(bytes, at) : half(bytes, at);
		if (length < header) return;
		yield { type: half(bytes, at + (isMessage ? 4 : 2)), rest: bytes.slice(at + header, at + length) };
		at += aligned(length);
	}
}

function encode({ type, head, attributes }: NetlinkMessage, flags: number): Uint8Array {
	const total = attributes.reduce(
		(sum, { value }) => sum + aligned(attributeHeader + value.length),
		headerLength + head.length,
	);
	const bytes = new Uint8Array(total);
	bytes.set([...wordBytes(total), ...halfBytes(type), ...halfBytes(flags)]);
	bytes.set(head, headerLength);
	let at = headerLength + head.length;
	for (const { type: attribute, value } of attributes) {
		bytes.set([...halfBytes(4 + value.length), ...halfBytes(attribute)], at);
		bytes.set(value, at + 4);
		at += aligned(4 + value.length);
	}
	return bytes;
}

function aligned(length: number): number {
	return (length + 3) & ~3;
}

function half(bytes: Uint8Array, at: number): number {
	return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

/** Signed, as errors are; lengths and indexes stay below 2^31. */
export function word(bytes: Uint8Array, at: number): number {
	return half(bytes, at) | (half(bytes, at + 2) << 16);
}

function halfBytes(value: number): readonly number[] {
	return [value & 0xff, (value >> 8) & 0xff];
}

export function wordBytes(value: number): readonly number[] {
	return [...halfBytes(value), ...halfBytes(value >>> 16)];
}

/** A name, in UTF-8 and with the NUL that ends it. */
export function textAttribute(type: number, text: string): Attribute {
	const characters = encodeURIComponent(text).match(/%..|./g) ?? [];
	const bytes = characters.map((one) => (one.length > 1 ? Number.parseInt(one.slice(1), 16) : one.charCodeAt(0)));
	return { type, value: Uint8Array.from([...bytes, 0]) };
}

export function wordAttribute(type: number, value: number): Attribute {
	return { type, value: Uint8Array.from(wordBytes(value)) };
}

export function attribute({ attributes }: NetlinkMessage, type: number): Uint8Array | undefined {
	return attributes.find((one) => one.type === type)?.value;
}
