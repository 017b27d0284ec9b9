/** What a look at the machine finds: one record per thing, with the cure where there is something to cure. */
import { messageOf } from "../../sys/errors.js";

/** limited: what is there does part of it, or something else takes its place. */
export type Verdict = "works" | "limited" | "missing";

export interface Finding {
	/** Within its area: "openat2". */
	readonly name: string;
	readonly verdict: Verdict;
	/** What was seen, and what follows from it; may be empty where "works" says it all. */
	readonly detail: string;
	/** What to do about it; absent where nothing can or need be done. */
	readonly cure?: string;
	/** Without it no container runs here. */
	readonly needed?: true;
}

/** A look at one thing, or at several that belong together. It may ask the kernel, and changes nothing. */
export type Check = () => Finding | readonly Finding[];

/** Checks under one title: those of the machine here; those of an engine can be others. */
export interface Area {
	readonly title: string;
	readonly checks: readonly Check[];
}

export function works(name: string, detail = ""): Finding {
	return { name, verdict: "works", detail };
}

export function limited(name: string, detail: string, cure?: string): Finding {
	return { name, verdict: "limited", detail, ...(cure && { cure }) };
}

export function missing(name: string, detail: string, cure?: string): Finding {
	return { name, verdict: "missing", detail, ...(cure && { cure }) };
}

export function needed(finding: Finding): Finding {
	return { ...finding, needed: true };
}

export interface AreaFindings {
	readonly title: string;
	readonly findings: readonly Finding[];
}

/** A check that fails says so in its place: one surprise must not hide the rest. */
export function examine(areas: readonly Area[]): readonly AreaFindings[] {
	return areas.map(({ title, checks }) => ({ title, findings: checks.flatMap(look) }));
}

function look(check: Check): readonly Finding[] {
	try {
		const found = check();
		return "verdict" in found ? [found] : found;
	} catch (error) {
		return [limited("look", `something could not be looked at: ${messageOf(error)}`)];
	}
}
