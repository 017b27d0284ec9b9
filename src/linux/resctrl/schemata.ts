/**
 * The lines of a resctrl group's schemata file (Documentation/filesystems/resctrl.rst in the kernel's source): what share
 * of a resource its tasks get, domain by domain.
 *
 *         L3:0=7ff;1=7ff         the kernel pads with blanks
 *         MB:0= 20;1= 70
 */
import type { IntelRdt } from "../../spec/types.js";

/** Which lines to write, in the order in which that is done. */
export function schemataLines(rdt: IntelRdt): readonly string[] {
	return [...comparedLines(rdt), ...(rdt.schemata ?? [])];
}

/** Those that a group which is there already must have. */
export function comparedLines({ l3CacheSchema, memBwSchema }: IntelRdt): readonly string[] {
	// engines have always put several lines into the older members
	return [l3CacheSchema, memBwSchema].flatMap((text) => text?.split("\n") ?? []).filter((line) => line !== "");
}

/** The first of the lines that the file does not say; domains that a line does not name may be anything. */
export function firstDifference(lines: readonly string[], file: string): string | undefined {
	const present = new Map(file.split("\n").map((line) => parse(line)));
	return lines.find((line) => {
		const [resource, wanted] = parse(line);
		const domains = present.get(resource);
		return ![...wanted].every(([domain, value]) => domains?.get(domain) === value);
	});
}

function parse(line: string): readonly [resource: string, domains: ReadonlyMap<string, string>] {
	const [resource = "", domains = ""] = line.replace(/\s/g, "").split(":");
	const shares = domains.split(";").filter((share) => share !== "");
	return [
		resource,
		new Map(
			shares.map((share) => {
				const [domain = "", value = ""] = share.split("=");
				// bit masks in hexadecimal, bandwidths in decimal: neither means anything by its leading zeros
				return [domain.replace(/^0+(?=.)/, ""), value.toLowerCase().replace(/^(0x)?0*(?=.)/, "")];
			}),
		),
	];
}

/** A schemata file as lines that the kernel takes. */
export function linesToWrite(file: string): readonly string[] {
	return file
		.split("\n")
		.map((line) => line.replace(/\s/g, ""))
		.filter((line) => line !== "");
}
