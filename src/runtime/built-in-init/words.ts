/** The command line of the built-in init, as native/init/plan.h describes it: ps shows what it is there for. */
import type { InitPlan } from "./plan.js";

export interface InitProgram {
	readonly path: string;
	readonly argv: readonly string[];
	/** How many descriptors after stderr are for the program. */
	readonly preserveFds: number;
}

export function initWords(plan: InitPlan, { path, argv, preserveFds }: InitProgram): readonly string[] {
	if (plan.mode === "pause") return ["tsrun-init", plan.mode];
	const lingers = plan.mode === "supervise" || plan.mode === "graceful";
	return [
		"tsrun-init",
		plan.mode,
		...plan.remaps.flatMap(([from, to]) => ["remap", `${from}=${to}`]),
		...(lingers ? ["deadline", String(plan.deadline)] : []),
		...(plan.stopSignal === null ? [] : ["stop", String(plan.stopSignal)]),
		...(preserveFds === 0 ? [] : ["fds", String(preserveFds)]),
		// set-up first, in the order given
		...[...plan.commands]
			.sort((one, other) => Number(other.kind === "setup") - Number(one.kind === "setup"))
			.flatMap(({ kind, args }) => [kind, String(args.length), ...args]),
		"--",
		path,
		...argv,
	];
}
