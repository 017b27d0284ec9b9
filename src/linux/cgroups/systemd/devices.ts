/** Device rules as DevicePolicy and DeviceAllow of a unit (systemd.resource-control(5)). Pure. */
import type { DeviceRule } from "../../../spec/types.js";
import { TsrunError } from "../../../sys/errors.js";
import type { Property } from "../../systemd/manager.js";
import type { ExactRule } from "../devices.js";
import { type DeviceList, foldRules, letters } from "../v1/devices.js";

/**
 * systemd can only allow, by number or by a driver's name. Where the rules are more than that, v2 leaves devices to our
 * own program alone, which systemd never touches; on v1, whose list it writes again at each daemon-reload, it gets those
 * that it understands.
 * @param drivers the text of /proc/devices
 */
export function deviceProperties(rules: readonly DeviceRule[], version: 1 | 2, drivers: string): readonly Property[] {
	const list = foldIfPossible(rules);
	if (list === null || list.allowed) return policy("auto", []);
	const allowed = list.exceptions.map((rule) => [specifier(rule, drivers), letters(rule.access)] as const);
	const understood = allowed.flatMap(([device, access]) => (device === null ? [] : [[device, access]]));
	if (version === 2 && understood.length < allowed.length) return policy("auto", []);
	return policy("strict", understood);
}

function policy(name: "auto" | "strict", allowed: readonly (readonly string[])[]): readonly Property[] {
	return [
		["DevicePolicy", { signature: "s", value: name }],
		["DeviceAllow", { signature: "a(ss)", value: allowed }],
	];
}

/** null for rules that are no list. */
function foldIfPossible(rules: readonly DeviceRule[]): DeviceList | null {
	try {
		return foldRules(rules);
	} catch (error) {
		if (error instanceof TsrunError && error.id === "config-unsupported") return null;
		throw error;
	}
}

/** null for what systemd has no words for: a minor number of any driver, a driver that is not there. */
function specifier({ type, major, minor }: ExactRule, drivers: string): string | null {
	const kind = type === "b" ? "block" : "char";
	if (major === null) return minor === null ? `${kind}-*` : null;
	if (minor !== null) return `/dev/${kind}/${major}:${minor}`;
	const name = driverName(drivers, kind, major);
	return name === undefined ? null : `${kind}-${name}`;
}

/** /proc/devices has a part for each kind, with lines of a major number and a name. */
function driverName(drivers: string, kind: "block" | "char", major: number): string | undefined {
	const [characters = "", blocks = ""] = drivers.split("Block devices:");
	const text = kind === "block" ? blocks : characters;
	return new RegExp(`^ *${major} (.+)$`, "m").exec(text)?.[1];
}
