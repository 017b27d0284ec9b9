import { beforeEach, describe, expect, it, vi } from "vitest";
import { runContainer } from "../../../../src/runtime/lifecycle/run.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/run.js", () => ({ runContainer: vi.fn(() => 0) }));

beforeEach(() => vi.clearAllMocks());

describe("run", () => {
	it("ends with the program's status", async () => {
		vi.mocked(runContainer).mockReturnValueOnce(137);
		expect(await call("run c1")).toMatchObject({ status: 137, stdout: "", stderr: "" });
	});

	it("stays in the foreground and cleans up unless told otherwise", async () => {
		await call("run c1");
		expect(runContainer).toHaveBeenCalledWith(
			expect.anything(),
			"c1",
			expect.objectContaining({ bundle: ".", detach: false, keep: false, noSubreaper: false }),
		);
	});

	it("takes its own flags besides those of create", async () => {
		await call("run -d --keep -no-subreaper -b /b c1");
		expect(runContainer).toHaveBeenCalledWith(
			expect.anything(),
			"c1",
			expect.objectContaining({ bundle: "/b", detach: true, keep: true, noSubreaper: true }),
		);
	});
});
