/**
 * A command in a machine of another kind: `npm run vm -- [--engine uml|qemu] [--systemd]
 * [--timeout SECONDS] [--kernel WORDS] -- COMMAND…`. It sees this host's files, and nothing it does to them stays. The exit status is the
 * command's; 125 when the machine failed.
 */
import { parseArgs } from "node:util";
import { missingPackages, runInMachine } from "./machine.mjs";

const { values, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		engine: { type: "string", default: "uml" },
		systemd: { type: "boolean", default: false },
		timeout: { type: "string", default: "300" },
		kernel: { type: "string", default: "" },
	},
});
if (positionals.length === 0) {
	console.error(
		"usage: npm run vm -- [--engine uml|qemu] [--systemd] [--timeout SECONDS] [--kernel WORDS] -- COMMAND...",
	);
	process.exit(125);
}
if (values.engine !== "uml" && values.engine !== "qemu") {
	console.error(`vm: no engine ${values.engine}; there are uml and qemu`);
	process.exit(125);
}
const machine = { engine: values.engine, systemd: values.systemd, kernel: values.kernel };
const missing = missingPackages(machine);
if (missing.length > 0) {
	console.error(`vm: not installed: ${missing.join(" ")}; run "sudo npm run setup -- --peers"`);
	process.exit(125);
}
const { status, why } = await runInMachine(machine, {
	command: positionals,
	directory: process.cwd(),
	environment: {},
	timeout: Number(values.timeout),
	onOutput: (text) => process.stdout.write(text),
});
if (status === null) console.error(`vm: ${why}`);
process.exitCode = status ?? 125;
