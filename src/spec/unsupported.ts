/**
 * What a legal configuration may ask for and this version does not do. Ignoring it would make another container than the
 * one described (runtime.md#create: what cannot be applied is an error), so it is refused; features.ts says the same.
 */
import { TsrunError } from "../sys/errors.js";
import type { Config } from "./types.js";

/** @throws TsrunError config-unsupported for Intel RDT. */
export function refuseUnsupported({ linux }: Config): void {
	if (linux?.intelRdt) refuse("intelRdt", "Intel RDT");
}

function refuse(member: "intelRdt", what: string): never {
	throw new TsrunError("config-unsupported", `linux.${member}: ${what} is not part of this version`, {
		object: member,
		jsonPath: `$.linux.${member}`,
		hint: `leave linux.${member} out of config.json`,
	});
}
