import { expect, it, vi } from "vitest";
import { deleteContainer } from "../../../../src/runtime/lifecycle/delete.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/delete.js", () => ({ deleteContainer: vi.fn() }));

it.each([
	["delete c1", false],
	["delete --force c1", true],
	["delete c1 -f", true],
])("%s: by force %s", async (line, force) => {
	expect((await call(line)).status).toBe(0);
	expect(deleteContainer).toHaveBeenLastCalledWith(expect.anything(), "c1", force);
});
