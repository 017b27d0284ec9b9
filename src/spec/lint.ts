/** All that can be said of a config.json at once: what create would refuse or warn of, and what it passes over in silence. */
import { TsrunError } from "../sys/errors.js";
import type { Shape } from "./check.js";
import { shape } from "./generated/config-shape.js";
import { chapterOf, type Issue, memberPath } from "./issue.js";
import { parseJson } from "./json.js";
import { configIssues } from "./load.js";
import { advice } from "./rules/advice.js";
import type { Config } from "./types.js";
import { ruleIssues } from "./validate.js";

/** A member that the specification does not have, and the ones that it has in that place. */
export interface UnknownMember {
	readonly path: string;
	readonly name: string;
	readonly known: readonly string[];
}

export interface Lint {
	/** Errors first, then in the order in which create looks at them. */
	readonly issues: readonly Issue[];
	/** null when it does not even say where the root filesystem is. */
	readonly config: Config | null;
}

/** @param suggest the known name that was probably meant */
export function lintConfig(
	text: string,
	suggest: (name: string, known: readonly string[]) => string | undefined,
): Lint {
	let value: unknown;
	try {
		value = parseJson(text, "config.json");
	} catch (error) {
		if (!(error instanceof TsrunError && error.id === "config-syntax")) throw error;
		return { issues: [syntaxIssue(error)], config: null };
	}
	const unknown = unknownMembers(shape, value, "$").map((member) => unknownIssue(member, suggest));
	const issues = configIssues(value, text);
	const malformed = issues.filter(({ severity }) => severity === "error");
	const config = value as Config;
	const advised = ruleIssues(advice, { value: config, path: "$", placeInConfig: "$" }, malformed);
	const all = [...issues, ...unknown, ...advised];
	const of = (severity: Issue["severity"]) => all.filter((issue) => issue.severity === severity);
	const hasRoot = !malformed.some(({ path }) => /^\$(\.root\b|$)/.test(path));
	return { issues: [...of("error"), ...of("warning")], config: hasRoot ? config : null };
}

/** Nothing behind the place has been read. */
function syntaxIssue({ message }: TsrunError): Issue {
	const rule = message.includes("stands twice") ? "BN-05" : "BN-04";
	return {
		path: "$",
		message: message.replace(/^config\.json: /, ""),
		rule,
		section: "glossary.md#json",
		severity: "error",
	};
}

/** What other platforms have beside `linux`. */
const otherPlatforms = ["windows", "solaris", "vm", "zos", "freebsd"];

function unknownIssue(
	{ path, name, known }: UnknownMember,
	suggest: (name: string, known: readonly string[]) => string | undefined,
): Issue {
	const foreign = otherPlatforms.some((platform) => path === `$.${platform}`);
	const meant = suggest(name, known);
	const message = foreign
		? "is for another platform, and ignored"
		: `is unknown, and ignored${meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`}`;
	const rule = foreign ? "AN-12" : "AN-09";
	return { path, message, rule, section: chapterOf(path).section, severity: "warning" };
}

/** config.md#extensibility: they are legal, which is why nobody tells of a typing error. */
function unknownMembers(shape: Shape, value: unknown, path: string): UnknownMember[] {
	if (typeof value !== "object" || value === null) return [];
	const members = Object.entries(value);
	if (shape.kind === "array")
		return members.flatMap(([index, item]) => unknownMembers(shape.of, item, `${path}[${index}]`));
	if (shape.kind === "map")
		return members.flatMap(([name, item]) => unknownMembers(shape.of, item, path + memberPath(name)));
	if (shape.kind !== "object") return [];
	return members.flatMap(([name, item]) => {
		const at = path + memberPath(name);
		const own = shape.shapes[shape.names.indexOf(name)];
		return own === undefined ? [{ path: at, name, known: shape.names }] : unknownMembers(own, item, at);
	});
}
