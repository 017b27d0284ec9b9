/**
 * From the flags that were given to the values that a verb takes; commander keeps them. It is loaded only when
 * there are any, and told only of those: each declaration costs a process that lives for a millisecond.
 */
import { Command, Option } from "commander";
import type { GivenFlag } from "./arguments.js";
import type { Flag, FlagValues } from "./verb.js";

export function parseFlags(verb: string, given: readonly GivenFlag[]): FlagValues {
	const command = new Command(verb).helpOption(false).exitOverride();
	const options = declare(command, new Set(given.map(({ flag }) => flag)));
	const words = given.flatMap(({ flag, value }) => (typeof value === "string" ? [`--${flag.name}`, value] : []));
	command.parse(words, { from: "user" });
	for (const { flag, value } of given) {
		const option = options.get(flag);
		// `--switch=false` is not in commander's language; `--no-x=false` is x, and of two switches the last one counts
		if (option && typeof value === "boolean") command.setOptionValue(option.attributeName(), value !== option.negate);
	}
	return command.opts();
}

function declare(command: Command, flags: ReadonlySet<Flag>): ReadonlyMap<Flag, Option> {
	const options = new Map<Flag, Option>();
	for (const flag of flags) {
		const option = new Option(flag.value === undefined ? `--${flag.name}` : `--${flag.name} <${flag.value}>`);
		const parse = flag.parse ?? ((value: string) => value);
		if (flag.repeats) {
			option.argParser((value, before: readonly unknown[] = []) => [...before, parse(value, flag.name)]);
		} else if (flag.parse) {
			option.argParser((value) => parse(value, flag.name));
		}
		command.addOption(option);
		options.set(flag, option);
	}
	return options;
}
