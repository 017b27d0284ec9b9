/** The command line as the source has it, for manual pages and completion: verbs, flags, summaries. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * @typedef {import("../../src/cli/verb.js").Flag} Flag
 * @typedef {{ name: string, summary: string, usage: string, description: string, flags: readonly Flag[] }} VerbPage
 * @typedef {{ summary: string, verbs: readonly VerbPage[], globalFlags: readonly Flag[] }} CommandLine
 */

/**
 * @param {{ hidden?: boolean }} options `hidden`: with the flags that are accepted for other runtimes' sake
 * @returns {Promise<CommandLine>}
 */
export async function commandLine({ hidden = false } = {}) {
	const contents = `
		export { programSummary, verbs } from "./src/cli/program.js";
		export { globalFlags, versionFlag } from "./src/cli/global-flags.js";`;
	const { outputFiles } = await build({
		stdin: { contents, resolveDir: root, loader: "ts" },
		bundle: true,
		write: false,
		format: "esm",
		platform: "neutral",
		define: { TSRUN_VERSION: '""', TSRUN_COMMIT: '""' },
	});
	const { programSummary, verbs, globalFlags, versionFlag } = await import(
		`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
	);
	const shown = (/** @type {readonly Flag[]} */ flags) => flags.filter((flag) => hidden || !flag.hidden);
	const pages = Object.entries(verbs).map(async ([name, { summary, load }]) => {
		const { usage, description, flags } = (await load()).verb;
		return { name, summary, usage, description, flags: shown(flags) };
	});
	return {
		summary: programSummary,
		verbs: await Promise.all(pages),
		globalFlags: shown([...globalFlags, versionFlag]),
	};
}
