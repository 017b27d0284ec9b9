/** Behind the recording door, a message bus with systemd on it, as far as the runtime talks to it. */
import { decodeMessage, encodeMessage, type Message, messageSize, type Value } from "../../src/linux/systemd/wire.js";
import { door } from "./door.js";

/** What systemd does with a call: the signature and the values of its reply, or an error's name. */
type Answer = readonly [signature: string, ...values: Value[]] | { readonly error: string; readonly text: string };

export interface FakeSystemd {
	/** The calls that came, but for those that every connection makes. */
	readonly calls: { readonly member: string; readonly body: readonly Value[] }[];
	readonly answers: Record<string, () => Answer>;
	/** How the next jobs end. */
	readonly results: string[];
	/** What the authentication is answered with. */
	welcome: string;
}

const job = "/org/freedesktop/systemd1/job/7";
const usual = ["Hello", "AddMatch", "Subscribe"];

export function fakeSystemd(): FakeSystemd {
	const incoming: Uint8Array[] = [];
	const push = (data: ArrayBuffer) => incoming.push(new Uint8Array(data));
	const fake: FakeSystemd = { calls: [], answers: {}, results: [], welcome: "DATA\r\nOK 0123\r\n" };
	const known: Record<string, (call: Message) => Answer> = {
		Hello: () => ["s", ":1.1"],
		Get: ({ body }) => ["v", { signature: "s", value: body[1] === "Version" ? "252.38-1~deb12u1" : "" }],
		StartTransientUnit: () => ["o", job],
		StopUnit: () => ["o", job],
	};
	const serve = (call: Message, serial: number) => {
		if (![...usual, "Get"].includes(call.member)) fake.calls.push({ member: call.member, body: call.body });
		const answer = fake.answers[call.member]?.() ?? known[call.member]?.(call) ?? [""];
		const replyTo = [5, "u", serial] as const;
		if ("error" in answer) {
			push(encodeMessage("error", 9, [replyTo, [4, "s", answer.error]], "s", [answer.text]));
			return;
		}
		const [signature, ...values] = answer;
		// the job may be over before its number is known
		if (values[0] === job) {
			const body = [7, job, String(call.body[0]), fake.results.shift() ?? "done"];
			push(encodeMessage("signal", 9, [[3, "s", "JobRemoved"]], "uoss", body));
		}
		push(encodeMessage("reply", 9, [replyTo], signature, values));
	};
	door.answer("socket", 50);
	door.answer("environ", []);
	door.answer("poll", () => [incoming.length > 0 ? 1 : 0]);
	// in pieces, as a stream may give it
	door.answer("read_bytes", () => {
		const [first = new Uint8Array()] = incoming;
		if (first.length <= 40) return (incoming.shift() ?? first).slice().buffer;
		incoming[0] = first.slice(40);
		return first.slice(0, 40).buffer;
	});
	door.answer("sendmsg", (_fd: number, data: string | ArrayBuffer) => {
		if (typeof data === "string") {
			push(new TextEncoder().encode(fake.welcome).buffer as ArrayBuffer);
			return data.length;
		}
		const bytes = new Uint8Array(data);
		if (messageSize(bytes) !== bytes.length) throw new Error("a part of a message was sent");
		serve(decodeMessage(bytes), new DataView(data).getUint32(8, true));
		return bytes.length;
	});
	return fake;
}
