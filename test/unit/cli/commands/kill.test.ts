import { beforeEach, describe, expect, it, vi } from "vitest";
import { dispatch } from "../../../../src/cli/dispatch.js";
import { killContainer } from "../../../../src/runtime/lifecycle/kill.js";
import { call } from "../call.js";

vi.mock("../../../../src/runtime/lifecycle/kill.js", () => ({ killContainer: vi.fn() }));

beforeEach(() => vi.clearAllMocks());

describe("kill", () => {
	it.each([
		["kill c1", 15, false],
		["kill c1 9", 9, false],
		["kill c1 SIGUSR1", 10, false],
		["kill c1 hup", 1, false],
		["kill c1 0", 0, false],
		["kill --all c1 KILL", 9, true],
		["kill -a c1", 15, true],
		["kill c1 9 -a", 9, true],
		["kill --all=false c1", 15, false],
	])("%s sends signal %i", async (line, signal, all) => {
		expect((await call(line)).status).toBe(0);
		expect(killContainer).toHaveBeenCalledWith(expect.anything(), "c1", signal, all);
	});

	it("takes an empty signal for none, as runc does", async () => {
		expect(await dispatch(["tsrun", "kill", "c1", ""])).toBe(0);
		expect(killContainer).toHaveBeenCalledWith(expect.anything(), "c1", 15, false);
	});

	it("refuses a signal that is none", async () => {
		expect(await call("kill c1 NOSUCH")).toMatchObject({ status: 1, stdout: "", stderr: 'unknown signal "NOSUCH"\n' });
		expect(killContainer).not.toHaveBeenCalled();
	});
});
