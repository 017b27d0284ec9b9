import { expect, it, vi } from "vitest";
import { startContainer } from "../../../../src/runtime/lifecycle/start.js";
import { door } from "../../../support/door.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/start.js", () => ({ startContainer: vi.fn() }));

it("start passes the id on", async () => {
	expect(await call("start c-1.x")).toMatchObject({ status: 0, stdout: "" });
	expect(startContainer).toHaveBeenCalledWith(expect.objectContaining({ root: "/run/tsrun" }), "c-1.x", undefined);
});

it("start passes on who wants to hear that the program is ready", async () => {
	door.answer("environ", ["NOTIFY_SOCKET=/run/manager"]);
	await call("start c1");
	expect(startContainer).toHaveBeenLastCalledWith(expect.anything(), "c1", "/run/manager");
});
