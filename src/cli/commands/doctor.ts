/** `doctor`: what of this machine works for containers, what does not, and what cures it. */
import { type EngineName, engineArea, engineNames } from "../../runtime/doctor/engines.js";
import { type AreaFindings, examine, type Finding } from "../../runtime/doctor/finding.js";
import { machineAreas } from "../../runtime/doctor/machine.js";
import { formatJson, printText } from "../output.js";
import { invalidValue } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly engine?: EngineName;
	readonly json?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options]",
	description: `Looks at the machine as the calling user: what works, what is limited (a
part of it works, or something else takes its place) and what is missing,
with the cure. Nothing is changed. With --engine it looks at that engine: is
it there, does it know tsrun, can cgroups be made the way it wants them.

The exit status is 1 when something is missing without which no container
runs, else 0.`,
	flags: [
		{ name: "engine", value: "name", parse: parseEngine, help: `look at an engine: ${engineNames.join(", ")}` },
		{ name: "json", help: "print everything as JSON" },
	],
	operands: { least: 0, most: 0 },
	run(_host, _operands, { engine, json = false }) {
		const areas = examine(engine === undefined ? machineAreas : [engineArea(engine)]);
		const findings = areas.flatMap((area) => area.findings);
		const obstacles = findings.filter(isObstacle);
		printText(json ? formatJson(document(areas, obstacles), "    ") : page(areas, obstacles, engine));
		return obstacles.length === 0 ? 0 : 1;
	},
};

function parseEngine(value: string, flag: string): EngineName {
	const name = engineNames.find((each) => each === value);
	if (name === undefined) throw invalidValue(value, flag, `expected ${engineNames.join(", ")}`);
	return name;
}

function isObstacle({ verdict, needed }: Finding): boolean {
	return verdict === "missing" && needed === true;
}

function document(areas: readonly AreaFindings[], obstacles: readonly Finding[]) {
	const findings = areas.flatMap(({ title, findings: own }) =>
		own.map(({ name, verdict, detail, cure, needed = false }) => {
			return { area: title, name, verdict, needed, detail, ...(cure !== undefined && { cure }) };
		}),
	);
	return { ready: obstacles.length === 0, findings };
}

function page(areas: readonly AreaFindings[], obstacles: readonly Finding[], engine?: EngineName): string {
	const told = areas.filter(({ findings }) => findings.length > 0);
	const width = Math.max(...told.flatMap(({ findings }) => findings.map(({ name }) => name.length)));
	const parts = told.map(({ title, findings }) => `${title}\n${findings.map((one) => lines(one, width)).join("")}`);
	return `${parts.join("\n")}\n${verdict(areas, obstacles, engine)}\n`;
}

function lines({ name, verdict: state, detail, cure }: Finding, width: number): string {
	const first = `  ${state.padEnd("missing".length)}  ${name.padEnd(width)}  ${detail}`.trimEnd();
	return `${first}\n${cure === undefined ? "" : `           cure: ${cure}\n`}`;
}

function verdict(areas: readonly AreaFindings[], obstacles: readonly Finding[], engine?: EngineName): string {
	const where = engine === undefined ? "here" : `under ${engine}`;
	if (obstacles.length > 0)
		return `no container runs ${where} without: ${obstacles.map(({ name }) => name).join(", ")}`;
	const all = areas.flatMap(({ findings }) => findings);
	const count = (state: string) => all.filter((one) => one.verdict === state).length;
	return `containers run ${where}: ${count("works")} things work, ${count("limited")} are limited, ${count("missing")} are missing`;
}
