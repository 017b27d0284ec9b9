import { expect, it } from "vitest";
import { withUndo } from "../../../src/runtime/undo.js";

/** What was done, in order, by work that registers two undos and one last step. */
function traceOf(fails: boolean, undoFails = false): { done: string[]; reports: string[]; outcome: unknown } {
	const done: string[] = [];
	const reports: string[] = [];
	let outcome: unknown;
	try {
		outcome = withUndo(
			(message) => reports.push(message),
			(undo) => {
				undo.atEnd(() => done.push("let go"));
				undo.add("close the first", () => done.push("first"));
				undo.add("close the second", () => {
					if (undoFails) throw new Error("it is stuck");
					done.push("second");
				});
				if (fails) throw new Error("no more");
				return "done";
			},
		);
	} catch (error) {
		outcome = error;
	}
	return { done, reports, outcome };
}

it("work that succeeds undoes nothing, and lets go of what it held", () => {
	expect(traceOf(false)).toEqual({ done: ["let go"], reports: [], outcome: "done" });
});

it("work that fails is undone backwards, before what it held is let go of", () => {
	expect(traceOf(true)).toEqual({ done: ["second", "first", "let go"], reports: [], outcome: new Error("no more") });
});

it("an undo that fails is reported, and stops none of the others", () => {
	expect(traceOf(true, true)).toEqual({
		done: ["first", "let go"],
		reports: ["could not close the second: it is stuck"],
		outcome: new Error("no more"),
	});
});
