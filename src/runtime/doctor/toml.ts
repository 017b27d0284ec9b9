/**
 * As much of TOML as engines' configurations are looked at for: which keys stand in which tables. Dotted and quoted names
 * are split; values are strings, true or false, lists of strings; what is neither is left out.
 */

export type TomlValue = string | boolean | readonly string[];

export interface TomlEntry {
	/** ["engine", "runtimes"] */
	readonly table: readonly string[];
	readonly key: string;
	readonly value: TomlValue;
}

export function tomlEntries(text: string): readonly TomlEntry[] {
	const entries: TomlEntry[] = [];
	let table: readonly string[] = [];
	for (const line of logicalLines(text)) {
		const header = /^\[+([^\]]*)\]+$/.exec(line);
		if (header) table = names(header[1] ?? "");
		const [, left = "", right = ""] = /^([^=]+?)\s*=\s*(.*)$/s.exec(line) ?? [];
		const path = names(left);
		const key = path.pop();
		const value = header || key === undefined ? undefined : parseValue(right);
		if (key !== undefined && value !== undefined) entries.push({ table: [...table, ...path], key, value });
	}
	return entries;
}

/** Without comments; a list that goes over several lines is one. */
function logicalLines(text: string): readonly string[] {
	const lines: string[] = [];
	let open = "";
	for (const line of text.split("\n")) {
		const bare = line.replace(/^((?:[^#"']|"[^"]*"|'[^']*')*)#.*$/, "$1").trim();
		const whole = open === "" ? bare : `${open} ${bare}`;
		const isOpen = /=\s*\[[^\]]*$/.test(whole);
		open = isOpen ? whole : "";
		if (!isOpen && whole !== "") lines.push(whole);
	}
	return lines;
}

/** `plugins."io.containerd.grpc.v1.cri".containerd` → three names. */
function names(path: string): string[] {
	return [...path.matchAll(/"([^"]*)"|'([^']*)'|([^.\s"']+)/g)].map(
		([, one, other, bare]) => one ?? other ?? bare ?? "",
	);
}

function parseValue(text: string): TomlValue | undefined {
	if (text === "true" || text === "false") return text === "true";
	const strings = [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)].map(([, one, other]) => one ?? other ?? "");
	if (text.startsWith("[")) return strings;
	return strings[0];
}
