/** Resource limits (getrlimit(2), config.md#posix-process). */
import type { Rlimit, RlimitType } from "../spec/types.js";
import {
	RLIM_INFINITY,
	RLIMIT_AS,
	RLIMIT_CORE,
	RLIMIT_CPU,
	RLIMIT_DATA,
	RLIMIT_FSIZE,
	RLIMIT_LOCKS,
	RLIMIT_MEMLOCK,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_NOFILE,
	RLIMIT_NPROC,
	RLIMIT_RSS,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
	RLIMIT_SIGPENDING,
	RLIMIT_STACK,
} from "../sys/constants.js";
import { failure, hasCode } from "../sys/errors.js";
import { sys } from "../sys/index.js";

export const limitNumbers: Readonly<Record<RlimitType, number>> = {
	RLIMIT_AS,
	RLIMIT_CORE,
	RLIMIT_CPU,
	RLIMIT_DATA,
	RLIMIT_FSIZE,
	RLIMIT_LOCKS,
	RLIMIT_MEMLOCK,
	RLIMIT_MSGQUEUE,
	RLIMIT_NICE,
	RLIMIT_NOFILE,
	RLIMIT_NPROC,
	RLIMIT_RSS,
	RLIMIT_RTPRIO,
	RLIMIT_RTTIME,
	RLIMIT_SIGPENDING,
	RLIMIT_STACK,
};

/** Sets the limits of the calling process. */
export function applyRlimits(rlimits: readonly Rlimit[]): void {
	for (const { type, soft, hard } of rlimits) setLimit(type, BigInt(soft), BigInt(hard));
}

/** Whether setting it takes CAP_SYS_RESOURCE. */
export function raisesHardLimit({ type, hard }: Rlimit): boolean {
	return BigInt(hard) > sys.getrlimit(limitNumbers[type]).hard;
}

function setLimit(type: RlimitType, soft: bigint, hard: bigint): void {
	const resource = limitNumbers[type];
	try {
		sys.setrlimit(resource, soft, hard);
	} catch (error) {
		const hint = hintFor(error, resource, hard);
		throw failure("process-failed", `setrlimit ${type} (soft ${limitText(soft)}, hard ${limitText(hard)})`, error, {
			stage: "rlimits",
			object: type,
			...(hint ? { hint } : {}),
		});
	}
}

function hintFor(error: unknown, resource: number, hard: bigint): string | undefined {
	if (!hasCode(error, "EPERM")) return undefined;
	const now = sys.getrlimit(resource);
	if (hard > now.hard) return `raising the hard limit above ${limitText(now.hard)} needs CAP_SYS_RESOURCE`;
	return resource === RLIMIT_NOFILE ? "the limit may not exceed /proc/sys/fs/nr_open" : undefined;
}

function limitText(value: bigint): string {
	return value === RLIM_INFINITY ? "unlimited" : String(value);
}
