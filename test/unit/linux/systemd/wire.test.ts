import { describe, expect, it } from "vitest";
import {
	completeTypes,
	decodeMessage,
	encodeCall,
	messageSize,
	type Value,
} from "../../../../src/linux/systemd/wire.js";

const hex = (bytes: ArrayBuffer) => Buffer.from(bytes).toString("hex");
const bytes = (text: string) => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));

const hello = {
	destination: "org.freedesktop.DBus",
	path: "/org/freedesktop/DBus",
	interface: "org.freedesktop.DBus",
	member: "Hello",
};

/** What busctl(1) of systemd 252 sends for the same calls; its flag for interactive authorization (0x04) is left out. */
const fromBusctl = {
	hello:
		"6c01000100000000010000006d00000001016f00150000002f6f72672f667265656465736b746f702f44427573000000030173000500000048656c6c6f00000002017300140000006f72672e667265656465736b746f702e444275730000000006017300140000006f72672e667265656465736b746f702e4442757300000000",
	startTransientUnit:
		"6c010001e000000002000000b600000001016f00190000002f6f72672f667265656465736b746f702f73797374656d643100000000000000030173001200000053746172745472616e7369656e74556e697400000000000002017300200000006f72672e667265656465736b746f702e73797374656d64312e4d616e61676572000000000000000006017300180000006f72672e667265656465736b746f702e73797374656d643100000000000000000801670010737361287376296128736128737629290000000d000000747372756e2d612e73636f7065000000070000007265706c61636500b0000000000000000800000044656c6567617465000162000100000000000000090000004d656d6f72794d6178000174000000000000000000000004000000000b000000416c6c6f77656443505573000261790002000000ff010000000000000b000000446576696365416c6c6f770005612873732900001c000000000000000d0000002f6465762f636861722f313a330000000300000072776d00000000000400000050494473000261750000000004000000671200000000000000000000",
};

describe("encodeCall", () => {
	it("writes what busctl writes", () => {
		expect(hex(encodeCall(1, hello))).toBe(fromBusctl.hello);
		const call = encodeCall(2, {
			destination: "org.freedesktop.systemd1",
			path: "/org/freedesktop/systemd1",
			interface: "org.freedesktop.systemd1.Manager",
			member: "StartTransientUnit",
			signature: "ssa(sv)a(sa(sv))",
			body: [
				"tsrun-a.scope",
				"replace",
				[
					["Delegate", { signature: "b", value: true }],
					["MemoryMax", { signature: "t", value: 67108864n }],
					["AllowedCPUs", { signature: "ay", value: [255, 1] }],
					["DeviceAllow", { signature: "a(ss)", value: [["/dev/char/1:3", "rwm"]] }],
					["PIDs", { signature: "au", value: [4711] }],
				],
				[],
			],
		});
		expect(hex(call)).toBe(fromBusctl.startTransientUnit);
	});
});

describe("messageSize", () => {
	it("tells where the message ends, once its head is there", () => {
		const message = bytes(fromBusctl.startTransientUnit);
		expect(messageSize(message.slice(0, 15))).toBe(null);
		expect(messageSize(message.slice(0, 16))).toBe(message.length);
		expect(messageSize(new Uint8Array([...message, 1, 2, 3]))).toBe(message.length);
	});
});

describe("decodeMessage", () => {
	it("reads a reply of the bus", () => {
		// dbus-daemon's answer to Hello
		const reply = bytes(`6c02010109000000010000003d000000
			0601730004000000 3a312e3100000000 0501750001000000 0801670001730000
			0701730014000000 6f72672e667265656465736b746f702e4442757300 000000
			04000000 3a312e3100`);
		expect(decodeMessage(reply)).toMatchObject({ type: "reply", replyTo: 1, body: [":1.1"] });
		expect(messageSize(reply)).toBe(reply.length);
	});

	it("reads the other byte order", () => {
		const error = bytes(`42030001 00000008 00000007 0000001f
			04017300 00000003 612e6200 00000000
			05017500 00000002
			08016700 01730000 00000003 6e6f2100`);
		expect(decodeMessage(error)).toMatchObject({ type: "error", errorName: "a.b", replyTo: 2, body: ["no!"] });
	});

	for (const [signature, value] of [
		["y", 255],
		["b", true],
		["n", -2],
		["q", 65535],
		["i", -2147483648],
		["u", 4294967295],
		["x", -9223372036854775808n],
		["t", 18446744073709551615n],
		["d", 0.5],
		["s", "äöü € 𝄞"],
		["o", "/org/x"],
		["g", "a{sv}"],
		["as", []],
		["at", [1n, 2n]],
		["a(st)", [["/dev/block/8:0", 5n]]],
		["a{sv}", [["k", { signature: "ai", value: [1, -1] }]]],
		["(y(us)ay)", [1, [2, "x"], [3, 4]]],
		["v", { signature: "v", value: { signature: "s", value: "deep" } }],
	] as const satisfies (readonly [string, Value])[]) {
		it(`gives back what was written as ${signature}`, () => {
			const message = encodeCall(1, { ...hello, signature: `y${signature}`, body: [7, value] });
			expect(decodeMessage(new Uint8Array(message)).body).toEqual([7, value]);
		});
	}

	it("refuses a message that ends early", () => {
		const message = bytes(fromBusctl.startTransientUnit);
		expect(() => decodeMessage(message.slice(0, message.length - 30))).toThrow("ends in the middle");
	});
});

describe("completeTypes", () => {
	it("splits a signature", () => {
		expect(completeTypes("ssa(sv)a(sa(sv))aay{sv}")).toEqual(["s", "s", "a(sv)", "a(sa(sv))", "aay", "{sv}"]);
	});
});
