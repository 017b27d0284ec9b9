/** The bundle of every pause container: an empty root filesystem, to which nothing can be written. */
import { exactJson } from "../../spec/json.js";
import type { Config } from "../../spec/types.js";
import { AT_FDCWD } from "../../sys/constants.js";
import { attempt, hasCode } from "../../sys/errors.js";
import { replaceFileAt } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { makeRoot } from "../state/store.js";

/** One for all pods, made when there is none; config.json is that of the last pod, the others have theirs in memory. */
export function makePauseBundle({ root }: Host, config: Config): string {
	const path = `${root}/pause~`;
	attempt(
		"state-failed",
		`make ${JSON.stringify(path)}`,
		() => {
			makeRoot(root);
			// with the mount point, as the first container would make it
			for (const folder of ["", "/rootfs", "/rootfs/dev"]) makeFolder(`${path}${folder}`);
			replaceFileAt(AT_FDCWD, `${path}/config.json`, exactJson(config), 0o600);
		},
		{ stage: "state", object: path, hint: "name a directory that you may write to with --root" },
	);
	return path;
}

function makeFolder(path: string): void {
	try {
		sys.mkdirat(AT_FDCWD, path, 0o755);
	} catch (error) {
		if (!hasCode(error, "EEXIST")) throw error;
	}
}
