import { beforeEach, describe, expect, it, vi } from "vitest";
import { verbs } from "../../../src/cli/program.js";
import { door } from "../../support/door.js";
import { call } from "./call.js";

beforeEach(() => {
	vi.stubGlobal("TSRUN_VERSION", "7.8.9");
	vi.stubGlobal("TSRUN_COMMIT", "abcdef");
});

async function page(line: string, calledBy?: string): Promise<string[]> {
	door.reset();
	const { status, stdout, stderr } = await call(line, calledBy);
	expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
	return stdout.split("\n");
}

describe("the program's page", () => {
	it("comes without arguments, with help, h, -h and --help", async () => {
		const lines = await page("");
		expect(lines.slice(0, 2)).toEqual(["NAME:", "   tsrun - OCI container runtime"]);
		for (const line of ["help", "h", "-h", "--help", "--debug", "--help create", "-h frob"]) {
			expect(await page(line)).toEqual(lines);
		}
	});

	it("does not come when help is switched off", async () => {
		expect(await call("--help=false frob")).toMatchObject({ status: 3, stdout: "" });
	});

	it("lists every verb once", async () => {
		const lines = await page("--help");
		for (const [name, { summary }] of Object.entries(verbs)) {
			expect(lines.filter((line) => line.startsWith(`   ${name} `))).toEqual([expect.stringContaining(summary)]);
		}
		expect(lines.join("\n")).toContain("   --trace[=file] ");
	});

	it("says the version with what belongs to it", async () => {
		const lines = await page("--help");
		const version = lines.indexOf("VERSION:");
		expect(lines.slice(version + 1, version + 3)).toEqual(["   7.8.9", "   commit: abcdef"]);
	});
});

describe("the page of each verb", () => {
	it.each(Object.keys(verbs))("%s: comes with help, -h and --help, whatever else is missing", async (name) => {
		const lines = await page(`${name} --help`, "/usr/bin/runc");
		expect(lines[0]).toBe("NAME:");
		expect(lines[1]).toMatch(`   runc ${name} - ${verbs[name]?.summary}`);
		expect(lines).toContain("USAGE:");
		expect(lines).toContain("DESCRIPTION:");
		for (const line of [`${name} -h`, `help ${name}`, `--debug ${name} --help`]) {
			expect(await page(line, "runc")).toEqual(lines);
		}
	});

	it.each(Object.keys(verbs))("%s: shows each flag in a line of its own, explained", async (name) => {
		const { verb } = (await verbs[name]?.load()) ?? { verb: undefined };
		const lines = await page(`${name} --help`);
		const shown = (verb?.flags ?? []).filter(({ hidden }) => !hidden);
		for (const { name: flag, short, help } of shown) {
			const line = lines.find((each) => each.startsWith(`   --${flag}`) && each.endsWith(help));
			expect(line).toContain(short === undefined ? `--${flag}` : `, -${short}`);
		}
		expect(lines.includes("OPTIONS:")).toBe(shown.length > 0);
	});

	it("fits in 80 columns, where it is prose", async () => {
		for (const name of Object.keys(verbs)) {
			const lines = await page(`${name} --help`);
			const start = lines.indexOf("DESCRIPTION:");
			const options = lines.indexOf("OPTIONS:");
			const prose = lines.slice(start, options < 0 ? undefined : options);
			expect(prose.filter((line) => line.length > 80)).toEqual([]);
		}
	});

	it("aligns what the flags mean", async () => {
		const lines = (await page("delete --help")).filter((line) => line.startsWith("   --"));
		expect(lines).toEqual(["   --force, -f  kill a container that still runs; be content when there is none"]);
	});
});
