import { runInNewContext } from "node:vm";
import { buildSync } from "esbuild";
import { describe, expect, it } from "vitest";

const names = ["events", "process", "path", "fs", "child_process"];

/** commander as the binary has it: in a world that knows the language and nothing of Node. */
function bundle(program: string): string {
	const result = buildSync({
		stdin: { contents: program, resolveDir: process.cwd() },
		bundle: true,
		write: false,
		format: "iife",
		globalName: "made",
		platform: "neutral",
		mainFields: ["module", "main"],
		alias: Object.fromEntries(names.map((name) => [`node:${name}`, `${process.cwd()}/src/cli/shims/${name}.ts`])),
	});
	return result.outputFiles[0]?.text ?? "";
}

function run(program: string) {
	const written: string[] = [];
	const write = (_fd: number, text: string) => {
		written.push(text);
		return text.length;
	};
	const made = runInNewContext(`${bundle(program)}; made.result`, { tsrunDoor: { write } });
	return { made, written };
}

describe("commander on the shims", () => {
	it("parses options and operands without Node", () => {
		const { made } = run(`
			import { Command } from "commander";
			const command = new Command("x").helpOption(false).exitOverride().allowExcessArguments();
			command.option("--cwd <dir>").option("--no-pivot").option("--env <e>", "", (value, all = []) => [...all, value]);
			command.parse(["--env", "a", "--cwd", "/x", "--env", "b", "--no-pivot", "--", "id"], { from: "user" });
			export const result = JSON.stringify([command.opts(), command.args]);
		`);
		expect(JSON.parse(made)).toEqual([{ env: ["a", "b"], cwd: "/x", pivot: false }, ["id"]]);
	});

	it("complains on our stderr", () => {
		const { made, written } = run(`
			import { Command } from "commander";
			export let result;
			try { new Command("x").exitOverride().parse(["--what"], { from: "user" }); } catch (error) { result = error.code; }
		`);
		expect([made, written]).toEqual(["commander.unknownOption", ["error: unknown option '--what'\n"]]);
	});
});

describe("EventEmitter", () => {
	it("calls listeners in their order and says whether there were any", () => {
		const { made } = run(`
			import { EventEmitter } from "node:events";
			const emitter = new EventEmitter();
			const heard = [];
			emitter.on("a", (x) => heard.push(1 + x)).on("a", (x) => heard.push(2 + x));
			export const result = JSON.stringify([emitter.emit("a", "!"), emitter.emit("b"), emitter.listenerCount("a"), heard]);
		`);
		expect(JSON.parse(made)).toEqual([true, false, 2, ["1!", "2!"]]);
	});
});
