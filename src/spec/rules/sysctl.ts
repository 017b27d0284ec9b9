/** config-linux.md#sysctl: only what belongs to a namespace of the container may be set, or the host would change. */
import { memberPath } from "../issue.js";
import { sysctlSteps } from "../sysctl-name.js";
import type { Config, NamespaceType } from "../types.js";
import { hasNamespace } from "./namespaces.js";
import type { Report } from "./rule.js";

export function sysctlsAreTheContainers(config: Config, report: Report): void {
	for (const name in config.linux?.sysctl) {
		const wrong = objection(config, name);
		if (wrong !== undefined)
			report("MP-06", `.linux.sysctl${memberPath(name)}`, `sysctl ${JSON.stringify(name)} ${wrong}`);
	}
}

function objection(config: Config, name: string): string | undefined {
	const steps = sysctlSteps(name);
	// "net.//.kernel.core_pattern" would leave the directory that was looked at
	if (steps.some((step) => step === "" || step === "." || step === "..")) return "is not a path below /proc/sys";
	const type = namespaceOf(steps);
	if (type === undefined) return "is not in a separate kernel namespace";
	if (!hasNamespace(config, type)) return `is not allowed in the host's ${type} namespace`;
	if (type === "uts" && config[steps[1] as "hostname" | "domainname"])
		return `is not allowed as it conflicts with the OCI "${steps[1]}" field`;
	return undefined;
}

const ofIpc = ["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"];

/** ipc_namespaces(7), network_namespaces(7), user_namespaces(7), uts_namespaces(7). */
function namespaceOf([first, second = ""]: readonly string[]): NamespaceType | undefined {
	if (first === "net") return "network";
	if (first === "user") return "user";
	if (first === "fs" && second === "mqueue") return "ipc";
	if (first !== "kernel") return undefined;
	if (second === "hostname" || second === "domainname") return "uts";
	return ofIpc.includes(second) ? "ipc" : undefined;
}
