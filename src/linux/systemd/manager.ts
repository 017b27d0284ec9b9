/**
 * What the runtime asks of systemd, root's or a user's: transient units, their properties and their end
 * (org.freedesktop.systemd1(5)).
 */
import { environmentValue } from "../../sys/environment.js";
import { failure, isSysError, TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { startClock, type TimeLeft } from "../cgroups/waiting.js";
import { type Bus, connectBus, daemonCall } from "./bus.js";
import type { Call, Message, Value, Variant } from "./wire.js";

/** A property of a unit: its name and its typed value. */
export type Property = readonly [name: string, value: Variant];

export interface SystemdManager {
	/** The cgroup that systemd has for all its units, "" for the top. */
	readonly controlGroup: string;
	/** 252 */
	readonly version: number;
	/**
	 * Makes a transient unit and waits until it stands; one that has failed before makes room.
	 * @throws cgroup-in-use when there is such a unit, cgroup-failed, both with its name.
	 */
	startUnit(name: string, properties: readonly Property[]): void;
	/** For the life of the unit, and in force when it returns. */
	setProperties(name: string, properties: readonly Property[]): void;
	/** Moves a process of the caller's into a cgroup of a delegated unit, "" or "/sub", also where the caller may not. */
	attachProcess(name: string, subCgroup: string, pid: number): void;
	/** Ends it and forgets a failure of it; one that is gone is fine. */
	stopUnit(name: string): void;
	close(): void;
}

/** What systemd takes for a job in good order is far less; a machine under load may take seconds. */
const jobTime = 30_000;

const service = "org.freedesktop.systemd1";
const path = "/org/freedesktop/systemd1";
const managerInterface = `${service}.Manager`;

/** @throws cgroup-failed when systemd does not answer. */
export function connectSystemd(isUser: boolean): SystemdManager {
	const left = startClock(jobTime);
	const bus = connect(isUser, left);
	try {
		// job signals come as broadcasts; the private socket, which has no daemon, sends them unasked
		bus.ask(daemonCall("AddMatch", "s", [`type='signal',interface='${managerInterface}',member='JobRemoved'`]));
		bus.ask(managerCall("Subscribe"));
		const replies = ["ControlGroup", "Version"].map((name) => bus.ask(propertyCall(name)));
		const [controlGroup = "", version = ""] = replies.map((reply) => {
			const [value] = orThrow(reply(left), "ask systemd for its properties", isUser).body;
			return String((value as Variant).value);
		});
		return managerOn(bus, isUser, controlGroup === "/" ? "" : controlGroup, Number(/\d+/.exec(version)?.[0] ?? 0));
	} catch (error) {
		bus.close();
		throw error;
	}
}

function managerOn(bus: Bus, isUser: boolean, controlGroup: string, version: number): SystemdManager {
	const start = (name: string, properties: readonly Property[]) =>
		bus.ask(managerCall("StartTransientUnit", "ssa(sv)a(sa(sv))", [name, "replace", properties, []]));
	return {
		controlGroup,
		version,
		startUnit(name, properties) {
			const left = startClock(jobTime);
			const what = `start the unit "${name}"`;
			let reply = start(name, properties)(left);
			if (isError(reply, "UnitExists")) {
				bus.ask(managerCall("ResetFailedUnit", "s", [name]))(left);
				reply = start(name, properties)(left);
			}
			if (isError(reply, "UnitExists")) throw unitExists(name, reply);
			awaitJob(bus, orThrow(reply, what, isUser, name), what, isUser, name, left);
		},
		setProperties(name, properties) {
			const left = startClock(jobTime);
			const set = bus.ask(managerCall("SetUnitProperties", "sba(sv)", [name, true, properties]));
			orThrow(set(left), `set properties of the unit "${name}"`, isUser, name);
			// systemd writes the control files after it has answered, and before it reads the next call
			bus.ask({ destination: service, path, interface: "org.freedesktop.DBus.Peer", member: "Ping" })(left);
		},
		attachProcess(name, subCgroup, pid) {
			const left = startClock(jobTime);
			const attach = bus.ask(managerCall("AttachProcessesToUnit", "ssau", [name, subCgroup, [pid]]));
			orThrow(attach(left), `move process ${pid} into the unit "${name}"`, isUser, name);
		},
		stopUnit(name) {
			const left = startClock(jobTime);
			const what = `stop the unit "${name}"`;
			const reply = bus.ask(managerCall("StopUnit", "ss", [name, "replace"]))(left);
			if (isError(reply, "NoSuchUnit")) return;
			awaitJob(bus, orThrow(reply, what, isUser, name), what, isUser, name, left);
			bus.ask(managerCall("ResetFailedUnit", "s", [name]))(left);
		},
		close: bus.close,
	};
}

function managerCall(member: string, signature = "", body: readonly Value[] = []): Call {
	return { destination: service, path, interface: managerInterface, member, signature, body };
}

function propertyCall(name: string): Call {
	const properties = "org.freedesktop.DBus.Properties";
	return {
		destination: service,
		path,
		interface: properties,
		member: "Get",
		signature: "ss",
		body: [managerInterface, name],
	};
}

/** JobRemoved has the job's number, its path, the unit and the result. */
function awaitJob(bus: Bus, reply: Message, what: string, isUser: boolean, unit: string, left: TimeLeft): void {
	const [job] = reply.body;
	const { body } = bus.awaitSignal(({ member, body }) => member === "JobRemoved" && body[1] === job, left);
	const result = String(body[3]);
	if (result !== "done") throw unitFailure(what, `the job's result is "${result}"`, isUser, unit);
}

function isError({ type, errorName }: Message, name: string): boolean {
	return type === "error" && errorName === `${service}.${name}`;
}

function orThrow(message: Message, what: string, isUser: boolean, unit = ""): Message {
	if (message.type !== "error") return message;
	throw unitFailure(what, String(message.body[0] ?? message.errorName), isUser, unit);
}

function unitFailure(what: string, why: string, isUser: boolean, unit: string): TsrunError {
	const systemctl = isUser ? "systemctl --user" : "systemctl";
	return new TsrunError("cgroup-failed", `unable to ${what}: ${why}`, {
		stage: "cgroup",
		...(unit !== "" && { object: unit, hint: `${systemctl} status '${unit}' may tell more` }),
	});
}

function unitExists(name: string, { body }: Message): TsrunError {
	return new TsrunError("cgroup-in-use", `unable to start the unit "${name}": ${String(body[0])}`, {
		stage: "cgroup",
		object: name,
		hint: "something else runs in it: choose another cgroupsPath",
	});
}

/** Over the message bus; on a machine without one, root and systemd's own user may ask systemd itself. */
function connect(isUser: boolean, left: TimeLeft): Bus {
	const { bus, own } = sockets(isUser);
	try {
		return connectBus(bus, true, left);
	} catch (error) {
		if (!isSysError(error)) throw error;
		try {
			return connectBus(own, false, left);
		} catch {
			throw failure("cgroup-failed", `connect to systemd over "${bus}"`, error, {
				stage: "cgroup",
				object: bus,
				hint: isUser
					? "a user's systemd and its bus take a login session, or loginctl enable-linger (Debian: libpam-systemd and dbus-user-session)"
					: "does dbus run? Or leave --systemd-cgroup out",
			});
		}
	}
}

function sockets(isUser: boolean): { readonly bus: string; readonly own: string } {
	if (!isUser) {
		const bus = pathIn(environmentValue("DBUS_SYSTEM_BUS_ADDRESS")) ?? "/run/dbus/system_bus_socket";
		return { bus, own: "/run/systemd/private" };
	}
	const directory = environmentValue("XDG_RUNTIME_DIR") || `/run/user/${sys.geteuid()}`;
	return {
		bus: pathIn(environmentValue("DBUS_SESSION_BUS_ADDRESS")) ?? `${directory}/bus`,
		own: `${directory}/systemd/private`,
	};
}

/** The socket's path in an address such as "unix:path=/run/user/1000/bus,guid=…". */
function pathIn(address: string): string | undefined {
	const path = /(?:^|;)unix:(?:[^;]*,)?path=([^,;]*)/.exec(address)?.[1];
	return path === undefined ? undefined : decodeURIComponent(path);
}
