/** From the words of one command to its exit status: which verb, with which flags, for which host. */

import { hasUnit } from "../runtime/has-unit.js";
import type { Host } from "../runtime/host.js";
import { listenFds } from "../runtime/process/listen-fds.js";
import { type GivenFlag, scanArguments } from "./arguments.js";
import { type Command, newCommand } from "./command.js";
import { createHost } from "./context.js";
import { globalFlags, readGlobals, versionFlag } from "./global-flags.js";
import { openLog } from "./log.js";
import { printText } from "./output.js";
import { parseFlags } from "./parse-flags.js";
import { verbs } from "./program.js";
import { unknownVerb, usageError } from "./usage-error.js";
import type { FlagValues, Verb } from "./verb.js";

/** Whatever fails is reported; `argv` begins with the name that the program was called by. */
export async function dispatch(argv: readonly string[]): Promise<number> {
	const command = newCommand(argv[0] ?? "");
	try {
		return await carryOut(command, argv.slice(1));
	} catch (error) {
		const { reportError } = await import("./report-error.js");
		return await reportError(command, error);
	}
}

async function carryOut(command: Command, words: readonly string[]): Promise<number> {
	const { program, globals } = command;
	const keep = ({ flag, value }: GivenFlag) => globals.set(flag.name, value);
	const [first, ...others] = scanArguments(words, [...globalFlags, versionFlag], true, keep);
	await traceIfAsked(command);
	if (globals.get("version") === true)
		return print(`${program} version ${(await import("./version.js")).versionLines()}\n`);
	if (first === undefined || globals.get("help") === true)
		return print((await import("./help.js")).programHelp(program));
	if (first === "help" || first === "h") return help(program, others.slice(0, isGroup(others[0]) ? 2 : 1).join(" "));

	const [second, ...afterSecond] = isGroup(first) ? scanArguments(others, globalFlags, true, keep) : [];
	if (isGroup(first) && (second === undefined || second === "help")) return help(program, first);
	const [name, rest] = second === undefined ? [first, others] : [`${first} ${second}`, afterSecond];
	const verb = await loadVerb(name);
	command.verb = { name, does: verb };
	const own: GivenFlag[] = [];
	const operands = scanArguments(rest, [...verb.flags, ...globalFlags], verb.flagsEndAtOperand ?? false, (given) => {
		if (verb.flags.includes(given.flag)) own.push(given);
		else keep(given);
	});
	await traceIfAsked(command);
	if (globals.get("help") === true) return help(program, name);
	checkOperands(`${program}: "${name}"`, verb, operands);
	// most calls of an engine carry global flags alone, and are spared the parser
	const flags = parseFlags(own);
	return await runVerb(command, verb, operands, flags);
}

async function runVerb(command: Command, verb: Verb, operands: readonly string[], flags: FlagValues): Promise<number> {
	const globals = readGlobals(command.globals);
	const preserved = typeof flags.preserveFds === "number" ? flags.preserveFds : 0;
	command.log = openLog(globals, 3 + listenFds() + preserved);
	command.running = true;
	const host = createHost(globals, command.log);
	if (!needsSystemd(verb, host, operands[0] ?? "")) return verb.run(host, operands, flags);
	const { systemdDriver } = await import("../linux/cgroups/systemd/driver.js");
	return verb.run(createHost(globals, command.log, systemdDriver), operands, flags);
}

function needsSystemd({ unit }: Verb, host: Host, id: string): boolean {
	if (unit === undefined) return false;
	if (unit === "changes several") return true;
	return unit === "makes" ? host.cgroupManager === "systemd" : hasUnit(host, id, unit === "joins");
}

/** From here on every system call is shown. */
async function traceIfAsked(command: Command): Promise<void> {
	const trace = command.globals.get("trace");
	if (trace === undefined || command.tracing) return;
	command.tracing = true;
	const { enableTrace } = await import("../sys/trace.js");
	enableTrace({ file: typeof trace === "string" ? trace : undefined });
}

async function loadVerb(name: string): Promise<Verb> {
	const entry = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
	if (entry === undefined) throw unknownVerb(name, Object.keys(verbs));
	return (await entry.load()).verb;
}

function checkOperands(who: string, { operands: { least, most } }: Verb, given: readonly string[]): void {
	const count = given.length;
	if (count >= least && count <= most) return;
	const bound = count < least ? `a minimum of ${least}` : `a maximum of ${most}`;
	const wanted = least === most ? `exactly ${least}` : bound;
	throw usageError(`${who} requires ${wanted} argument(s)`, given.join(" "));
}

/** The first word of verbs that have two. */
function isGroup(word: string | undefined): boolean {
	return Object.keys(verbs).some((name) => name.startsWith(`${word} `));
}

/** `name` is a verb's, a group's, or empty for the program's page. */
async function help(program: string, name: string): Promise<number> {
	const { groupHelp, programHelp, verbHelp } = await import("./help.js");
	if (name === "") return print(programHelp(program));
	return print(isGroup(name) ? groupHelp(program, name) : verbHelp(program, name, await loadVerb(name)));
}

function print(text: string): number {
	printText(text);
	return 0;
}
