import { describe, expect, it, vi } from "vitest";
import { checkpointContainer } from "../../../../src/runtime/lifecycle/checkpoint.js";
import { restoreContainer } from "../../../../src/runtime/lifecycle/restore.js";
import { CLONE_NEWNET } from "../../../../src/sys/constants.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/checkpoint.js", () => ({ checkpointContainer: vi.fn() }));
vi.mock("../../../../src/runtime/lifecycle/restore.js", () => ({ restoreContainer: vi.fn(() => 0) }));

const optionsOf = async (line: string) => {
	door.answer("getcwd", "/here");
	for (const verb of [checkpointContainer, restoreContainer]) vi.mocked(verb).mockClear();
	expect(await call(`${line} c1`)).toMatchObject({ status: 0, stderr: "" });
	const calls = [...vi.mocked(checkpointContainer).mock.calls, ...vi.mocked(restoreContainer).mock.calls];
	expect(calls).toEqual([[expect.anything(), "c1", expect.anything()]]);
	return calls[0]?.[2];
};

describe("checkpoint", () => {
	it("saves into ./checkpoint, ends the container, and allows nothing, unless told", async () => {
		expect(await optionsOf("checkpoint")).toEqual({
			imagePath: "/here/checkpoint",
			workPath: undefined,
			parentPath: undefined,
			leaveRunning: false,
			preDump: false,
			statusFd: -1,
			pageServer: undefined,
			tcpEstablished: false,
			tcpSkipInFlight: false,
			linkRemap: false,
			extUnixSk: false,
			shellJob: false,
			fileLocks: false,
			lazyPages: false,
			autoDedup: false,
			cgroupMode: "default",
			emptyNamespaces: 0,
		});
	});

	it("takes runc's flags", async () => {
		const switches = "tcp-established ext-unix-sk shell-job file-locks lazy-pages auto-dedup leave-running pre-dump";
		const flags = switches.split(" ").map((name) => `--${name}`);
		const values = "--image-path /i --work-path w --parent-path ../p --status-fd 5 --manage-cgroups-mode strict";
		expect(await optionsOf(`checkpoint ${flags.join(" ")} ${values} --empty-ns network`)).toMatchObject({
			imagePath: "/i",
			workPath: "/here/w",
			parentPath: "../p",
			tcpEstablished: true,
			extUnixSk: true,
			shellJob: true,
			fileLocks: true,
			lazyPages: true,
			autoDedup: true,
			leaveRunning: true,
			preDump: true,
			statusFd: 5,
			cgroupMode: "strict",
			emptyNamespaces: CLONE_NEWNET,
		});
	});

	it.each([
		["127.0.0.1:9876", "127.0.0.1"],
		["pages.local:9876", "pages.local"],
		["[::1]:9876", "::1"],
	])("takes the page server %s", async (text, address) => {
		expect(await optionsOf(`checkpoint --page-server ${text}`)).toMatchObject({ pageServer: { address, port: 9876 } });
	});

	it.each(["::1:9876", "127.0.0.1", ":9876", "127.0.0.1:99999"])("refuses the page server %s", async (text) => {
		const { status, stdout } = await call(`checkpoint --page-server ${text} c1`);
		expect({ status, told: stdout.includes("use --page-server ADDRESS:PORT") }).toEqual({ status: 1, told: true });
	});
});

describe("restore", () => {
	it("stays with the container of this directory, unless told", async () => {
		expect(await optionsOf("restore")).toMatchObject({
			imagePath: "/here/checkpoint",
			bundle: ".",
			detach: false,
			pidFile: undefined,
			consoleSocket: undefined,
			noSubreaper: false,
			lsmProfile: undefined,
			lsmMountContext: undefined,
		});
	});

	it("takes runc's flags, as engines write them", async () => {
		const line = "restore -no-subreaper --no-pivot --detach --pid-file p --console-socket /s --bundle /b";
		expect(await optionsOf(`${line} --lsm-profile apparmor:web --lsm-mount-context c`)).toMatchObject({
			bundle: "/b",
			detach: true,
			pidFile: "/here/p",
			consoleSocket: "/s",
			noSubreaper: true,
			lsmProfile: "apparmor:web",
			lsmMountContext: "c",
		});
	});
});
