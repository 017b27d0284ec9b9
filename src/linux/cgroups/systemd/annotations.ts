/** `org.systemd.property.NAME` of config.json's annotations: further properties of the container's unit. Pure. */
import { messageOf, TsrunError } from "../../../sys/errors.js";
import { parseVariant } from "../../systemd/gvariant.js";
import type { Property } from "../../systemd/manager.js";
import type { Variant } from "../../systemd/wire.js";

export const propertyPrefix = "org.systemd.property.";

/** @throws config-invalid for a name or a value that is none. */
export function annotatedProperties(annotations: Readonly<Record<string, string>>): readonly Property[] {
	return Object.entries(annotations).flatMap(([key, text]) => {
		if (!key.startsWith(propertyPrefix)) return [];
		const name = key.slice(propertyPrefix.length);
		if (!/^[A-Za-z]{3,}$/.test(name)) throw invalid(key, text, "the name is not made of three letters or more");
		try {
			return [inMicroseconds(name, parseVariant(text))];
		} catch (error) {
			throw invalid(key, text, messageOf(error));
		}
	});
}

/** systemd's D-Bus properties count microseconds where unit files have seconds: TimeoutStopSec is TimeoutStopUSec. */
function inMicroseconds(name: string, given: Variant): Property {
	const [, stem] = /^(.+)Sec$/.exec(name) ?? [];
	if (stem === undefined || name.endsWith("USec")) return [name, given];
	if (!/^[nqiuxtd]$/.test(given.signature)) throw new TypeError("a number of seconds is expected");
	const value = BigInt(Math.round(Number(given.value) * 1e6));
	return [`${stem}USec`, { signature: "t", value }];
}

function invalid(key: string, text: string, why: string): TsrunError {
	return new TsrunError("config-invalid", `annotation ${key}=${text}: ${why}`, {
		object: key,
		jsonPath: `$.annotations["${key}"]`,
		hint: "a value is written as busctl and gdbus do: true, 'text', uint64 5, ['a', 'b']",
	});
}
