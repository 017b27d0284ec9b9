/** `explain`: what create would do with a bundle, in sentences, without doing it. */
import { explain } from "../../runtime/explain/explain.js";
import { explainPage } from "../explain-page.js";
import { formatJson, printText } from "../output.js";
import { type CreateValues, createFlags, createOptions } from "../process-flags.js";
import { usageError } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values extends CreateValues {
	readonly json?: boolean;
	readonly asIs?: boolean;
	readonly id?: string;
}

export const verb: Verb<Values> = {
	usage: "[command options] [bundle]",
	description: `Tells what create and start would do with a bundle, step by step, with the
system calls beside each sentence, and does nothing of it. The code of create
runs, but the kernel is asked for nothing that changes the machine; files are
only looked at. Steps are the runtime's or those of the container's process.

When create would fail, the story ends there: with the stage, the call, the
object, the cause and the cure. The exit status is then 1.

It takes no privileges. What only root may do is told as if root did it,
unless the bundle has a user namespace, or --as-is asks for your own rights.`,
	flags: [
		{ name: "json", help: "as JSON, with all calls" },
		{ name: "as-is", help: "with the rights of the caller, not those of root" },
		{ name: "id", value: "container-id", help: 'the id that create would be given (default: "explained")' },
		createFlags.bundle,
		createFlags.init,
		createFlags.noPivot,
		createFlags.noNewKeyring,
	],
	operands: { least: 0, most: 1 },
	run(host, [operand], values) {
		if (host.cgroupManager === "systemd")
			throw usageError(
				"explain does not go with --systemd-cgroup: the cgroup is systemd's to make",
				"--systemd-cgroup",
			);
		const { json, asIs = false, id = "explained" } = values;
		const options = createOptions(operand === undefined ? values : { ...values, bundle: operand });
		const found = explain(host, id, options, asIs);
		printText(json ? formatJson(found, "  ") : explainPage(found, id));
		return found.failure === null ? 0 : 1;
	},
};
