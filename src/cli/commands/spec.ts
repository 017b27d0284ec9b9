/** `spec`: a configuration to begin with. */
import { detectCgroups } from "../../linux/cgroups/detect.js";
import { exampleConfig } from "../../spec/example.js";
import { AT_FDCWD, O_CLOEXEC, O_CREAT, O_EXCL, O_WRONLY } from "../../sys/constants.js";
import { attempt, hasCode, TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { checkBundle } from "../check-bundle.js";
import { formatJson, writeText } from "../output.js";
import { usageError } from "../usage-error.js";
import type { Verb } from "../verb.js";

interface Values {
	readonly bundle?: string;
	readonly rootless?: boolean;
	readonly check?: boolean;
	readonly json?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options]\n       tsrun spec --check [--json] [bundle]",
	description: `Writes config.json for a new bundle: a shell on a terminal, isolated from the
host, on the root filesystem in the directory "rootfs" beside it. Change what
is different in yours; the root filesystem is up to you.

EXAMPLE:
   mkdir -p bundle/rootfs && cd bundle
   tar -C rootfs -xf /path/to/rootfs.tar
   tsrun spec
   tsrun run my-container

With --check it writes nothing, and tells all that is wrong with a bundle:
the requirement of the specification (docs/conformance.md lists them), the
place, and the chapter. Errors keep a container from being made; warnings do
not. The exit status is 1 when there is an error.`,
	flags: [
		{ name: "bundle", short: "b", value: "dir", help: 'directory to write to, or to check (default: ".")' },
		{ name: "check", help: "check the bundle's config.json" },
		{ name: "json", help: "with --check: as JSON" },
		{ name: "rootless", help: "make it fit for a user without privileges" },
	],
	operands: { least: 0, most: 1 },
	run(_host, [operand], { bundle, rootless, check, json }) {
		if (check) return checkBundle(operand ?? bundle ?? ".", json ?? false);
		if (operand !== undefined || json) {
			throw usageError("a bundle as an argument and --json go with --check", operand ?? "--json");
		}
		const config = exampleConfig({
			rootless: rootless ?? false,
			cgroupNamespace: detectCgroups(false).version === 2,
			uid: sys.geteuid(),
			gid: sys.getegid(),
		});
		writeNewFile(bundle ? `${bundle}/config.json` : "config.json", formatJson(config, "\t"));
		return 0;
	},
};

function writeNewFile(path: string, text: string): void {
	withFd(createFile(path), (fd) =>
		attempt("file-failed", `write ${path}`, () => writeText(fd, text), { object: path }),
	);
}

function createFile(path: string): number {
	try {
		return attempt("file-failed", `open ${path}`, () => openNew(path), { object: path });
	} catch (error) {
		if (!(error instanceof TsrunError && hasCode(error.details.cause, "EEXIST"))) throw error;
		throw new TsrunError("file-failed", `File config.json exists. Remove it first`, { errno: "EEXIST", object: path });
	}
}

function openNew(path: string): number {
	return sys.openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666);
}
