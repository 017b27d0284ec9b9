/** The table of `stats`: one row per container, and a little picture of what it used before. */
import type { Usage } from "../runtime/usage.js";

/** What a live table remembers of a container: percentages, the newest last. */
export interface History {
	readonly cpu: readonly number[];
	readonly memory: readonly number[];
}

/** Columns of a picture. */
const remembered = 8;

/** On a narrow terminal the last ones fall off. */
const titles = ["ID", "CPU", "MEMORY", "LIMIT", "PIDS", "READ/s", "WRITE/s", "THROTTLED", "STALLED", "OOM", "STATUS"];

export function remember(history: History | undefined, { cpu, memory }: Usage): History {
	const add = (values: readonly number[] = [], value: number) => [...values, value].slice(-remembered);
	return { cpu: add(history?.cpu, cpu.percent), memory: add(history?.memory, memory.percent ?? memory.workingSet) };
}

/** Lines without newlines. Without histories there are no pictures. */
export function statsTable(usages: readonly Usage[], histories?: ReadonlyMap<string, History>): readonly string[] {
	return align([titles, ...usages.map((usage) => row(usage, histories?.get(usage.id)))]);
}

function row({ id, status, cpu, memory, pids, io, pressure }: Usage, history: History | undefined): string[] {
	const share = memory.percent === null ? "" : ` ${memory.percent.toFixed(0)}%`;
	// 100 % is the top of a picture unless there was more; memory without a limit is drawn against its own peak
	const withPicture = (text: string, values: readonly number[] | undefined, top: number) =>
		values === undefined ? text : `${text.padStart(6)} ${picture(values, top)}`;
	return [
		id,
		withPicture(`${cpu.percent.toFixed(1)}%`, history?.cpu, 100),
		withPicture(`${size(memory.workingSet)}${share}`, history?.memory, memory.percent === null ? 1 : 100),
		memory.limit === null ? "-" : size(memory.limit),
		`${pids.current}${pids.limit === null ? "" : `/${pids.limit}`}`,
		size(io.readRate),
		size(io.writeRate),
		cpu.periods === 0 ? "-" : `${cpu.throttledPercent.toFixed(0)}%`,
		[pressure.cpu, pressure.memory, pressure.io].map((some) => (some === null ? "-" : some.toFixed(0))).join("/"),
		String(memory.oomKills),
		status,
	];
}

const blocks = "▁▂▃▄▅▆▇█";

/** As wide as it ever gets, so that the columns stand still; the newest value is at the right. */
export function picture(values: readonly number[], top: number): string {
	const most = Math.max(top, ...values);
	const bars = values.map((value) => blocks[Math.min(blocks.length - 1, Math.floor((value / most) * blocks.length))]);
	return bars.join("").padStart(remembered);
}

/** "512", "1.5K", "64M": base 1024. */
export function size(bytes: number): string {
	let amount = bytes;
	let unit = 0;
	for (; amount >= 1024 && unit < 4; amount /= 1024) unit++;
	const digits = unit === 0 || amount >= 100 || Number.isInteger(amount) ? 0 : 1;
	return `${amount.toFixed(digits)}${["", "K", "M", "G", "T"][unit]}`;
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
	const widths = titles.map((_title, column) => Math.max(...rows.map((cells) => [...(cells[column] ?? "")].length)));
	const pad = (cell: string, column: number) => cell + " ".repeat((widths[column] ?? 0) + 2 - [...cell].length);
	return rows.map((cells) => cells.map(pad).join("").trimEnd());
}
