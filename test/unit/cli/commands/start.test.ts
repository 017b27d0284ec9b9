import { expect, it, vi } from "vitest";
import { startContainer } from "../../../../src/runtime/lifecycle/start.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/start.js", () => ({ startContainer: vi.fn() }));

it("start passes the id on", async () => {
	expect(await call("start c-1.x")).toMatchObject({ status: 0, stdout: "" });
	expect(startContainer).toHaveBeenCalledWith(expect.objectContaining({ root: "/run/tsrun" }), "c-1.x");
});
