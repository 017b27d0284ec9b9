/** The bundles to measure with: `spec`'s configuration and Docker's, each with /bin/true and with a container that stays. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeBusyboxRootfs } from "../scripts/bundles.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** `spec` is what `runc spec` prints, without a terminal and without ambient capabilities, which runc 1.1 can't raise. */
const configOf = (name) => JSON.parse(readFileSync(join(here, `${name}-default.json`), "utf8"));

function makeBundle(folder, config, args) {
	mkdirSync(folder, { recursive: true });
	makeBusyboxRootfs(join(folder, "rootfs"));
	writeFileSync(join(folder, "config.json"), JSON.stringify({ ...config, process: { ...config.process, args } }));
	return folder;
}

/**
 * @returns by configuration: the bundle that ends at once, the one that stays, and the floor's arguments for it
 */
export function makeBundles(folder, { filter }) {
	const floor = { spec: [], docker: ["--docker", "--filter", filter] };
	const made = Object.keys(floor).map((name) => {
		const config = configOf(name);
		const short = makeBundle(join(folder, name, "short"), config, ["/bin/true"]);
		const long = makeBundle(join(folder, name, "long"), config, ["/bin/sleep", "86400"]);
		return [name, { short, long, floor: floor[name] }];
	});
	return Object.fromEntries(made);
}
