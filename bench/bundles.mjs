/** The bundles to measure with: `spec`'s configuration and Docker's, each with /bin/true and with a container that stays. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeBusyboxRootfs } from "../scripts/bundles.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** What `runc spec` prints; a runtime's own `spec` would do as well, but all have to get the same. */
function specConfig(folder) {
	execFileSync("runc", ["spec", "--bundle", folder]);
	const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8"));
	config.ociVersion = "1.0.2";
	config.process.terminal = false;
	return config;
}

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
	const docker = JSON.parse(readFileSync(join(here, "docker-default.json"), "utf8"));
	const configs = {
		spec: { config: specConfig(folder), floor: [] },
		docker: { config: docker, floor: ["--docker", "--filter", filter] },
	};
	const made = Object.entries(configs).map(([name, { config, floor }]) => {
		const short = makeBundle(join(folder, name, "short"), config, ["/bin/true"]);
		const long = makeBundle(join(folder, name, "long"), config, ["/bin/sleep", "86400"]);
		return [name, { short, long, floor }];
	});
	return Object.fromEntries(made);
}
