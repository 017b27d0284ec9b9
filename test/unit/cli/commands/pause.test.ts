import { expect, it, vi } from "vitest";
import { pauseContainer, resumeContainer } from "../../../../src/runtime/lifecycle/pause.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/pause.js", () => ({ pauseContainer: vi.fn(), resumeContainer: vi.fn() }));

it("pause and resume pass the id on", async () => {
	expect(await call("pause c1")).toMatchObject({ status: 0, stdout: "" });
	expect(pauseContainer).toHaveBeenCalledWith(expect.objectContaining({ root: "/run/tsrun" }), "c1");
	expect(await call("resume c1")).toMatchObject({ status: 0, stdout: "" });
	expect(resumeContainer).toHaveBeenCalledWith(expect.objectContaining({ root: "/run/tsrun" }), "c1");
});
