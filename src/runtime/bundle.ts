/** The bundle (bundle.md): a directory with config.json in it, read once and checked before anything is made. */
import { exactJson } from "../spec/json.js";
import { loadConfig } from "../spec/load.js";
import type { Config } from "../spec/types.js";
import { AT_FDCWD, S_IFDIR, S_IFMT } from "../sys/constants.js";
import { errnoText, failure, hasCode, isSysError, TsrunError } from "../sys/errors.js";
import { readFile } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { type InitPlan, planInit, unknownInitAnnotations, withInitFlag } from "./built-in-init/plan.js";
import type { Logger } from "./host.js";
import type { CreateOptions } from "./options.js";

export interface Bundle {
	/** Absolute, and our working directory: hooks start there, relative paths of config.json begin there. */
	readonly path: string;
	/** Absolute path of the root filesystem's directory, links resolved. */
	readonly rootfs: string;
	readonly config: Config;
	/** What the built-in init is to do; null without it. */
	readonly builtInInit: InitPlan | null;
	/** config.json as it was read, or as it was adapted: what is kept for later verbs. */
	readonly text: string;
}

/** `init` is the flag `--init`, which has the last word. */
export function openBundle(
	{ bundle, config: file, init, adapt }: Pick<CreateOptions, "bundle" | "config" | "init" | "adapt">,
	log: Logger,
): Bundle {
	const { path, text: read } = readBundle(bundle, file);
	const { config: given, warnings } = loadConfig(read);
	const adapted = adapt?.(given) ?? given;
	const text = adapt === undefined ? read : exactJson(adapted);
	const config = withInitFlag(adapted, init);
	const builtInInit = planInit(config);
	for (const { path: where, message } of [...warnings, ...unknownInitAnnotations(config)])
		log.warning(`config.json: ${where}: ${message}`);
	const rootfs = findRootfs(path, config);
	log.debug(`bundle ${path}: config.json is valid, the root filesystem is ${rootfs}`);
	return { path, text, config, rootfs, builtInInit };
}

/** The bundle's path and its config.json, or what is to be read in its place, unchecked. It is our working directory afterwards. */
export function readBundle(directory: string, file?: string): Pick<Bundle, "path" | "text"> {
	const path = enter(directory);
	return { path, text: readConfig(file ?? "config.json", file ?? `${path}/config.json`) };
}

function enter(directory: string): string {
	try {
		sys.chdir(directory);
		return sys.getcwd();
	} catch (error) {
		throw failure("bundle-missing", `chdir ${directory}`, error, {
			stage: "bundle",
			object: directory,
			hint: "name the directory that holds config.json with --bundle",
		});
	}
}

/** `object` is the file's absolute path. */
function readConfig(name: string, object: string): string {
	try {
		return readFile(name);
	} catch (error) {
		if (hasCode(error, "ENOENT")) {
			throw new TsrunError("config-missing", `JSON specification file ${name} not found`, {
				stage: "bundle",
				object,
				hint: "spec writes an example; --bundle names another directory",
			});
		}
		throw failure("config-missing", `read ${JSON.stringify(object)}`, error, {
			stage: "bundle",
			object,
			hint: "it must be a file that the caller may read",
		});
	}
}

/** @throws TsrunError rootfs-missing */
export function findRootfs(bundle: string, config: Config): string {
	const given = config.root.path;
	const path = given.startsWith("/") ? given : `${bundle}/${given}`;
	const complain = (why: string) =>
		new TsrunError("rootfs-missing", `invalid rootfs: ${why}`, {
			stage: "bundle",
			object: path,
			jsonPath: "$.root.path",
			hint: "root.path names a directory, absolute or relative to the bundle",
		});
	try {
		if ((sys.fstatat(AT_FDCWD, path, 0).mode & S_IFMT) !== S_IFDIR) throw complain(`${path} is not a directory`);
	} catch (error) {
		throw isSysError(error) ? complain(`stat ${path}: ${errnoText(error)}`) : error;
	}
	return tidy(path);
}

/** "/a/./b/../c" → "/a/c" by text, as the caller wrote it: links stay, the kernel resolves them when it is opened. */
function tidy(path: string): string {
	const names: string[] = [];
	for (const name of path.split("/")) {
		if (name === "..") names.pop();
		else if (name !== "" && name !== ".") names.push(name);
	}
	return `/${names.join("/")}`;
}
