/** config.md#process: what holds for the container's init and for a process of exec alike. */
import { capabilityNames } from "../capability-names.js";
import { describe } from "../issue.js";
import type { Capabilities, Process } from "../types.js";
import { isNumberList } from "./lists.js";
import type { Report, Rule } from "./rule.js";

function cwdIsAbsolute({ cwd }: Process, report: Report): void {
	if (cwd === "") report("PR-05", ".cwd", "Cwd property must not be empty");
	else if (!cwd.startsWith("/")) report("PR-06", ".cwd", `Cwd must be an absolute path; found ${describe(cwd)}`);
}

function argsAreThere({ args }: Process, report: Report): void {
	if (!args?.length) report("PR-09", ".args", "args must not be empty");
}

function environmentHasNames({ env }: Process, report: Report): void {
	env?.forEach((variable, index) => {
		const name = variable.indexOf("=");
		if (name > 0) return;
		const wrong = name === 0 ? "name cannot be empty" : "missing '='";
		report("PR-07", `.env[${index}]`, `invalid environment variable: ${wrong}; found ${describe(variable)}`);
	});
}

/** -1 tells the kernel's calls to leave the id as it is: root's. */
function idsAreIds({ user }: Process, report: Report): void {
	const refuse = (path: string, id: number | undefined) => {
		if (id === 0xffff_ffff) report("PU-01", `.user.${path}`, `${id} stands for "no id" and cannot be one`);
	};
	refuse("uid", user?.uid);
	refuse("gid", user?.gid);
	user?.additionalGids?.forEach((gid, index) => {
		refuse(`additionalGids[${index}]`, gid);
	});
}

function rlimitsAreUnique({ rlimits }: Process, report: Report): void {
	rlimits?.forEach(({ type }, index) => {
		const first = rlimits.findIndex((limit) => limit.type === type);
		if (first < index) report("PX-07", `.rlimits[${index}].type`, `${type} is set already by rlimits[${first}]`);
	});
}

function softLimitsStayBelowHard({ rlimits }: Process, report: Report): void {
	rlimits?.forEach(({ type, soft, hard }, index) => {
		if (soft > hard) report("PX-05", `.rlimits[${index}].soft`, `${type}: ${soft} is above the hard limit ${hard}`);
	});
}

const capabilitySets: readonly (keyof Capabilities)[] = [
	"bounding",
	"effective",
	"inheritable",
	"permitted",
	"ambient",
];

function capabilitiesAreKnown({ capabilities }: Process, report: Report): void {
	for (const set of capabilitySets)
		capabilities?.[set]?.forEach((name, index) => {
			if (!capabilityNames.includes(name))
				report("PL-08", `.capabilities.${set}[${index}]`, `unknown capability ${describe(name)} is ignored`, "warning");
		});
}

function oomScoreIsInRange({ oomScoreAdj }: Process, report: Report): void {
	if (oomScoreAdj !== undefined && (oomScoreAdj < -1000 || oomScoreAdj > 1000))
		report("PL-11", ".oomScoreAdj", `expected an integer from -1000 to 1000; found ${oomScoreAdj}`);
}

/** The kernel refuses some of these, and takes a number that its policy has no use for without a word. */
function schedulerFitsItsPolicy({ scheduler }: Process, report: Report): void {
	if (scheduler === undefined) return;
	const { policy, nice = 0, priority = 0, runtime = 0, deadline = 0, period = 0 } = scheduler;
	if (nice < -20 || nice > 19)
		report("PL-15", ".scheduler.nice", `invalid scheduler.nice: expected an integer from -20 to 19; found ${nice}`);
	if (priority !== 0 && policy !== "SCHED_FIFO" && policy !== "SCHED_RR")
		report("PL-16", ".scheduler.priority", `is for SCHED_FIFO and SCHED_RR only; the policy is ${policy}`);
	if (policy !== "SCHED_DEADLINE" && (runtime > 0 || deadline > 0 || period > 0))
		report("PL-18", ".scheduler", `runtime, deadline and period are for SCHED_DEADLINE only; the policy is ${policy}`);
}

function affinitiesAreLists({ execCPUAffinity }: Process, report: Report): void {
	const expectCpus = (requirement: string, member: string, list: string | undefined) => {
		if (list && !isNumberList(list))
			report(requirement, `.execCPUAffinity.${member}`, `expected CPUs such as "0-3,7"; found ${describe(list)}`);
	};
	expectCpus("PL-24", "initial", execCPUAffinity?.initial);
	expectCpus("PL-25", "final", execCPUAffinity?.final);
}

export const processRules: readonly Rule<Process>[] = [
	cwdIsAbsolute,
	argsAreThere,
	environmentHasNames,
	idsAreIds,
	rlimitsAreUnique,
	softLimitsStayBelowHard,
	capabilitiesAreKnown,
	oomScoreIsInRange,
	schedulerFitsItsPolicy,
	affinitiesAreLists,
];
