/** `ps`: the container's processes, as pids or as the lines that ps(1) prints about them. */
import { containerProcesses, runPs } from "../../runtime/processes.js";
import { TsrunError } from "../../sys/errors.js";
import { formatJson, printText } from "../output.js";
import { formatFlag, isJson } from "../output-format.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly format?: string;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id> [ps options]",
	description: `Shows the processes of the container with their pids on the host. What
follows the id is for ps(1), whose output is cut down to the container's
processes; it must have a column PID. "-ef" is used when nothing follows.`,
	flags: [formatFlag],
	operands: { least: 1, most: Number.POSITIVE_INFINITY },
	flagsEndAtOperand: true,
	run(host, [id = "", ...psOptions], { format }) {
		const json = isJson(format);
		const pids = containerProcesses(host, id);
		if (json) printText(formatJson(pids.length === 0 ? null : pids, ""));
		else printText(keepProcesses(runPs(psOptions.length === 0 ? ["-ef"] : psOptions), new Set(pids)));
		return 0;
	},
};

/** The title line of a ps(1) table and the lines about these processes. */
export function keepProcesses(table: string, pids: ReadonlySet<number>): string {
	const [title = "", ...lines] = table.split("\n");
	const column = words(title).indexOf("PID");
	if (column < 0) {
		throw new TsrunError("usage", "couldn't find PID field in ps output", { hint: "add a column: -o pid" });
	}
	return [title, ...lines.filter((line) => pids.has(Number(words(line)[column])))].map((line) => `${line}\n`).join("");
}

function words(line: string): string[] {
	return line.split(/\s+/).filter((word) => word !== "");
}
