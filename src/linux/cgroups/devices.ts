/** A container's device rules: config.json's, then what every container gets (config-linux.md, "Allowed Device list"). */
import type { Device, DeviceRule } from "../../spec/types.js";
import { TsrunError } from "../../sys/errors.js";

/** One rule without what is left unsaid: null numbers are any, access is a set of r, w, m. */
export interface ExactRule {
	readonly allow: boolean;
	/** "a" only with any number and every access: all there is. */
	readonly type: "a" | "b" | "c";
	readonly major: number | null;
	readonly minor: number | null;
	readonly access: Access;
}

/** BPF_DEVCG_ACC_*, which v1's letters map onto: 1 mknod, 2 read, 4 write. */
export type Access = number;
export const MKNOD = 1;
export const READ = 2;
export const WRITE = 4;
export const EVERY_ACCESS = MKNOD | READ | WRITE;

/** Type, major, minor ("*" any), access, and the path whose redefinition in `linux.devices` takes the rule away. */
const defaults: readonly (readonly ["b" | "c", number, number | "*", string, string])[] = [
	["c", 1, 3, "rwm", "/dev/null"],
	["c", 1, 8, "rwm", "/dev/random"],
	["c", 1, 7, "rwm", "/dev/full"],
	["c", 5, 0, "rwm", "/dev/tty"],
	["c", 1, 5, "rwm", "/dev/zero"],
	["c", 1, 9, "rwm", "/dev/urandom"],
	// the terminals of a devpts, their multiplexer, and tun/tap, which many programs make themselves
	["c", 136, "*", "rwm", ""],
	["c", 5, 2, "rwm", ""],
	["c", 10, 200, "rwm", ""],
];

/**
 * The effective list in order; later rules win, and what none speaks of is denied. Making nodes is allowed (using
 * them is not), and so are the default devices, unless `linux.devices` puts something else at their path.
 */
export function deviceRules(rules: readonly DeviceRule[] = [], devices: readonly Device[] = []): readonly DeviceRule[] {
	const redefined = new Set(devices.map((device) => device.path));
	const kept = defaults.filter(([, , , , path]) => !redefined.has(path));
	return [
		...rules,
		{ allow: true, type: "c", access: "m" },
		{ allow: true, type: "b", access: "m" },
		...kept.map(([type, major, minor, access]): DeviceRule => {
			return { allow: true, type, major, ...(minor !== "*" && { minor }), access };
		}),
	];
}

/**
 * Spelled out for the kernel. A rule for all types that is limited to a number or an access becomes one for
 * character and one for block devices. @throws config-invalid for an access that is not made of r, w, m.
 */
export function exactRules(rules: readonly DeviceRule[]): readonly ExactRule[] {
	const exact: ExactRule[] = [];
	for (const [index, rule] of rules.entries()) {
		const { allow, type } = rule;
		const major = numberOf(rule.major);
		const minor = numberOf(rule.minor);
		const access = accessOf(rule.access, index);
		const everything = major === null && minor === null && access === EVERY_ACCESS;
		if (type === "b" || type === "c") exact.push({ allow, type, major, minor, access });
		else if (everything) exact.push({ allow, type: "a", major, minor, access });
		else exact.push({ allow, type: "c", major, minor, access }, { allow, type: "b", major, minor, access });
	}
	return exact;
}

/** -1 is what old engines send for "any". */
function numberOf(value: DeviceRule["major"]): number | null {
	return value === undefined || value === -1 ? null : Number(value);
}

function accessOf(letters: string | undefined, index: number): Access {
	if (letters === undefined || letters === "rwm") return EVERY_ACCESS;
	let access = 0;
	for (const letter of letters) access |= letter === "r" ? READ : letter === "w" ? WRITE : letter === "m" ? MKNOD : 8;
	if (access > 0 && access < 8) return access;
	throw new TsrunError("config-invalid", `device access "${letters}" is not made of r, w, m`, {
		jsonPath: `$.linux.resources.devices[${index}].access`,
	});
}
