/** What shells complete: verbs, flags, ids of containers, files. From the command line itself, so that nothing is forgotten. */

/** @typedef {import("./command-line.mjs").CommandLine} CommandLine */
/** @typedef {import("../../src/cli/verb.js").Flag} Flag */

/** @param {readonly Flag[]} flags */
const forms = (flags) =>
	flags.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]);

/** The spellings of flags whose value is a word of its own, and of that kind. */
const valued = (/** @type {readonly Flag[]} */ flags, /** @type {(value: string) => boolean} */ kind) =>
	forms(flags.filter(({ value, valueOptional }) => value !== undefined && !valueOptional && kind(value)));

const isDirectory = (/** @type {string} */ value) => value === "dir";
const isFile = (/** @type {string} */ value) => ["file", "path"].includes(value);

/** @param {CommandLine} line */
const everyFlag = ({ verbs, globalFlags }) => [...globalFlags, ...verbs.flatMap(({ flags }) => flags)];

/** @param {readonly string[]} words */
const alternatives = (words) => [...new Set(words)].join("|") || "//";

/** The verb that lists what the operands of another can be; "" when they are nothing of ours. */
function listOf(/** @type {{ usage: string }} */ { usage }) {
	if (/[<[]pod\b/.test(usage)) return "pod list";
	return usage.includes("container-id") ? "list" : "";
}

/** @typedef {{ word: string, verbs: CommandLine["verbs"] }} Group */

/**
 * Verbs of two words by the first of them.
 *
 * @param {CommandLine["verbs"]} verbs
 * @returns {Group[]} `verbs` have their second word as name
 */
function groupsOf(verbs) {
	const two = verbs.filter(({ name }) => name.includes(" "));
	return [...new Set(two.map(({ name }) => name.split(" ")[0] ?? ""))].map((word) => ({
		word,
		verbs: two
			.filter(({ name }) => name.startsWith(`${word} `))
			.map((verb) => ({ ...verb, name: verb.name.slice(word.length + 1) })),
	}));
}

/** @param {CommandLine["verbs"]} verbs */
const ofOneWord = (verbs) => verbs.filter(({ name }) => !name.includes(" "));

const summaryOf = (/** @type {Group} */ { word }) => `commands for a ${word}`;

/**
 * @param {CommandLine} line
 * @returns {string} /usr/share/bash-completion/completions/tsrun
 */
export function bashCompletion(line) {
	const { verbs, globalFlags } = line;
	const all = everyFlag(line);
	const cases = verbs.map((verb) => {
		const flags = forms([...verb.flags, ...globalFlags]).join(" ");
		return `\t\t"${verb.name}") flags="${flags}"; list="${listOf(verb)}" ;;`;
	});
	const groups = groupsOf(verbs);
	const groupCases = groups.map(
		({ word, verbs }) => `\t\t${word}) flags="${[...verbs.map(({ name }) => name), "help"].join(" ")}" ;;\n`,
	);
	const firstWords = [...ofOneWord(verbs).map(({ name }) => name), ...groups.map(({ word }) => word)];
	return `# bash completion of tsrun(8)
_tsrun() {
	local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} verb= flags list= index root=()
	COMPREPLY=()
	for ((index = 1; index < COMP_CWORD; index++)); do
		case \${COMP_WORDS[index]} in
		--root) root=(--root "\${COMP_WORDS[index+1]}"); ((index++)) ;;
		${alternatives(valued(globalFlags, () => true))}) ((index++)) ;;
		-*) ;;
		*)
			verb+=\${verb:+ }\${COMP_WORDS[index]}
			case $verb in ${alternatives(groups.map(({ word }) => word))}) ;; *) break ;; esac ;;
		esac
	done
	case $before in
	${alternatives(valued(all, isDirectory))}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	${alternatives(valued(all, isFile))}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	esac
	case $verb in
		"") flags="${[...firstWords, "help", ...forms(globalFlags)].join(" ")}" ;;
${groupCases.join("")}${cases.join("\n")}
		*) return ;;
	esac
	[[ -n $list && $word != -* ]] && flags=$(tsrun "\${root[@]}" $list --quiet 2>/dev/null)
	mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
}
complete -F _tsrun tsrun
`;
}

/**
 * @param {CommandLine} line
 * @returns {string} /usr/share/fish/vendor_completions.d/tsrun.fish
 */
export function fishCompletion({ verbs, globalFlags }) {
	const groups = groupsOf(verbs);
	const words = groups.map(({ word }) => word);
	const names = [...ofOneWord(verbs).map(({ name }) => name), ...words];
	const seen = (/** @type {string} */ word) => `__fish_seen_subcommand_from ${word}`;
	/** @param {CommandLine["verbs"][number]} verb @param {string} before holds where its last word is completed @param {string} when holds after it */
	const ofVerb = (verb, before, when) => [
		`complete -c tsrun -n ${quoted(before)} -a ${verb.name} -d ${quoted(verb.summary)}`,
		...verb.flags.map((each) => flag(when, each)),
		...(listOf(verb) ? [`complete -c tsrun -n ${quoted(when)} -a "(tsrun ${listOf(verb)} --quiet 2>/dev/null)"`] : []),
	];
	const atFirst = `not ${seen(names.join(" "))}`;
	const outsideGroups = words.map((word) => `; and not ${seen(word)}`).join("");
	const flag = (/** @type {string} */ when, /** @type {Flag} */ { name, short, value, help }) =>
		[
			`complete -c tsrun -n ${quoted(when)} -l ${name}`,
			...(short?.length === 1 ? [`-s ${short}`] : []),
			...(value === undefined ? [] : isDirectory(value) || isFile(value) ? ["-r -F"] : ["-x"]),
			`-d ${quoted(help)}`,
		].join(" ");
	return [
		"# fish completion of tsrun(8)",
		"complete -c tsrun -f",
		...globalFlags.map((each) => flag("true", each)),
		...ofOneWord(verbs).flatMap((verb) => ofVerb(verb, atFirst, `${seen(verb.name)}${outsideGroups}`)),
		...groups.flatMap((group) => {
			const { word, verbs } = group;
			const atSecond = `${seen(word)}; and not ${seen(verbs.map(({ name }) => name).join(" "))}`;
			return [
				`complete -c tsrun -n ${quoted(atFirst)} -a ${word} -d ${quoted(summaryOf(group))}`,
				...verbs.flatMap((verb) => ofVerb(verb, atSecond, `${seen(word)}; and ${seen(verb.name)}`)),
			];
		}),
		"",
	].join("\n");
}

/**
 * @param {CommandLine} line
 * @returns {string} /usr/share/zsh/vendor-completions/_tsrun
 */
export function zshCompletion({ verbs, globalFlags }) {
	const spec = (/** @type {Flag} */ { name, short, value, valueOptional, repeats, help }) => {
		const explained = `[${help.replaceAll(/[\][:]/g, "\\$&")}]`;
		const action = isDirectory(value ?? "") ? "_files -/" : isFile(value ?? "") ? "_files" : " ";
		const argument = value === undefined ? "" : `:${value.replaceAll(/[\][:]/g, "\\$&")}:${action}`;
		return forms([{ name, short, help }].map((each) => (short === undefined ? { name, help } : each))).map((form) =>
			quoted(
				`${repeats ? "*" : ""}${form}${value === undefined ? "" : valueOptional ? "=-" : "="}${explained}${argument}`,
			),
		);
	};
	const operands = (/** @type {CommandLine["verbs"][number]} */ verb) => {
		const list = listOf(verb);
		return quoted(`*:${list === "" ? "argument:_files" : `container:_tsrun_names ${list}`}`);
	};
	const groups = groupsOf(verbs);
	/** @param {string} name @param {CommandLine["verbs"]} verbs @param {Group[]} groups */
	const level = (name, verbs, groups) => {
		const described = [
			...verbs.map(({ name, summary }) => quoted(`${name}:${summary}`)),
			...groups.map((group) => quoted(`${group.word}:${summaryOf(group)}`)),
		];
		const cases = [
			...verbs.map(
				(verb) =>
					`\t\t${verb.name}) _arguments ${[...verb.flags, ...globalFlags].flatMap(spec).join(" ")} ${operands(verb)} ;;`,
			),
			...groups.map(({ word }) => `\t\t${word}) _tsrun_${word} ;;`),
		];
		return `${name}() {
	local curcontext=$curcontext state line
	_arguments -C ${globalFlags.flatMap(spec).join(" ")} '1:command:->command' '*::argument:->argument'
	case $state in
	command)
		local -a commands=(${described.join(" ")})
		_describe command commands ;;
	argument)
		case $line[1] in
${cases.join("\n")}
		esac ;;
	esac
}`;
	};
	return `#compdef tsrun
# zsh completion of tsrun(8)
_tsrun_names() {
	compadd -- \${(f)"$(tsrun "$@" --quiet 2>/dev/null)"}
}
${groups.map(({ word, verbs }) => level(`_tsrun_${word}`, verbs, [])).join("\n")}
${level("_tsrun", ofOneWord(verbs), groups)}
_tsrun "$@"
`;
}

/** One word of a shell. */
function quoted(/** @type {string} */ text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
