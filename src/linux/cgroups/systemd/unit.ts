/** From `linux.cgroupsPath` to a unit and its place below systemd's slices (systemd.unit(5), systemd.slice(5)). Pure. */
import { TsrunError } from "../../../sys/errors.js";

/** A unit of systemd and the slice that it is in. */
export interface UnitPlace {
	/** "docker-1234.scope", or "kubepods-burstable.slice" */
	readonly unit: string;
	readonly slice: string;
	/** The cgroup, below that of systemd itself: "/system.slice/docker-1234.scope". */
	readonly path: string;
}

/**
 * `slice:prefix:name` is the scope `prefix-name.scope` in the slice, or, when the name ends with .slice, that slice. An
 * empty slice is the default one, "-" the top. Without a path it is `:tsrun:ID`, where runc has its own name.
 * @throws config-invalid for another form or a name that no slice can have.
 */
export function placeOf(cgroupsPath: string | undefined, id: string, isUser: boolean): UnitPlace {
	const [slice, prefix, name, ...more] = (cgroupsPath || `:${programName}:${id}`).split(":");
	if (slice === undefined || prefix === undefined || name === undefined || more.length > 0) {
		const form = 'expected cgroupsPath to be of format "slice:prefix:name" for systemd cgroups';
		throw invalid(`${form}, got "${cgroupsPath}" instead`, "give a path like system.slice:web:1, or none");
	}
	const within = slice === "-" ? "-.slice" : slice || (isUser ? "user.slice" : "system.slice");
	const unit = name.endsWith(".slice") ? name : `${escapeName(`${prefix}-${name}`)}.scope`;
	const path = `${slicePath(within)}/${unit}`;
	if (unit.endsWith(".slice")) slicePath(unit);
	if (unit.length > longestUnit) {
		throw invalid(`unit name "${unit}" is longer than ${longestUnit} characters`, "choose a shorter id or cgroupsPath");
	}
	return { unit, slice: within, path };
}

const programName = "tsrun";

/** UNIT_NAME_MAX of systemd, without the end of the string. */
const longestUnit = 255;

/** What systemd allows in names stays as it is, the rest is written as systemd-escape(1) does: "a+b" is "a\x2bb". */
export function escapeName(name: string): string {
	return name.replace(/[^\w:.@\\-]/g, (character) =>
		encodeURIComponent(character)
			// what encodeURIComponent leaves alone is of one byte
			.replace(/^[^%]/, (plain) => `%${plain.charCodeAt(0).toString(16)}`)
			.replace(/%(..)/g, (_, hex: string) => `\\x${hex.toLowerCase()}`),
	);
}

/** The dashes of a slice's name are its parents: a-b.slice is /a.slice/a-b.slice. @throws config-invalid */
export function slicePath(slice: string): string {
	const name = slice.endsWith(".slice") ? slice.slice(0, -".slice".length) : "";
	if (name === "-") return "";
	if (!/^[\w:.@\\]+(-[\w:.@\\]+)*$/.test(name)) {
		throw invalid(`invalid slice name: "${slice}"`, "a slice is named like system.slice or user-1000.slice");
	}
	const parts = name.split("-");
	return parts.map((_, index) => `/${parts.slice(0, index + 1).join("-")}.slice`).join("");
}

function invalid(message: string, hint: string): TsrunError {
	return new TsrunError("config-invalid", message, { jsonPath: "$.linux.cgroupsPath", hint });
}
