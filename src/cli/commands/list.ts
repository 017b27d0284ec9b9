/** `list`: the containers below one root. */
import { type ContainerSummary, listContainers } from "../../runtime/state.js";
import { formatJson, formatTable, printText } from "../output.js";
import { formatFlag, isJson } from "../output-format.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly format?: string;
	readonly quiet?: boolean;
}

const titles = ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"];

export const verb: Verb<Values> = {
	usage: "[command options]",
	description: `Lists the containers whose state is kept below the directory of the global
flag --root.`,
	flags: [formatFlag, { name: "quiet", short: "q", help: "show the ids alone" }],
	operands: { least: 0, most: 0 },
	run(host, _operands, { format, quiet }) {
		const json = isJson(format);
		const containers = listContainers(host);
		if (quiet) printText(containers.map(({ id }) => `${id}\n`).join(""));
		else if (json) printText(formatJson(containers.length === 0 ? null : containers, ""));
		else printText(formatTable([titles, ...containers.map(row)]));
		return 0;
	},
};

function row({ id, pid, status, bundle, created, owner }: ContainerSummary): string[] {
	return [id, String(pid), status, bundle, created, owner];
}
