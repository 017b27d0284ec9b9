import { expect, test } from "vitest";
import { isNumberList } from "../../../../src/spec/rules/lists.js";

test.each(["0", "0-3", "0-3,7", "1,1", "5-5", " 0 , 2-4 "])("%j is a list", (list) => {
	expect(isNumberList(list)).toBe(true);
});

test.each(["", ",", "1,", "-1", "3-", "3-1", "a", "0x1", "1 2", "1-2-3", "123456"])("%j is none", (list) => {
	expect(isNumberList(list)).toBe(false);
});
