import { describe, expect, it } from "vitest";
import { allowSearch, joinSessionKeyring } from "../../../src/linux/keyring.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

describe("joinSessionKeyring", () => {
	it("joins a keyring named after the container", () => {
		door.answer("keyctl_join_session_keyring", 123);
		expect(joinSessionKeyring("c1")).toEqual({ key: 123, warnings: [] });
		expect(door.args("keyctl_join_session_keyring")).toEqual([["_ses.c1"]]);
	});

	it.each([
		["ENOSYS", "function not implemented"],
		["EPERM", "operation not permitted"],
	] as const)("goes on with a warning on %s", (code, text) => {
		door.fail("keyctl_join_session_keyring", code);
		expect(joinSessionKeyring("c1")).toEqual({ key: null, warnings: [`unable to join session keyring: ${text}`] });
	});

	it("fails in runc's words when the quota is used up, with the cure", () => {
		door.fail("keyctl_join_session_keyring", "EDQUOT");
		try {
			joinSessionKeyring("c1");
			expect.unreachable();
		} catch (error) {
			expect(error).toBeInstanceOf(TsrunError);
			expect(error).toMatchObject({
				message: "unable to join session keyring: unable to create session key: disk quota exceeded",
				details: { hint: "raise /proc/sys/kernel/keys/maxkeys, or use --no-new-keyring" },
			});
		}
	});
});

describe("allowSearch", () => {
	it("adds the owner's right to search to the rights that are there", () => {
		door.answer("keyctl_describe", "keyring;0;0;3f030000;_ses.c1");
		allowSearch(123, false);
		expect(door.args("keyctl_setperm")).toEqual([[123, 0x3f0b0000]]);
	});

	it("adds everybody's with a user namespace", () => {
		door.answer("keyctl_describe", "keyring;0;0;3f030000;_ses.c1");
		allowSearch(123, true);
		expect(door.args("keyctl_setperm")).toEqual([[123, 0x3f030008]]);
	});

	it("names what failed", () => {
		door.fail("keyctl_setperm", "EACCES");
		expect(() => allowSearch(123, true)).toThrow("unable to mod keyring permissions: permission denied");
	});
});
