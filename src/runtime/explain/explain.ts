/** `explain`: what `create` and `start` would do with a bundle, and where they would fail. */
import { loadConfig } from "../../spec/load.js";
import type { Config } from "../../spec/types.js";
import type { ErrorDetails, ErrorId } from "../../sys/errors.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import { findRootfs, readBundle } from "../bundle.js";
import type { Host } from "../host.js";
import type { CreateOptions } from "../options.js";
import { lookAgain } from "./look-again.js";
import type { Actor } from "./recorder.js";
import { rehearse } from "./rehearse.js";
import { type Step, stepsOf } from "./steps.js";

export interface ExplainedFailure
	extends Pick<ErrorDetails, "stage" | "syscall" | "errno" | "object" | "hint" | "jsonPath"> {
	readonly actor: Actor;
	readonly id: ErrorId;
	readonly message: string;
	/** What a second look found. */
	readonly cause: string;
}

export interface Explanation {
	/** As given, absolute where it could be entered. */
	readonly bundle: string;
	/** Whose rights were supposed: root's, or those of the caller. */
	readonly asRoot: boolean;
	readonly uid: number;
	readonly steps: readonly Step[];
	readonly warnings: readonly string[];
	readonly failure: ExplainedFailure | null;
}

/** `asIs`: with the caller's rights, also where it takes root's. */
export function explain(host: Host, id: string, options: CreateOptions, asIs: boolean): Explanation {
	const { bundle, config, rootfs } = whatIsKnown(options.bundle);
	if (Object.keys(config?.linux?.netDevices ?? {}).length > 0) {
		throw new TsrunError("config-unsupported", "explain cannot foretell how network devices move", {
			object: bundle,
			jsonPath: "$.linux.netDevices",
			hint: "leave linux.netDevices out, and the rest of the bundle is explained",
		});
	}
	const uid = sys.geteuid();
	const isForUsers = config?.linux?.namespaces?.some(({ type }) => type === "user") ?? false;
	const asRoot = uid === 0 || (!asIs && !isForUsers);
	const supposed =
		asRoot && uid !== 0 && !host.rootIsExplicit ? { ...host, root: "/run/tsrun", rootless: false } : host;
	const { events, failure, warnings } = rehearse({ host: supposed, id, options, config, asRoot });
	const steps = stepsOf(events, { hostRoot: rootfs, stateRoot: supposed.root, config });
	return { bundle, asRoot, uid, steps, warnings, failure: failure && describe(failure, config, rootfs) };
}

/** What the sentences need of the bundle. Whatever is wrong with it, the rehearsal finds out itself. */
function whatIsKnown(directory: string): {
	readonly bundle: string;
	readonly config: Config | null;
	readonly rootfs: string;
} {
	const known = { bundle: directory, config: null as Config | null, rootfs: "" };
	const before = sys.getcwd();
	try {
		const { path, text } = readBundle(directory);
		known.bundle = path;
		known.config = loadConfig(text).config;
		known.rootfs = findRootfs(path, known.config);
	} catch (error) {
		if (!(error instanceof TsrunError)) throw error;
	} finally {
		sys.chdir(before);
	}
	return known;
}

function describe(
	{ actor, error }: { readonly actor: Actor; readonly error: TsrunError },
	config: Config | null,
	rootfs: string,
): ExplainedFailure {
	const { exitCode: _status, cause: _cause, ...details } = error.details;
	return { actor, id: error.id, message: error.message, ...details, cause: lookAgain(error, config, rootfs) };
}
