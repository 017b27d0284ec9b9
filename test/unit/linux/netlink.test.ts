import { describe, expect, it } from "vitest";
import {
	attribute,
	dump,
	openNetlink,
	request,
	textAttribute,
	word,
	wordAttribute,
} from "../../../src/linux/netlink.js";
import {
	AF_NETLINK,
	IFLA_IFNAME,
	IFLA_NET_NS_PID,
	NETLINK_ROUTE,
	NLM_F_ACK,
	NLM_F_DUMP,
	NLM_F_REQUEST,
	NLMSG_DONE,
	NLMSG_ERROR,
	RTM_GETADDR,
	RTM_NEWADDR,
	RTM_NEWLINK,
	RTM_SETLINK,
	SOCK_RAW,
} from "../../../src/sys/constants.js";
import { door } from "../../support/door.js";
import { sysError } from "../../support/errno.js";

/** A message as the kernel lays it out. */
function message(type: number, payload: readonly number[]): number[] {
	const header = Buffer.alloc(16);
	header.writeUInt32LE(16 + payload.length, 0);
	header.writeUInt16LE(type, 4);
	return [...header, ...payload];
}

function little(value: number): number[] {
	const bytes = Buffer.alloc(4);
	bytes.writeInt32LE(value);
	return [...bytes];
}

/** The kernel answers with these datagrams, one for each read. */
function answer(...datagrams: readonly (readonly number[])[]): void {
	const left = [...datagrams];
	door.answer("read_bytes", () => Uint8Array.from(left.shift() ?? []).buffer);
}

const ack = message(NLMSG_ERROR, [...little(0), ...Array(16).fill(0)]);
const linkHead = new Uint8Array(16).fill(7);

describe("a request", () => {
	it("is a header, the fixed part, and attributes at multiples of four", () => {
		answer(ack);
		const attributes = [textAttribute(IFLA_IFNAME, "eth0"), wordAttribute(IFLA_NET_NS_PID, 70_000)];
		expect(request(5, 0x400, { type: RTM_SETLINK, head: linkHead, attributes })).toEqual([]);
		const [[fd, data, fds] = []] = door.args("sendmsg");
		expect([fd, fds]).toEqual([5, []]);
		const flags = 0x400 | NLM_F_REQUEST | NLM_F_ACK;
		expect([...new Uint8Array(data as ArrayBuffer)]).toEqual([
			...[52, 0, 0, 0],
			...[RTM_SETLINK, 0, flags & 0xff, flags >> 8],
			...[0, 0, 0, 0, 0, 0, 0, 0],
			...linkHead,
			...[9, 0, IFLA_IFNAME, 0, ...Buffer.from("eth0\0"), 0, 0, 0],
			...[8, 0, IFLA_NET_NS_PID, 0, 0x70, 0x11, 0x01, 0x00],
		]);
	});

	it("that is refused throws what the kernel answered", () => {
		answer(message(NLMSG_ERROR, little(-19)));
		door.answer("throw_errno", (syscall) => {
			throw sysError(syscall, "ENODEV");
		});
		expect(() => request(5, 0, { type: RTM_SETLINK, head: linkHead, attributes: [] })).toThrow("No such device");
		expect(door.args("throw_errno")).toEqual([["netlink", 19]]);
	});

	it("gives the objects that come before the acknowledgement", () => {
		const nested = 0x8000 | 3;
		const payload = [...linkHead, ...[6, 0, 3, 0x80, 1, 2, 0, 0], ...[8, 0, IFLA_NET_NS_PID, 0, ...little(-2)]];
		answer([...message(RTM_NEWLINK, payload), ...ack]);
		const [link] = request(5, 0, { type: RTM_SETLINK, head: linkHead, attributes: [] });
		expect(link).toMatchObject({ type: RTM_NEWLINK, head: linkHead });
		expect(nested & 0x3fff).toBe(3);
		expect(attribute(link as never, 3)).toEqual(Uint8Array.of(1, 2));
		expect(word(attribute(link as never, IFLA_NET_NS_PID) ?? new Uint8Array(), 0)).toBe(-2);
		expect(attribute(link as never, 99)).toBeUndefined();
	});
});

describe("a dump", () => {
	it("goes on over datagrams until it is done", () => {
		const one = message(RTM_NEWADDR, [2, 24, 0, 0, ...little(3)]);
		answer([...one, ...one], one, message(NLMSG_DONE, little(0)));
		expect(dump(5, RTM_GETADDR, 8).map(({ head }) => word(head, 4))).toEqual([3, 3, 3]);
		const [[, data] = []] = door.args("sendmsg");
		const sent = new Uint8Array(data as ArrayBuffer);
		expect([sent.length, sent[4], (sent[6] ?? 0) | ((sent[7] ?? 0) << 8)]).toEqual([
			24,
			RTM_GETADDR,
			NLM_F_REQUEST | NLM_F_DUMP,
		]);
	});

	it("may end with nothing behind the header, or with an error", () => {
		answer(message(NLMSG_DONE, []));
		expect(dump(5, RTM_GETADDR, 8)).toEqual([]);
		answer(message(NLMSG_DONE, little(-1)));
		door.answer("throw_errno", (syscall) => {
			throw sysError(syscall, "EPERM");
		});
		expect(() => dump(5, RTM_GETADDR, 8)).toThrow("Operation not permitted");
	});
});

it("names are UTF-8", () => {
	expect(textAttribute(1, "größe%").value).toEqual(Uint8Array.from(Buffer.from("größe%\0")));
	expect(textAttribute(1, "").value).toEqual(Uint8Array.of(0));
});

it("the socket is one of the routing tables", () => {
	openNetlink();
	expect(door.args("socket")).toEqual([[AF_NETLINK, SOCK_RAW, NETLINK_ROUTE]]);
});
