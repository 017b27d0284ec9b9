/**
 * How the kernel schedules a container's process: CPU policy, I/O priority, CPU affinity, memory policy, and its
 * personality (sched(7), ioprio_set(2), set_mempolicy(2), personality(2)).
 */
import type {
	IoPriority,
	IoPriorityClass,
	MemoryPolicy,
	MemoryPolicyFlag,
	MemoryPolicyMode,
	Personality,
	PersonalityDomain,
	Scheduler,
	SchedulerFlag,
	SchedulerPolicy,
} from "../spec/types.js";
import {
	IOPRIO_CLASS_BE,
	IOPRIO_CLASS_IDLE,
	IOPRIO_CLASS_RT,
	IOPRIO_CLASS_SHIFT,
	IOPRIO_WHO_PGRP,
	MPOL_BIND,
	MPOL_DEFAULT,
	MPOL_F_NUMA_BALANCING,
	MPOL_F_RELATIVE_NODES,
	MPOL_F_STATIC_NODES,
	MPOL_INTERLEAVE,
	MPOL_LOCAL,
	MPOL_PREFERRED,
	MPOL_PREFERRED_MANY,
	MPOL_WEIGHTED_INTERLEAVE,
	PER_LINUX,
	PER_LINUX32,
	SCHED_BATCH,
	SCHED_DEADLINE,
	SCHED_FIFO,
	SCHED_FLAG_DL_OVERRUN,
	SCHED_FLAG_KEEP_PARAMS,
	SCHED_FLAG_KEEP_POLICY,
	SCHED_FLAG_RECLAIM,
	SCHED_FLAG_RESET_ON_FORK,
	SCHED_FLAG_UTIL_CLAMP_MAX,
	SCHED_FLAG_UTIL_CLAMP_MIN,
	SCHED_IDLE,
	SCHED_ISO,
	SCHED_OTHER,
	SCHED_RR,
} from "../sys/constants.js";
import type { SchedAttr } from "../sys/door.js";
import { attempt, failure, hasCode, isSysError, TsrunError } from "../sys/errors.js";
import { sys } from "../sys/index.js";

const stage = "scheduling";

const policies: Readonly<Record<SchedulerPolicy, number>> = {
	SCHED_OTHER,
	SCHED_FIFO,
	SCHED_RR,
	SCHED_BATCH,
	SCHED_ISO,
	SCHED_IDLE,
	SCHED_DEADLINE,
};
const schedulerFlags: Readonly<Record<SchedulerFlag, number>> = {
	SCHED_FLAG_RESET_ON_FORK,
	SCHED_FLAG_RECLAIM,
	SCHED_FLAG_DL_OVERRUN,
	SCHED_FLAG_KEEP_POLICY,
	SCHED_FLAG_KEEP_PARAMS,
	SCHED_FLAG_UTIL_CLAMP_MIN,
	SCHED_FLAG_UTIL_CLAMP_MAX,
};
const ioClasses: Readonly<Record<IoPriorityClass, number>> = { IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE };
const domains: Readonly<Record<PersonalityDomain, number>> = { LINUX: PER_LINUX, LINUX32: PER_LINUX32 };

const memoryPolicyModes: Readonly<Record<MemoryPolicyMode, number>> = {
	MPOL_DEFAULT,
	MPOL_BIND,
	MPOL_INTERLEAVE,
	MPOL_WEIGHTED_INTERLEAVE,
	MPOL_PREFERRED,
	MPOL_PREFERRED_MANY,
	MPOL_LOCAL,
};
const memoryPolicyFlags: Readonly<Record<MemoryPolicyFlag, number>> = {
	MPOL_F_NUMA_BALANCING,
	MPOL_F_RELATIVE_NODES,
	MPOL_F_STATIC_NODES,
};

/** `process.scheduler` as sched_setattr(2) takes it; absent numbers are 0. */
export function schedulerAttributes(scheduler: Scheduler): SchedAttr {
	return {
		policy: policies[scheduler.policy],
		flags: (scheduler.flags ?? []).reduce((sum, flag) => sum | schedulerFlags[flag], 0),
		nice: scheduler.nice ?? 0,
		priority: scheduler.priority ?? 0,
		runtime: scheduler.runtime ?? 0,
		deadline: scheduler.deadline ?? 0,
		period: scheduler.period ?? 0,
	};
}

/** Sets the calling process's CPU scheduling. */
export function applyScheduler(scheduler: Scheduler): void {
	const attributes = schedulerAttributes(scheduler);
	try {
		sys.sched_setattr(0, attributes);
	} catch (error) {
		const hint = schedulerHint(error, scheduler);
		throw failure("process-failed", `set scheduler ${scheduler.policy}`, error, {
			stage,
			object: scheduler.policy,
			...(hint ? { hint } : {}),
		});
	}
}

function schedulerHint(error: unknown, { policy }: Scheduler): string | undefined {
	if (hasCode(error, "EBUSY")) return "the deadline tasks of this machine leave too little CPU time for another one";
	if (hasCode(error, "EPERM") && policy === "SCHED_DEADLINE") {
		return "SCHED_DEADLINE needs CAP_SYS_NICE and cannot be used together with cpu.cpus: its process may run on every CPU";
	}
	if (hasCode(error, "EPERM")) {
		return "a real-time policy, a priority or a lower nice value needs CAP_SYS_NICE, and a real-time policy in a cgroup of version 1 a cpu.realtimeRuntime";
	}
	if (hasCode(error, "EINVAL") && policy === "SCHED_ISO")
		return "Linux reserves SCHED_ISO but has never implemented it";
	return undefined;
}

/** ioprio_set(2): the class in the upper bits, the level in the lower ones. */
export function ioPriorityValue(ioPriority: IoPriority): number {
	return (ioClasses[ioPriority.class] << IOPRIO_CLASS_SHIFT) | ioPriority.priority;
}

/** Sets the I/O priority of the calling process's whole process group. */
export function applyIoPriority(ioPriority: IoPriority): void {
	attempt(
		"process-failed",
		`set I/O priority ${ioPriority.class} ${ioPriority.priority}`,
		() => sys.ioprio_set(IOPRIO_WHO_PGRP, 0, ioPriorityValue(ioPriority)),
		{ stage, object: ioPriority.class },
	);
}

/** Sets the calling process's execution domain: under LINUX32 uname(2) tells of a 32-bit machine. */
export function applyPersonality(personality: Personality): void {
	attempt(
		"process-failed",
		`set personality ${personality.domain}`,
		() => sys.personality(domains[personality.domain]),
		{
			stage,
			object: personality.domain,
		},
	);
}

/** `linux.memoryPolicy` as set_mempolicy(2) takes it: the flags are part of the mode. */
export function memoryPolicyArguments(policy: MemoryPolicy): {
	readonly mode: number;
	readonly nodes: readonly number[];
} {
	const flags = (policy.flags ?? []).map((flag) => memoryPolicyFlags[flag]);
	return {
		mode: flags.reduce((sum, flag) => sum | flag, memoryPolicyModes[policy.mode]),
		nodes: parseNumberList(policy.nodes ?? ""),
	};
}

/** Sets the NUMA policy of the calling process. Only once it is in its cpuset, which limits the nodes. */
export function applyMemoryPolicy(policy: MemoryPolicy): void {
	const { mode, nodes } = memoryPolicyArguments(policy);
	attempt(
		"process-failed",
		`invalid memory policy ${policy.mode} with nodes ${JSON.stringify(policy.nodes ?? "")}`,
		() => sys.set_mempolicy(mode, nodes),
		{
			stage,
			object: policy.mode,
			hint: "MPOL_DEFAULT and MPOL_LOCAL take no nodes, the others take nodes that exist and are allowed by cpu.mems",
		},
	);
}

/** More CPUs or memory nodes than any kernel is built for. */
const highestNumber = 65_535;

/**
 * The numbers of a list of CPUs or memory nodes such as "0-3,7", in rising order; [] of an empty one.
 *
 * @throws TsrunError config-invalid when a number is beyond what any machine has
 */
export function parseNumberList(text: string): readonly number[] {
	const numbers = new Set<number>();
	for (const range of text.split(",")) {
		if (range.trim() === "") continue;
		const [first, last = first] = range.split("-").map(Number);
		if ((last as number) > highestNumber)
			throw new TsrunError("config-invalid", `${JSON.stringify(text)}: no machine has a CPU or node ${last}`, {
				object: text,
				hint: "name CPUs or memory nodes that this machine has, as in 0-3,7",
			});
		for (let number = first as number; number <= (last as number); number++) numbers.add(number);
	}
	return [...numbers].sort((a, b) => a - b);
}

/** Lets the calling process run on these CPUs only. */
export function applyCpuAffinity(list: string): void {
	attempt(
		"process-failed",
		`set CPU affinity ${JSON.stringify(list)}`,
		() => sys.sched_setaffinity(0, parseNumberList(list)),
		{
			stage,
			object: list,
			hint: "at least one of the CPUs must be online and allowed by the cgroup's cpuset",
		},
	);
}

/**
 * Lets the calling process run on every CPU that its cpuset has: an affinity that the runtime's caller had by chance
 * would stay with the container for good. Best effort, as in a cpuset without a CPU nothing can be set.
 */
export function allowEveryCpu(): void {
	try {
		sys.sched_setaffinity(0, null);
	} catch (error) {
		if (!isSysError(error)) throw error;
	}
}
