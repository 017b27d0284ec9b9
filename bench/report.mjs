/** The samples as Markdown: what was measured, on what, and how it compares. */
import { execFileSync } from "node:child_process";
import { cpus, loadavg, release } from "node:os";

/** The ratios of medians that tsrun promises, by the case's name. */
const budgets = {
	run: { crun: 0.8, runc: 0.3, floor: 2 },
	"create + start + delete": { crun: 0.8, runc: 0.35 },
	exec: { crun: 0.8, runc: 0.3 },
	state: { crun: 1, runc: 0.8 },
	kill: { crun: 1, runc: 0.8 },
};

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

function summarise(samples) {
	const times = samples.map(({ nanoseconds }) => nanoseconds / 1e6);
	const kilobytes = Math.max(...samples.map((one) => one.kilobytes));
	return { min: Math.min(...times), median: median(times), megabytes: kilobytes / 1024 };
}

export const table = (head, rows) =>
	[head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

function rowsOf({ name, config, samples }) {
	const all = new Map([...samples].map(([runtime, list]) => [runtime, summarise(list)]));
	const ratio = (of, to) => (all.has(to) && of !== to ? (all.get(of).median / all.get(to).median).toFixed(2) : "");
	return [...all].map(([runtime, { min, median: middle, megabytes }]) => [
		config,
		name,
		runtime,
		min.toFixed(2),
		middle.toFixed(2),
		...["floor", "crun", "runc"].map((to) => ratio(runtime, to)),
		megabytes.toFixed(1),
	]);
}

function budgetRows({ name, config, samples }) {
	const medianOf = (runtime) => summarise(samples.get(runtime)).median;
	const known = Object.entries(budgets[name] ?? {}).filter(([to]) => samples.has(to) && samples.has("tsrun"));
	return known.map(([to, budget]) => {
		const ratio = medianOf("tsrun") / medianOf(to);
		return [config, name, to, `≤ ${budget}`, ratio.toFixed(2), ratio <= budget ? "kept" : "**missed**"];
	});
}

export const versionOf = ({ file }) => execFileSync(file, ["--version"], { encoding: "utf8" }).split("\n")[0];

/** What the figures depend on. */
export function machine() {
	const load = loadavg().map((one) => one.toFixed(1));
	return `Linux ${release()}, ${cpus().length} × ${cpus()[0].model.trim()}, load ${load.join(" ")}`;
}

/** All of it, ready for docs/performance.md. */
export function report(results, runtimes) {
	const count = results[0].samples.values().next().value.length;
	const rows = results.flatMap(budgetRows);
	return [
		`${machine()}; ${runtimes.map(versionOf).join(", ")};`,
		`${count} samples each (the spaced case fewer), taken in turn; milliseconds; ratios are of medians; memory is the peak of any process.`,
		"",
		table(
			["config", "case", "runtime", "min", "median", "to floor", "to crun", "to runc", "peak MB"],
			results.flatMap(rowsOf),
		),
		...(rows.length > 0 ? ["", table(["config", "case", "to", "budget", "ratio", ""], rows)] : []),
	].join("\n");
}
