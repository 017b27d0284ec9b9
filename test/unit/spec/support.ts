/** Small legal documents to break, and what is found in them. */
import type { Issue } from "../../../src/spec/issue.js";
import { loadConfig } from "../../../src/spec/load.js";
import { loadProcess } from "../../../src/spec/load-process.js";
import { loadResources } from "../../../src/spec/load-resources.js";
import { TsrunError } from "../../../src/sys/errors.js";

export type Members = Record<string, unknown>;

export const everyNamespace = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"].map((type) => ({
	type,
}));
const mappings = [{ containerID: 0, hostID: 1000, size: 1 }];

/** A legal configuration with these members in place of its own. */
export function configWith(members: Members): Members {
	return { ociVersion: "1.3.0", root: { path: "rootfs" }, process: { cwd: "/", args: ["sh"] }, ...members };
}

/** The same with a namespace of each type and these members of `linux`. */
export function configWithLinux(linux: Members): Members {
	return configWith({ linux: { namespaces: everyNamespace, uidMappings: mappings, gidMappings: mappings, ...linux } });
}

/** Every issue of a configuration. */
export function issuesOfConfig(config: unknown): readonly Issue[] {
	return issuesOf(() => loadConfig(JSON.stringify(config)).warnings);
}

/** Every issue of a legal process.json with these members in place of its own. */
export function issuesOfProcess(members: Members): readonly Issue[] {
	return issuesOf(() => loadProcess(JSON.stringify({ cwd: "/", args: ["sh"], ...members })).warnings);
}

/** Every issue of what is given to update. */
export function issuesOfResources(resources: unknown): readonly Issue[] {
	return issuesOf(() => loadResources(JSON.stringify(resources)).warnings);
}

/** "NS-15 $.linux.namespaces[1].type", as rules are named in the tests. */
export function named(issues: readonly Issue[]): readonly string[] {
	return issues.map(({ rule, path }) => `${rule} ${path}`);
}

/** The error that a step throws. */
export function thrownBy(step: () => unknown): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

function issuesOf(load: () => readonly Issue[]): readonly Issue[] {
	try {
		return load();
	} catch (error) {
		if (!(error instanceof TsrunError && error.id === "config-invalid")) throw error;
		return error.details.cause as readonly Issue[];
	}
}
