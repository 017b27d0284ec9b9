/**
 * The requirements of the specification, the tests that prove them, and the document that shows both. A test proves the
 * requirements whose ids its title begins with: `ST-03 ST-14 state tells id and bundle`. Pure: texts, titles and results
 * in, findings and the document out; scripts/conformance.mjs reads the files and runs the tests.
 */

export const requirementsFile = "test/conformance/requirements.txt";
export const reasonsFile = "test/conformance/reasons.txt";
export const notesFile = "test/conformance/notes.txt";
export const conformanceFile = "docs/conformance.md";

/** @typedef {{ readonly id: string, readonly level: string, readonly text: string }} Requirement */
/** @typedef {{ readonly id: string, readonly title: string, readonly source: string, readonly rows: Requirement[] }} Section */
/** @typedef {{ readonly file: string, readonly title: string, readonly ids: readonly string[] }} Proof */
/** @typedef {{ readonly name: string, readonly version: string, readonly passed: readonly string[], readonly failed: readonly string[] }} Peer */
/** @typedef {{ readonly sections: readonly Section[], readonly reasons: ReadonlyMap<string, string>, readonly notes: ReadonlyMap<string, string> }} Requirements */

/**
 * `# BN Bundle (bundle.md)`, and below it `BN-01 MUST What is required`.
 *
 * @param {string} text
 */
export function parseSections(text) {
	/** @type {Section[]} */
	const sections = [];
	for (const line of text.split("\n")) {
		const [, section, heading = "", source = ""] = /^# ([A-Z]{2}) (.*) \((.*)\)$/.exec(line) ?? [];
		if (section !== undefined) sections.push({ id: section, title: heading, source, rows: [] });
		const [, id, level = "", requirement = ""] = /^([A-Z]{2}-\d\d) (MUST NOT|SHOULD NOT|\w+) (.*)$/.exec(line) ?? [];
		if (id !== undefined) sections.at(-1)?.rows.push({ id, level, text: requirement });
	}
	return sections;
}

/**
 * `AN-03 Why there is no proof`, or what a reader should know besides; several ids before one text share it.
 *
 * @param {string} text
 */
export function parseRemarks(text) {
	return new Map(
		text.split("\n").flatMap((line) => {
			const [, ids = "", remark = ""] = /^((?:[A-Z]{2}-\d\d )+)(.*)$/.exec(line) ?? [];
			return idsIn(ids).map((id) => /** @type {const} */ ([id, remark]));
		}),
	);
}

/** @param {string} text */
function idsIn(text) {
	return text.match(/[A-Z]{2}-\d\d/g) ?? [];
}

/**
 * The ids that a test's title begins with, and the rest of it. Titles of groups around the test do not count.
 *
 * @param {string} title "group > test", or the test's alone
 */
export function splitTitle(title) {
	const [, ids = "", rest = title] = /(?:^| > )((?:[A-Z]{2}-\d\d )+)(.*)$/.exec(title) ?? [];
	return { ids: idsIn(ids), rest };
}

/**
 * @param {Requirements} requirements
 * @param {readonly Proof[]} proofs
 * @returns {import("./layers.mjs").Finding[]}
 */
export function conformanceFindings({ sections, reasons, notes }, proofs) {
	const known = new Set(sections.flatMap(({ rows }) => rows.map(({ id }) => id)));
	const proved = new Set(proofs.flatMap(({ ids }) => ids));
	const at = (/** @type {string} */ file, /** @type {string} */ rule) => ({ file, line: 1, rule });
	const unknown = (/** @type {string} */ file, /** @type {Iterable<string>} */ ids) =>
		[...ids].filter((id) => !known.has(id)).map((id) => at(file, `${id} is no requirement of ${requirementsFile}`));
	return [
		...[...known]
			.filter((id) => !proved.has(id) && !reasons.has(id))
			.map((id) => at(requirementsFile, `${id} has neither a test whose title begins with it nor a reason`)),
		...[...reasons.keys()].filter((id) => proved.has(id)).map((id) => at(reasonsFile, `${id} is proved by now`)),
		...[...notes.keys()].filter((id) => !proved.has(id)).map((id) => at(notesFile, `${id} is not proved`)),
		...unknown(reasonsFile, reasons.keys()),
		...unknown(notesFile, notes.keys()),
		...proofs.flatMap(({ file, ids }) => unknown(file, ids)),
	];
}

/**
 * The proofs that did not pass in these reports of vitest; in each line the requirements that are without proof now.
 *
 * @param {readonly Proof[]} proofs
 * @param {readonly Outcome[]} outcomes
 */
export function notRun(proofs, outcomes) {
	const passed = new Set(outcomes.filter(({ status }) => status === "passed").map(keyOf));
	return proofs
		.filter((proof) => !passed.has(keyOf(proof)))
		.map(({ file, title, ids }) => `${ids.join(" ")}: "${splitTitle(title).rest}" of ${file} did not pass`);
}

/** @typedef {{ readonly file: string, readonly title: string, readonly status: string }} Outcome */

/** @param {{ readonly file: string, readonly title: string }} test */
function keyOf({ file, title }) {
	return `${file}: ${title}`;
}

/**
 * Which requirements a peer meets: all of the tests that name one have to pass. What was skipped says nothing.
 *
 * @param {readonly Outcome[]} outcomes
 */
export function judge(outcomes) {
	const idsWith = (/** @type {string} */ wanted) =>
		new Set(outcomes.filter(({ status }) => status === wanted).flatMap(({ title }) => splitTitle(title).ids));
	const failed = idsWith("failed");
	const passed = [...idsWith("passed")].filter((id) => !failed.has(id));
	return { passed: passed.sort(), failed: [...failed].sort() };
}

/**
 * @param {Requirements} requirements
 * @param {readonly Proof[]} proofs
 * @param {readonly Peer[]} peers
 */
export function conformanceDocument({ sections, reasons, notes }, proofs, peers) {
	/** @type {Map<string, Proof[]>} */
	const byId = new Map();
	for (const proof of proofs) for (const id of proof.ids) byId.set(id, [...(byId.get(id) ?? []), proof]);
	const mark = (/** @type {Peer} */ peer, /** @type {string} */ id) =>
		peer.passed.includes(id) ? "yes" : peer.failed.includes(id) ? "no" : "–";
	const row = (/** @type {Requirement} */ { id, level, text }) => {
		const tests = (byId.get(id) ?? []).map(linkTo).sort();
		const note = notes.get(id);
		const proof = tests.length > 0 ? [...new Set(tests), ...(note ? [note] : [])] : [reasons.get(id) ?? "nothing"];
		const marks = [tests.length > 0 ? "yes" : "–", ...peers.map((peer) => mark(peer, id))];
		return line(id, level, cell(text), ...marks, proof.join("<br>"));
	};
	const header = ["tsrun", ...peers.map(({ name }) => name)];
	const all = sections.flatMap(({ rows }) => rows);
	const summary = (/** @type {string} */ name, /** @type {readonly Requirement[]} */ rows) => {
		const proved = rows.filter(({ id }) => byId.has(id)).length;
		const passed = peers.map((peer) => rows.filter(({ id }) => peer.passed.includes(id)).length);
		return line(name, rows.length, proved, ...passed, rows.length - proved);
	};
	const versions = peers.map(({ name, version }) => `${name} ${version}`).join(" and ");
	return [
		"# Conformance",
		"",
		`<!-- made by scripts/conformance.mjs from ${requirementsFile} and the titles of the tests: npm run conformance -->`,
		"",
		"Every requirement of the OCI runtime specification 1.3 for Linux, and the tests that prove it. A test proves the",
		"requirements whose ids its title begins with. `npm run check` fails when a requirement has neither a test nor a",
		"reason; `npm test` fails when one of these tests does not pass.",
		"",
		`The peers' columns are the same tests, run against ${versions} on the machine that runs ours:`,
		'"yes" when all tests of the requirement pass, "no" when one fails, "–" when none of them can judge another runtime',
		"(tests of functions, and of what the specification leaves to each runtime). A test that proves several requirements",
		"fails for all of them. `npm run conformance -- --peers` repeats it.",
		"",
		line("section", "requirements", "tsrun", ...peers.map(({ name }) => name), "without a test"),
		line("---", "---", "---", ...peers.map(() => "---"), "---"),
		...sections.map(({ id, title, rows }) => summary(`[${id} ${title}](#${anchor(`${id} ${title}`)})`, rows)),
		summary("all", all),
		"",
		...sections.flatMap(({ id, title, source, rows }) => [
			`## ${id} ${title}`,
			"",
			`Source: ${source}`,
			"",
			line("id", "level", "requirement", ...header, "proof"),
			line(...["---", "---", "---", ...header.map(() => "---"), "---"]),
			...rows.map(row),
			"",
		]),
	].join("\n");
}

/** @param {readonly unknown[]} cells */
function line(...cells) {
	return `| ${cells.join(" | ")} |`;
}

/** @param {Proof} proof */
function linkTo({ file, title }) {
	const text = cell(splitTitle(title).rest).replaceAll("[", "\\[").replaceAll("]", "\\]");
	return `[${text}](../${file})`;
}

/** @param {string} text */
function cell(text) {
	return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

/** As GitHub makes it from a heading. */
function anchor(/** @type {string} */ heading) {
	return heading
		.toLowerCase()
		.replaceAll(/[^\w\- ]/g, "")
		.replaceAll(" ", "-");
}
