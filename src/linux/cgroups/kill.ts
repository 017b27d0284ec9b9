/** Signals for every process of a cgroup, of which none must escape by forking. */
import { SIGKILL } from "../../sys/constants.js";
import { isSysError, TsrunError } from "../../sys/errors.js";
import { writeControl } from "./control-files.js";
import type { CgroupRecord } from "./driver.js";
import { freezeCgroup, isCgroupFrozen, thawCgroup } from "./freeze.js";
import { processesBelow, signalMembers } from "./members.js";

/** Rounds of listing and killing where the cgroup cannot be frozen. */
const mostRounds = 32;

/**
 * On v2 the kernel kills by itself. Elsewhere the cgroup is frozen, signalled and thawed; a paused one stays paused
 * unless it is killed, which on v1 takes a thaw. Without a freezer, killing is repeated until nobody new appears.
 * @param directory the hierarchy where the processes are looked up
 */
export function killCgroup(record: CgroupRecord, directory: string, signal: number): void {
	if (record.version === 2 && signal === SIGKILL && killByKernel(directory)) return;
	const pids = processesBelow(directory);
	if (pids.length === 0) return;
	const paused = isCgroupFrozen(record);
	if (paused || tryFreeze(record)) {
		try {
			signalMembers(directory, processesBelow(directory), signal);
		} finally {
			if (!paused || signal === SIGKILL) thawCgroup(record);
		}
	} else if (signal === SIGKILL) killInRounds(directory, pids);
	else signalMembers(directory, pids, signal);
}

/** cgroup.kill, since Linux 5.14. */
function killByKernel(directory: string): boolean {
	try {
		writeControl(directory, "cgroup.kill", "1");
		return true;
	} catch (error) {
		if (isSysError(error)) return false;
		throw error;
	}
}

function tryFreeze(record: CgroupRecord): boolean {
	try {
		freezeCgroup(record);
		return true;
	} catch (error) {
		if (error instanceof TsrunError) return false;
		throw error;
	}
}

function killInRounds(directory: string, first: readonly number[]): void {
	const killed = new Set<number>();
	let fresh = first;
	for (let round = 0; round < mostRounds && fresh.length > 0; round++) {
		signalMembers(directory, fresh, SIGKILL);
		for (const pid of fresh) killed.add(pid);
		fresh = processesBelow(directory).filter((pid) => !killed.has(pid));
	}
}
