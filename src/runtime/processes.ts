/** The processes of a container for `ps`: by its cgroup, so that exec'd ones count too. */
import { openCgroup } from "../linux/cgroups/driver.js";
import { TsrunError } from "../sys/errors.js";
import type { Host } from "./host.js";
import { exitStatus } from "./process/child.js";
import { findInPath, runHelper } from "./process/helper.js";
import { completeContainer } from "./status.js";

/** Pids in the caller's pid namespace, ascending; none when the container has stopped. */
export function containerProcesses(host: Host, id: string): number[] {
	const { record, status } = completeContainer(host, id);
	if (record.cgroup !== null) return openCgroup(record.cgroup).processes();
	return status === "stopped" ? [] : [record.pid];
}

/** What ps(1) prints with these arguments. */
export function runPs(args: readonly string[]): string {
	const path = findInPath("ps");
	if (path === null) {
		throw new TsrunError("file-failed", "ps is not in $PATH", {
			object: "ps",
			hint: "install procps, or use --format json",
		});
	}
	const { status, output } = runHelper(path, ["ps", ...args]);
	if (exitStatus(status) !== 0) {
		throw new TsrunError("usage", `ps ${args.join(" ")}: ${output.trim()}`, { object: "ps" });
	}
	return output;
}
