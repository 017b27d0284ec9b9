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

const takesId = (/** @type {{ usage: string }} */ { usage }) => usage.includes("container-id");

/**
 * @param {CommandLine} line
 * @returns {string} /usr/share/bash-completion/completions/tsrun
 */
export function bashCompletion(line) {
	const { verbs, globalFlags } = line;
	const all = everyFlag(line);
	const cases = verbs.map((verb) => {
		const flags = forms([...verb.flags, ...globalFlags]).join(" ");
		return `\t\t${verb.name}) flags="${flags}"; ids=${takesId(verb) ? "yes" : ""} ;;`;
	});
	return `# bash completion of tsrun(8)
_tsrun() {
	local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} verb= flags ids= index root=()
	COMPREPLY=()
	for ((index = 1; index < COMP_CWORD; index++)); do
		case \${COMP_WORDS[index]} in
		--root) root=(--root "\${COMP_WORDS[index+1]}"); ((index++)) ;;
		${alternatives(valued(globalFlags, () => true))}) ((index++)) ;;
		-*) ;;
		*) verb=\${COMP_WORDS[index]}; break ;;
		esac
	done
	case $before in
	${alternatives(valued(all, isDirectory))}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
	${alternatives(valued(all, isFile))}) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
	esac
	case $verb in
		"") flags="${[...verbs.map(({ name }) => name), "help", ...forms(globalFlags)].join(" ")}" ;;
${cases.join("\n")}
		*) return ;;
	esac
	[[ -n $ids && $word != -* ]] && flags=$(tsrun "\${root[@]}" list --quiet 2>/dev/null)
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
	const names = verbs.map(({ name }) => name).join(" ");
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
		...verbs.flatMap((verb) => [
			`complete -c tsrun -n ${quoted(`not __fish_seen_subcommand_from ${names}`)} -a ${verb.name} -d ${quoted(verb.summary)}`,
			...verb.flags.map((each) => flag(`__fish_seen_subcommand_from ${verb.name}`, each)),
			...(takesId(verb)
				? [
						`complete -c tsrun -n ${quoted(`__fish_seen_subcommand_from ${verb.name}`)} -a "(tsrun list --quiet 2>/dev/null)"`,
					]
				: []),
		]),
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
	const cases = verbs.map(
		(verb) =>
			`\t\t${verb.name}) _arguments ${[...verb.flags, ...globalFlags].flatMap(spec).join(" ")} ${quoted(`*:${takesId(verb) ? "container:_tsrun_ids" : "argument:_files"}`)} ;;`,
	);
	return `#compdef tsrun
# zsh completion of tsrun(8)
_tsrun_ids() {
	compadd -- \${(f)"$(tsrun list --quiet 2>/dev/null)"}
}
_tsrun() {
	local curcontext=$curcontext state line
	_arguments -C ${globalFlags.flatMap(spec).join(" ")} '1:command:->command' '*::argument:->argument'
	case $state in
	command)
		local -a commands=(${verbs.map(({ name, summary }) => quoted(`${name}:${summary}`)).join(" ")})
		_describe command commands ;;
	argument)
		case $line[1] in
${cases.join("\n")}
		esac ;;
	esac
}
_tsrun "$@"
`;
}

/** One word of a shell. */
function quoted(/** @type {string} */ text) {
	return `'${text.replaceAll("'", "'\\''")}'`;
}
