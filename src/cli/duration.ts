/** Durations in Go's spelling, which runc's flags take: "5s", "1m30s", "250ms". */
import { invalidValue } from "./usage-error.js";

const milliseconds: Readonly<Record<string, number>> = {
	ns: 1e-6,
	us: 1e-3,
	µs: 1e-3,
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
};

/** A {@link Flag.parse}: milliseconds. */
export function parseDuration(text: string, flag: string): number {
	if (!/^[+-]?(?:0|(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text)) {
		throw invalidValue(text, flag, 'parse error: a duration is wanted, such as "5s" or "1m30s"');
	}
	const parts = text.matchAll(/(\d+\.?\d*|\.\d+)([a-zµ]+)/g);
	const sum = [...parts].reduce(
		(total, [, amount, unit = ""]) => total + Number(amount) * (milliseconds[unit] ?? 0),
		0,
	);
	return text.startsWith("-") ? -sum : sum;
}
