/** Where the source of QuickJS comes from: Debian's source package, or the tree that `QUICKJS_DIR` names. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { debianSource } from "../../scripts/debian-source.mjs";

export const quickJs = {
	name: "quickjs",
	version: "2025.04.26-1",
	sha256: "ec81da5b3249ed648dbc7df4a1654988910e66a118d9b71cb63534216efcfbbe",
};

/** The source folder. @param {string} buildDirectory where it is kept */
export function fetchQuickJs(buildDirectory) {
	const given = process.env.QUICKJS_DIR;
	if (!given) return debianSource(quickJs, join(buildDirectory, "quickjs"));
	if (existsSync(join(given, "quickjs.h"))) return given;
	throw new Error(`QUICKJS_DIR="${given}" holds no quickjs.h: name a QuickJS source tree`);
}
