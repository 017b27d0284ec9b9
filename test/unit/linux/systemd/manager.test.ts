import { describe, expect, it } from "vitest";
import { connectSystemd } from "../../../../src/linux/systemd/manager.js";
import { door } from "../../../support/door.js";
import { fakeSystemd } from "../../../support/fake-systemd.js";

const scope = "tsrun-a.scope";
const properties = [["Delegate", { signature: "b", value: true }]] as const;

const failed = (message: string) => expect.objectContaining({ id: "cgroup-failed", message });

describe("connectSystemd", () => {
	it("asks for the version and the place of all units", () => {
		fakeSystemd();
		const manager = connectSystemd(false);
		expect(manager).toMatchObject({ version: 252, controlGroup: "" });
		expect(door.args("connect_unix")).toEqual([[50, "/run/dbus/system_bus_socket"]]);
		manager.close();
		expect(door.args("close")).toEqual([[50]]);
	});

	it("finds a user's bus by the environment", () => {
		const paths = (environ: string[]) => {
			fakeSystemd();
			door.answer("environ", environ);
			door.answer("geteuid", 1000);
			connectSystemd(true);
			return door.args("connect_unix").at(-1)?.[1];
		};
		expect(paths([])).toBe("/run/user/1000/bus");
		expect(paths(["XDG_RUNTIME_DIR=/run/user/7"])).toBe("/run/user/7/bus");
		expect(paths(["XDG_RUNTIME_DIR=/x", "DBUS_SESSION_BUS_ADDRESS=tcp:host=a;unix:guid=1,path=/tmp/a%20b,x=y"])).toBe(
			"/tmp/a b",
		);
	});

	it("goes to systemd itself where there is no bus", () => {
		fakeSystemd();
		door.fail("connect_unix", "ENOENT", (_fd, path) => path === "/run/dbus/system_bus_socket");
		expect(connectSystemd(false).version).toBe(252);
		expect(door.args("connect_unix").at(-1)).toEqual([50, "/run/systemd/private"]);
	});

	it("says what is missing where there is neither", () => {
		fakeSystemd();
		door.fail("connect_unix", "ECONNREFUSED", () => true);
		const message = 'connect to systemd over "/run/dbus/system_bus_socket": connection refused';
		expect(() => connectSystemd(false)).toThrow(failed(message));
		expect(door.args("close")).toHaveLength(2);
	});

	it("says it when it is refused, hung up on, or left waiting", () => {
		const fake = fakeSystemd();
		fake.welcome = "REJECTED EXTERNAL\r\n";
		expect(() => connectSystemd(false)).toThrow("authentication refused: REJECTED EXTERNAL");
		door.answer("read_bytes", new ArrayBuffer(0));
		expect(() => connectSystemd(false)).toThrow("talk to systemd over D-Bus: the connection was closed");
		let time = 0n;
		door.answer("clock_gettime", () => (time += 20_000_000_000n));
		door.answer("poll", [0]);
		expect(() => connectSystemd(false)).toThrow("no answer in time to the authentication");
	});
});

describe("startUnit", () => {
	it("waits for its job, also when the signal came first", () => {
		const fake = fakeSystemd();
		connectSystemd(false).startUnit(scope, properties);
		expect(fake.calls).toEqual([{ member: "StartTransientUnit", body: [scope, "replace", properties, []] }]);
	});

	it("names the unit when the job fails", () => {
		const fake = fakeSystemd();
		fake.results.push("failed");
		expect(() => connectSystemd(false).startUnit(scope, properties)).toThrow(
			expect.objectContaining({
				message: `unable to start the unit "${scope}": the job's result is "failed"`,
				details: expect.objectContaining({ object: scope, hint: `systemctl status '${scope}' may tell more` }),
			}),
		);
	});

	it("hands on what systemd says", () => {
		const fake = fakeSystemd();
		const error = { error: "org.freedesktop.DBus.Error.PropertyReadOnly", text: "Cannot set property Foo" };
		fake.answers.StartTransientUnit = () => error;
		expect(() => connectSystemd(true).startUnit(scope, properties)).toThrow(
			failed(`unable to start the unit "${scope}": Cannot set property Foo`),
		);
	});

	it("takes the place of a unit that has failed, and of no other", () => {
		const fake = fakeSystemd();
		const exists = { error: "org.freedesktop.systemd1.UnitExists", text: `Unit ${scope} already exists.` };
		const answers = [exists, ["o", "/org/freedesktop/systemd1/job/7"] as const];
		fake.answers.StartTransientUnit = () => answers.shift() ?? exists;
		connectSystemd(false).startUnit(scope, properties);
		expect(fake.calls.map(({ member }) => member)).toEqual([
			"StartTransientUnit",
			"ResetFailedUnit",
			"StartTransientUnit",
		]);
		expect(() => connectSystemd(false).startUnit(scope, properties)).toThrow(
			expect.objectContaining({ id: "cgroup-in-use", message: expect.stringContaining("already exists") }),
		);
	});
});

describe("setProperties", () => {
	it("is done when systemd has written the files: it has read one more call", () => {
		const fake = fakeSystemd();
		connectSystemd(false).setProperties(scope, properties);
		expect(fake.calls).toEqual([
			{ member: "SetUnitProperties", body: [scope, true, properties] },
			{ member: "Ping", body: [] },
		]);
	});
});

describe("attachProcess", () => {
	it("hands over one process, and what systemd says against it", () => {
		const fake = fakeSystemd();
		connectSystemd(true).attachProcess(scope, "/sub", 4711);
		expect(fake.calls).toEqual([{ member: "AttachProcessesToUnit", body: [scope, "/sub", [4711]] }]);
		fake.answers.AttachProcessesToUnit = () => ({
			error: "org.freedesktop.DBus.Error.AccessDenied",
			text: "Not yours",
		});
		expect(() => connectSystemd(true).attachProcess(scope, "", 4711)).toThrow(
			failed(`unable to move process 4711 into the unit "${scope}": Not yours`),
		);
	});
});

describe("stopUnit", () => {
	it("ends the unit and forgets its failure", () => {
		const fake = fakeSystemd();
		connectSystemd(false).stopUnit(scope);
		expect(fake.calls).toEqual([
			{ member: "StopUnit", body: [scope, "replace"] },
			{ member: "ResetFailedUnit", body: [scope] },
		]);
	});

	it("is content when the unit is gone", () => {
		const fake = fakeSystemd();
		fake.answers.StopUnit = () => ({ error: "org.freedesktop.systemd1.NoSuchUnit", text: "not loaded" });
		connectSystemd(false).stopUnit(scope);
		expect(fake.calls).toHaveLength(1);
	});
});
