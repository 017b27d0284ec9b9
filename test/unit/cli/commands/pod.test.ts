import { beforeEach, describe, expect, it, vi } from "vitest";
import { addToPod } from "../../../../src/runtime/pods/add-to-pod.js";
import { createPod } from "../../../../src/runtime/pods/create-pod.js";
import { deletePod } from "../../../../src/runtime/pods/delete-pod.js";
import { stopPod } from "../../../../src/runtime/pods/stop-pod.js";
import { type ContainerSummary, listContainers } from "../../../../src/runtime/state.js";
import { SIGTERM, SIGUSR1 } from "../../../../src/sys/constants.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/pods/add-to-pod.js", () => ({ addToPod: vi.fn() }));
vi.mock("../../../../src/runtime/pods/create-pod.js", () => ({ createPod: vi.fn() }));
vi.mock("../../../../src/runtime/pods/delete-pod.js", () => ({ deletePod: vi.fn() }));
vi.mock("../../../../src/runtime/pods/stop-pod.js", () => ({ stopPod: vi.fn() }));
vi.mock("../../../../src/runtime/state.js", () => ({ listContainers: vi.fn() }));

const silent = { status: 0, stdout: "", stderr: "" };

function container(id: string, created: string, annotations?: Record<string, string>): ContainerSummary {
	const rest = { ociVersion: "1.3.0", pid: 42, status: "running", bundle: "/b", rootfs: "/b/rootfs", owner: "root" };
	return { ...rest, id, created, ...(annotations && { annotations }) } as ContainerSummary;
}

const inPod = (pod: string, shares?: string) => ({
	"org.tsrun.pod": pod,
	...(shares && { "org.tsrun.pod.shares": shares }),
});

beforeEach(() => {
	vi.clearAllMocks();
	vi.mocked(listContainers).mockReturnValue([
		container("app", "2026-01-03", inPod("web")),
		container("db", "2026-01-02", inPod("web")),
		container("left", "2026-01-04", inPod("gone")),
		container("other", "2026-01-01"),
		container("web", "2026-01-01", inPod("web", "network,ipc")),
	]);
});

describe("pod list", () => {
	it("has a row for each pod and its containers in the order of their making", async () => {
		expect((await call("pod list")).stdout).toBe(
			[
				"POD         CONTAINER   PID         STATUS      CREATED      SHARES, BUNDLE",
				"gone        -           0           gone        -            -",
				"            left        42          running     2026-01-04   /b",
				"web         web         42          running     2026-01-01   network,ipc",
				"            db          42          running     2026-01-02   /b",
				"            app         42          running     2026-01-03   /b",
				"",
			].join("\n"),
		);
	});

	it("is of those that are named, and refuses others", async () => {
		expect((await call("pod list -q web")).stdout).toBe("web\n");
		door.reset();
		expect(await call("pod list web nope")).toMatchObject({
			status: 1,
			stdout: "",
			stderr: "pod nope does not exist\n",
		});
		door.reset();
		expect(await call("pod list other")).toMatchObject({ status: 1, stderr: "container other is not a pod\n" });
	});

	it("is JSON", async () => {
		const member = { status: "running", pid: 42, bundle: "/b" };
		expect(JSON.parse((await call("pod list --json")).stdout)).toEqual([
			{
				...{ name: "gone", status: "gone", pid: 0, created: null, namespaces: [] },
				members: [{ ...member, id: "left", created: "2026-01-04" }],
			},
			{
				...{ name: "web", status: "running", pid: 42, created: "2026-01-01", namespaces: ["network", "ipc"] },
				members: [
					{ ...member, id: "db", created: "2026-01-02" },
					{ ...member, id: "app", created: "2026-01-03" },
				],
			},
		]);
		door.reset();
		vi.mocked(listContainers).mockReturnValue([]);
		expect((await call("pod list --json")).stdout).toBe("[]\n");
	});
});

describe("pod create", () => {
	it("names the host as the pod, unless told", async () => {
		expect(await call("pod create web")).toMatchObject(silent);
		expect(createPod).toHaveBeenLastCalledWith(expect.anything(), "web", { hostname: "web", sharesPids: false });
		await call("pod create --pid --hostname h web");
		expect(createPod).toHaveBeenLastCalledWith(expect.anything(), "web", { hostname: "h", sharesPids: true });
	});

	it("cuts the host's name to what the kernel takes", async () => {
		await call(`pod create ${"w".repeat(70)}`);
		expect(createPod).toHaveBeenCalledWith(
			expect.anything(),
			"w".repeat(70),
			expect.objectContaining({ hostname: "w".repeat(64) }),
		);
	});

	it("says where a failure comes from", async () => {
		vi.mocked(createPod).mockImplementationOnce(() => {
			throw new TsrunError("id-taken", "no");
		});
		expect(await call("pod create web")).toMatchObject({ status: 1, stderr: "tsrun pod create failed: no\n" });
	});
});

describe("pod add", () => {
	it("hands the options of create on", async () => {
		expect(await call("pod add -b /bundle --pid-file /p --init=group web app")).toMatchObject(silent);
		const options = expect.objectContaining({ bundle: "/bundle", pidFile: "/p", init: "group" });
		expect(addToPod).toHaveBeenCalledWith(expect.anything(), "web", "app", options);
	});

	it("needs a pod and an id", async () => {
		expect(await call("pod add web")).toMatchObject({ status: 1 });
		expect(addToPod).not.toHaveBeenCalled();
	});
});

describe("pod stop", () => {
	it("hands time and signal on, and ends with 124 when one was killed", async () => {
		vi.mocked(stopPod).mockImplementationOnce((_host, _name, { signal = SIGTERM }, watcher) => {
			watcher.done({ id: "app", outcome: "killed", signal, seconds: 1, status: 9, leftBehind: 0 });
			watcher.done({ id: "web", outcome: "ended", signal, seconds: 0.002, status: 0, leftBehind: 0 });
		});
		const { status, stdout } = await call("pod stop -t 1 -s USR1 web");
		expect(stopPod).toHaveBeenCalledWith(expect.anything(), "web", { time: 1, signal: SIGUSR1 }, expect.anything());
		expect(stdout.split("\n").map((line) => line.split(":")[0])).toEqual(["app", "web", ""]);
		expect(status).toBe(124);
	});

	it("says which container an error is about", async () => {
		vi.mocked(stopPod).mockImplementationOnce((_host, _name, _options, watcher) =>
			watcher.failed("app", new TsrunError("signal-failed", "no")),
		);
		expect(await call("pod stop web")).toMatchObject({ status: 1, stderr: "app: no\n" });
	});
});

describe("pod delete", () => {
	it.each([
		["pod delete web", false],
		["pod delete --force web", true],
		["pod delete -f web", true],
	])("%s", async (line, force) => {
		expect(await call(line)).toMatchObject(silent);
		expect(deletePod).toHaveBeenCalledWith(expect.anything(), "web", force);
	});
});

describe("pod", () => {
	it.each(["pod", "pod --help", "pod help", "help pod", "--debug pod"])("%s shows its verbs", async (line) => {
		const { status, stdout } = await call(line);
		expect(status).toBe(0);
		for (const verb of ["add", "create", "delete", "list", "stop"]) expect(stdout).toContain(`   pod ${verb} `);
		expect(stdout).not.toContain("update");
	});

	it("takes global flags at every place", async () => {
		for (const line of ["--root /r pod create web", "pod --root /r create web", "pod create --root /r web"]) {
			await call(line);
			expect(vi.mocked(createPod).mock.lastCall?.[0]).toMatchObject({ root: "/r" });
		}
		expect(createPod).toHaveBeenCalledTimes(3);
	});

	it("refuses a verb that it does not have", async () => {
		expect(await call("pod frob")).toMatchObject({
			status: 3,
			stdout: "",
			stderr: expect.stringContaining("'pod frob'"),
		});
		expect(await call("pod update web")).toMatchObject({ status: 3 });
	});
});
