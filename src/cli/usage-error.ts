/** Mistakes on the command line, in the words of Go's flag package that callers of runc know. */

import { TsrunError } from "../sys/errors.js";
import { nearest } from "../sys/nearest.js";

export function usageError(message: string, object: string, hint?: string): TsrunError {
	return new TsrunError("usage", message, hint === undefined ? { object } : { object, hint });
}

/** `flag` as it was written, without dashes. */
export function unknownFlag(flag: string, names: readonly string[]): TsrunError {
	const near = nearest(flag, names);
	const hint = near === undefined ? undefined : `did you mean "--${near}"?`;
	return usageError(`flag provided but not defined: -${flag}`, `-${flag}`, hint);
}

export function invalidValue(value: string, flag: string, reason: string): TsrunError {
	return usageError(`invalid value ${JSON.stringify(value)} for flag -${flag}: ${reason}`, `-${flag}`);
}

export function unknownVerb(verb: string, names: readonly string[]): TsrunError {
	const near = nearest(verb, names);
	const hint = near === undefined ? {} : { hint: `did you mean "${near}"?` };
	return new TsrunError("usage", `No help topic for '${verb}'`, { object: verb, exitCode: 3, ...hint });
}
