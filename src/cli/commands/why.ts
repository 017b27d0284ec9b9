/** `why`: why a container ended, also after it was deleted. */
import { explainEnd, recentEnds } from "../../runtime/why.js";
import { formatJson, printText } from "../output.js";
import type { Verb } from "../verb.js";
import { endsTable, whyAsJson, whyPage } from "../why-page.js";

interface Values {
	readonly all?: boolean;
	readonly json?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] [container-id]",
	description: `Tells why a container ended: its exit status or signal, who had asked for
it (kill, stop, delete, the kernel for want of memory, the end of a PID
namespace that it had joined), what was done to it and when, and how this is
known. The last few thousand deleted containers are remembered, per root.
Without an id it lists them.`,
	flags: [
		{ name: "all", short: "a", help: "also the earlier containers of the same id" },
		{ name: "json", help: "as JSON" },
	],
	operands: { least: 0, most: 1 },
	run(host, [id], { all, json }) {
		if (id === undefined) {
			const ends = recentEnds(host);
			printText(json ? formatJson(ends.map(whyAsJson), "  ") : endsTable(ends));
			return 0;
		}
		const { last, earlier } = explainEnd(host, id);
		const shown = all ? [last, ...earlier] : [last];
		if (json) printText(formatJson(all ? shown.map(whyAsJson) : whyAsJson(last), "  "));
		else printText(shown.map((one) => whyPage(one, all ? 0 : earlier.length)).join("\n"));
		return 0;
	},
};
