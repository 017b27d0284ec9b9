import { beforeEach, describe, expect, it, vi } from "vitest";
import { readStats } from "../../../../src/linux/cgroups/stats.js";
import { listContainers } from "../../../../src/runtime/state.js";
import { type Sample, takeSample } from "../../../../src/runtime/usage.js";
import { TsrunError } from "../../../../src/sys/errors.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/state.js", () => ({ listContainers: vi.fn() }));
vi.mock("../../../../src/runtime/usage.js", async (original) => ({
	...(await original<typeof import("../../../../src/runtime/usage.js")>()),
	takeSample: vi.fn(),
}));

const stats = readStats({ version: 1, paths: {}, unifiedMountPoint: "" });
let left = 0;

/** So many looks until the containers have stopped. */
function lives(looks: number): void {
	left = looks;
	let at = 0;
	vi.mocked(takeSample).mockImplementation((_host, id): Sample | null => {
		at += 1e9;
		return left-- > 0 ? { id, status: "running", at, stats, oomKills: 0 } : null;
	});
}

beforeEach(() => {
	door.answer("poll", [0]);
	lives(3);
});

describe("stats", () => {
	it("prints the titles once, and a line per interval until the container ends", async () => {
		const { status, stdout } = await call("stats c1");
		expect([status, stdout.split("\n").map((line) => line.slice(0, 4))]).toEqual([0, ["ID  ", "c1  ", "c1  ", ""]]);
		expect(door.args("poll").map(([, timeout]) => timeout)).toEqual([1000, 1000, 1000]);
	});

	it("prints one interval with --once, of the length that is asked", async () => {
		const { stdout } = await call("stats --once --interval 50ms c1");
		expect(stdout.split("\n")).toHaveLength(3);
		expect(door.args("poll")).toEqual([[[{ fd: 1, events: 0 }], 50]]);
	});

	it("prints JSON, a line per container", async () => {
		lives(4);
		const { stdout } = await call("stats --json --once c1 c2");
		expect(
			stdout
				.split("\n")
				.slice(0, -1)
				.map((line) => JSON.parse(line).id),
		).toEqual(["c1", "c2"]);
	});

	it("draws over the table before on a terminal, cut to its size", async () => {
		door.answer("isatty", true);
		door.answer("ioctl_winsize_get", { rows: 3, columns: 20 });
		const { stdout } = await call("stats c1");
		const frames = stdout.split("\x1b[J").slice(0, -1);
		expect(frames[0]?.split("\x1b[K\n").map((line) => line.slice(0, 3))).toEqual(["ID ", "c1 ", ""]);
		expect(frames[1]?.startsWith("\x1b[2AID")).toBe(true);
		const lines = frames[1]?.slice("\x1b[2A".length).split("\x1b[K\n").filter(Boolean) ?? [];
		expect(lines.map((line) => [...line].length)).toEqual([20, 20]);
	});

	it("shows all that live when none is named, but those without a cgroup", async () => {
		const summary = (id: string, status: string) => ({ id, status }) as ReturnType<typeof listContainers>[number];
		vi.mocked(listContainers).mockReturnValue([
			summary("a", "running"),
			summary("b", "stopped"),
			summary("c", "paused"),
		]);
		vi.mocked(takeSample).mockImplementation((_host, id) => {
			if (id === "c") throw new TsrunError("config-unsupported", "container c has no cgroup of its own");
			return { id, status: "running", at: 0, stats, oomKills: 0 };
		});
		const { status, stdout } = await call("stats --once --json");
		expect([status, stdout.split("\n").length, JSON.parse(stdout).id]).toEqual([0, 2, "a"]);
	});

	it("goes on without one that is deleted", async () => {
		vi.mocked(takeSample).mockImplementation((_host, id) => {
			if (id === "c2" && left-- < 3) throw new TsrunError("container-missing", "container does not exist");
			return { id, status: "running", at: 0, stats, oomKills: 0 };
		});
		const { status, stdout } = await call("stats --json --once c1 c2");
		expect([status, stdout.split("\n").length]).toEqual([0, 2]);
	});

	it("ends when nobody reads any more", async () => {
		door.answer("poll", [8]);
		expect(await call("stats c1")).toMatchObject({ status: 0, stdout: "" });
	});

	it("refuses an interval of nothing", async () => {
		expect((await call("stats --interval 0s c1")).stderr).toBe("duration interval must be at least 1ms\n");
	});

	it("refuses what has stopped, and what is not there", async () => {
		lives(0);
		expect((await call("stats c1")).stderr).toBe("container not running\n");
		vi.mocked(takeSample).mockImplementation(() => {
			throw new TsrunError("container-missing", "container does not exist");
		});
		expect((await call("stats c1")).stderr).toMatch(/container does not exist\n$/);
	});
});
