/** systemd as tests see it: units, what systemctl(1) says of them, and the cgroups that they are. */
import { execFileSync } from "node:child_process";

/** Properties as `systemctl show` prints them; of one that is listed several times the lines. */
export function unitProperties(unit: string): Readonly<Record<string, string>> {
	const text = execFileSync("systemctl", ["show", unit], { encoding: "utf8" });
	const properties: Record<string, string> = {};
	for (const line of text.split("\n")) {
		const at = line.indexOf("=");
		const name = line.slice(0, at);
		const value = line.slice(at + 1);
		properties[name] = name in properties ? `${properties[name]}\n${value}` : value;
	}
	return properties;
}

/** "active", "failed", "inactive": the last one also of a unit that is not there. */
export function activeState(unit: string): string {
	return unitProperties(unit).ActiveState ?? "";
}

/** Whether systemd remembers it in any way. */
export function isLoaded(unit: string): boolean {
	return unitProperties(unit).LoadState === "loaded";
}
