/**
 * A connection to a message bus, or to systemd itself: as much of D-Bus as starting and stopping a unit takes. Why it is
 * our own: docs/adr/0012-own-d-bus-client.md.
 */
import { AF_UNIX, POLLIN, SOCK_CLOEXEC, SOCK_STREAM } from "../../sys/constants.js";
import type { Fd } from "../../sys/door.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { TimeLeft } from "../cgroups/waiting.js";
import { type Call, decodeMessage, encodeCall, type Message, messageSize } from "./wire.js";

export interface Bus {
	/** Sends the call at once; the function waits for what comes back: a reply or an error. */
	ask(call: Call): (left: TimeLeft) => Message;
	/** The first signal that fits, of those that have come and not been taken, or of those to come. */
	awaitSignal(fits: (signal: Message) => boolean, left: TimeLeft): Message;
	close(): void;
}

interface Connection {
	readonly fd: Fd;
	/** Read, but not yet a whole message. */
	rest: Uint8Array;
	/** Messages that nobody has waited for yet. */
	waiting: Message[];
	serial: number;
}

/**
 * Who we are, the other side asks the kernel: an id of ours would be another one outside a user namespace (D-Bus
 * Specification, "EXTERNAL"). What follows is sent at once, since nothing else is possible.
 */
const greeting = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";

/**
 * Kernel errors as they come. @throws cgroup-failed, here and later, when the other side refuses us, hangs up, or does not
 * answer in time.
 * @param isDaemon false for systemd's own socket, where nobody has to be made known. */
export function connectBus(path: string, isDaemon: boolean, left: TimeLeft): Bus {
	const fd = sys.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	try {
		sys.connect_unix(fd, path);
		const connection: Connection = { fd, rest: new Uint8Array(), waiting: [], serial: 0 };
		sys.sendmsg(fd, greeting, []);
		const bus = busOn(connection);
		const hello = isDaemon ? bus.ask(daemonCall("Hello")) : null;
		awaitWelcome(connection, left);
		hello?.(left);
		return bus;
	} catch (error) {
		sys.close(fd);
		throw error;
	}
}

export function daemonCall(member: string, signature = "", body: Call["body"] = []): Call {
	const name = "org.freedesktop.DBus";
	return { destination: name, path: "/org/freedesktop/DBus", interface: name, member, signature, body };
}

function busOn(connection: Connection): Bus {
	return {
		ask(call) {
			const serial = ++connection.serial;
			sendAll(connection.fd, encodeCall(serial, call));
			const answers = ({ type, replyTo }: Message) => replyTo === serial && (type === "reply" || type === "error");
			return (left) => awaitMessage(connection, answers, call.member, left);
		},
		awaitSignal(fits, left) {
			return awaitMessage(connection, (message) => message.type === "signal" && fits(message), "a signal", left);
		},
		close: () => sys.close(connection.fd),
	};
}

function sendAll(fd: Fd, data: ArrayBuffer): void {
	for (let rest = data; rest.byteLength > 0; ) rest = rest.slice(sys.sendmsg(fd, rest, []));
}

/** "DATA", since no id came with AUTH, and "OK" with the server's id; anything else is a refusal. */
function awaitWelcome(connection: Connection, left: TimeLeft): void {
	for (;;) {
		const end = connection.rest.indexOf(0x0a);
		if (end < 0) {
			readMore(connection, "the authentication", left);
			continue;
		}
		const line = String.fromCharCode(...connection.rest.subarray(0, end)).trim();
		connection.rest = connection.rest.slice(end + 1);
		if (line.startsWith("OK")) return;
		if (line !== "DATA") throw broken(`authentication refused: ${line}`);
	}
}

function awaitMessage(
	connection: Connection,
	fits: (message: Message) => boolean,
	what: string,
	left: TimeLeft,
): Message {
	for (;;) {
		const index = connection.waiting.findIndex(fits);
		if (index >= 0) return connection.waiting.splice(index, 1)[0] as Message;
		const size = messageSize(connection.rest);
		if (size === null || connection.rest.length < size) {
			readMore(connection, what, left);
			continue;
		}
		connection.waiting.push(decodeMessage(connection.rest.slice(0, size)));
		connection.rest = connection.rest.slice(size);
	}
}

function readMore(connection: Connection, what: string, left: TimeLeft): void {
	const { fd } = connection;
	let [ready = 0] = sys.poll([{ fd, events: POLLIN }], left());
	// a signal may have cut the wait short
	while (ready === 0 && left() > 0) [ready = 0] = sys.poll([{ fd, events: POLLIN }], left());
	if (ready === 0) throw broken(`no answer in time to ${what}`);
	const bytes = new Uint8Array(sys.read_bytes(fd, 16_384));
	if (bytes.length === 0) throw broken("the connection was closed");
	const joined = new Uint8Array(connection.rest.length + bytes.length);
	joined.set(connection.rest);
	joined.set(bytes, connection.rest.length);
	connection.rest = joined;
}

function broken(why: string): TsrunError {
	return new TsrunError("cgroup-failed", `talk to systemd over D-Bus: ${why}`, { stage: "cgroup" });
}
