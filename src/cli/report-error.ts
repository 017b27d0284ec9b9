/** The end of a command that failed: one line on stderr, one in the log, an exit status. */
import type { LogFields, Logger } from "../runtime/host.js";
import { isSysError, messageOf, TsrunError } from "../sys/errors.js";
import { exhaustion } from "../sys/exhaustion.js";
import { sys } from "../sys/index.js";
import type { Command } from "./command.js";
import { type Globals, readGlobals } from "./global-flags.js";
import { openLog } from "./log.js";
import { writeText } from "./output.js";

interface Description {
	readonly message: string;
	readonly fields: LogFields;
}

/** Tells the error to whoever reads: engines the log, people stderr. The result is the exit status. */
export async function reportError(command: Command, thrown: unknown): Promise<number> {
	const error = exhaustion(thrown) ?? thrown;
	const verb = command.running ? command.verb?.does : undefined;
	const { message, fields } = error instanceof TsrunError ? describeOurs(error) : await describeBug(error);
	const prefix = verb?.failurePrefix?.(command.program);
	const text = prefix === undefined ? message : `${prefix}: ${message}`;
	const ownStatus = error instanceof TsrunError ? error.details.exitCode : undefined;
	const misused = !command.running && fields.id === "usage" && ownStatus === undefined;
	if (misused) writeText(1, await usagePage(command, message, fields.hint));

	const globals = globalsOrDefaults(command);
	const log = finalLog(command, globals);
	log?.error(oneLine(text), fields);
	if (log === undefined || globals.log !== undefined) {
		const terminal = sys.isatty(2);
		const unknownVerb = fields.id === "usage" && !command.running && !misused;
		// engines show their users what is on stderr: hints are for people, and the usage page has had it already
		const hint = unknownVerb || (!misused && (globals.debug || terminal)) ? fields.hint : undefined;
		writeText(2, plainText(terminal ? text.trimEnd() : oneLine(text), hint, fields.stack));
	}
	return ownStatus ?? verb?.failureStatus ?? 1;
}

function describeOurs({ id, message, details }: TsrunError): Description {
	const { exitCode: _status, cause: _cause, ...known } = details;
	return { message, fields: { id, ...known } };
}

/** Nobody said what was being tried: the stack has to. */
async function describeBug(error: unknown): Promise<Description> {
	const { mapStack } = await import("./source-positions.js");
	const stack = error instanceof Error ? mapStack(error.stack ?? "", sys.embedded) : "";
	const kernel = isSysError(error) ? { syscall: error.syscall, errno: error.code } : {};
	return { message: `internal error: ${messageOf(error)}`, fields: { id: "internal", ...kernel, stack } };
}

async function usagePage({ program, verb }: Command, message: string, hint: string | undefined): Promise<string> {
	const { programHelp, verbHelp } = await import("./help.js");
	const page = verb === undefined ? programHelp(program) : verbHelp(program, verb.name, verb.does);
	return `Incorrect Usage: ${message}\n${hint === undefined ? "" : `${hint}\n`}\n${page}`;
}

/** The flags themselves may be what is wrong. */
function globalsOrDefaults(command: Command): Globals {
	try {
		return readGlobals(command.globals);
	} catch {
		return readGlobals(new Map());
	}
}

/** Without `--log` a JSON line is all that stderr gets, and without JSON it gets plain words. */
function finalLog(command: Command, globals: Globals): Logger | undefined {
	if (globals.log === undefined && globals.logFormat === "text") return undefined;
	try {
		return command.log ?? openLog(globals, 3);
	} catch {
		// stderr then says why
		return undefined;
	}
}

function plainText(message: string, hint: string | undefined, stack: string | undefined): string {
	const lines = [message];
	if (hint !== undefined) lines.push(`hint: ${hint}`);
	if (stack) lines.push(stack.trimEnd());
	return `${lines.join("\n")}\n`;
}

/** Callers read the output by line. */
function oneLine(text: string): string {
	return text.trim().replace(/\s*\n\s*/g, "; ");
}
