/** `--format table|json`, which `list` and `ps` share. */
import { TsrunError } from "../sys/errors.js";
import type { Flag } from "./verb.js";

export const formatFlag: Flag = {
	name: "format",
	short: "f",
	value: "format",
	help: 'table or json (default: "table")',
};

export function isJson(format = "table"): boolean {
	if (format === "json" || format === "table") return format === "json";
	throw new TsrunError("usage", "invalid format option", { object: format, hint: "--format is table or json" });
}
