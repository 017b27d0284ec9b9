import { beforeEach, describe, expect, it, vi } from "vitest";
import { type ContainerSummary, listContainers } from "../../../../src/runtime/state.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/state.js", () => ({ listContainers: vi.fn() }));

const summary = {
	ociVersion: "1.3.0",
	id: "c1",
	pid: 42,
	status: "running",
	bundle: "/b",
	rootfs: "/b/rootfs",
	created: "2026-11-21T23:39:53.669212977Z",
	owner: "root",
} as ContainerSummary;

beforeEach(() => {
	vi.mocked(listContainers).mockReturnValue([summary, { ...summary, id: "c2", pid: 0, status: "stopped" }]);
});

describe("list", () => {
	it("is a table", async () => {
		expect((await call("list")).stdout).toBe(
			[
				"ID          PID         STATUS      BUNDLE      CREATED                          OWNER",
				"c1          42          running     /b          2026-11-21T23:39:53.669212977Z   root",
				"c2          0           stopped     /b          2026-11-21T23:39:53.669212977Z   root",
				"",
			].join("\n"),
		);
	});

	it("is one line of JSON", async () => {
		const { stdout } = await call("list -f json");
		expect(stdout).toMatch(/^\[\{"ociVersion":"1\.3\.0","id":"c1","pid":42,.*\}\]\n$/);
		expect(JSON.parse(stdout)).toHaveLength(2);
	});

	it("is ids alone when quiet, whatever the format", async () => {
		expect((await call("list -q")).stdout).toBe("c1\nc2\n");
		expect((await call("list --quiet --format json")).stdout).toContain("c1\nc2\n");
	});

	it("of no container is the title", async () => {
		vi.mocked(listContainers).mockReturnValue([]);
		expect((await call("list")).stdout).toBe("ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
	});

	it("of no container is null in JSON", async () => {
		vi.mocked(listContainers).mockReturnValue([]);
		expect((await call("list --format=json")).stdout).toBe("null\n");
	});

	it("refuses another format", async () => {
		expect(await call("list -f yaml")).toMatchObject({ status: 1, stdout: "", stderr: "invalid format option\n" });
	});
});
