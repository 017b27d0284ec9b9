import { beforeEach, describe, expect, it, vi } from "vitest";
import { createContainer } from "../../../../src/runtime/lifecycle/create.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/create.js", () => ({ createContainer: vi.fn() }));

beforeEach(() => vi.clearAllMocks());

async function optionsOf(line: string) {
	expect((await call(line)).status).toBe(0);
	return vi.mocked(createContainer).mock.calls[0]?.slice(1);
}

describe("create", () => {
	it("takes the working directory for the bundle, and nothing else for granted", async () => {
		expect(await optionsOf("create c1")).toEqual([
			"c1",
			{
				bundle: ".",
				pidFile: undefined,
				consoleSocket: undefined,
				pidfdSocket: undefined,
				noPivot: false,
				noNewKeyring: false,
				preserveFds: 0,
				listenFds: 0,
			},
		]);
	});

	it("takes what engines give", async () => {
		const flags = "--bundle /b --pid-file /b/pid --console-socket s --pidfd-socket p --no-pivot --no-new-keyring";
		expect(await optionsOf(`create ${flags} --preserve-fds 2 c1`)).toEqual([
			"c1",
			{
				bundle: "/b",
				pidFile: "/b/pid",
				consoleSocket: "s",
				pidfdSocket: "p",
				noPivot: true,
				noNewKeyring: true,
				preserveFds: 2,
				listenFds: 0,
			},
		]);
	});

	it("reads a relative pid file from the caller's directory", async () => {
		door.answer("getcwd", "/here");
		expect(await optionsOf("create -b /b --pid-file pid c1")).toMatchObject(["c1", { pidFile: "/here/pid" }]);
	});

	it("reads another configuration, from the caller's directory, as crun does", async () => {
		door.answer("getcwd", "/here");
		for (const flag of ["--config", "-f"]) {
			vi.clearAllMocks();
			expect(await optionsOf(`create -b /b ${flag} c.json c1`)).toMatchObject(["c1", { config: "/here/c.json" }]);
		}
	});

	it("takes an empty path for none", async () => {
		expect(await optionsOf("create --bundle= --pid-file= --console-socket= c1")).toMatchObject([
			"c1",
			{ bundle: ".", pidFile: undefined, consoleSocket: undefined },
		]);
	});

	it("takes the service manager's socket from the environment", async () => {
		door.answer("environ", ["NOTIFY_SOCKET=/run/manager"]);
		expect(await optionsOf("create c1")).toMatchObject(["c1", { notifySocket: "/run/manager" }]);
	});

	it("takes an init, with or without a mode", async () => {
		expect(await optionsOf("create --init c1")).toMatchObject(["c1", { init: true }]);
		vi.clearAllMocks();
		expect(await optionsOf("create --init=graceful c1")).toMatchObject(["c1", { init: "graceful" }]);
	});

	it("refuses an init that there is not", async () => {
		const { status, stderr } = await call("create --init=tini c1");
		expect({ status, stderr }).toEqual({
			status: 1,
			stderr: 'invalid value "tini" for flag -init: expected forward, group, pause, supervise, graceful\n',
		});
	});

	it("refuses a number of descriptors that is none", async () => {
		const { status, stderr } = await call("create --preserve-fds two c1");
		expect({ status, stderr }).toEqual({
			status: 1,
			stderr: 'invalid value "two" for flag -preserve-fds: parse error\n',
		});
	});
});
