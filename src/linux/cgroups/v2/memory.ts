/** `resources.memory` on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "Memory"). */
import type { MemoryResources } from "../../../spec/types.js";
import { TsrunError } from "../../../sys/errors.js";
import { isSet, maxOr } from "../numbers.js";
import type { Write } from "../writes.js";
import { refuseOnV2 } from "./refuse.js";

/**
 * -1 is unlimited, 0 unset. `kernel` is left out: kernels ignore it.
 * @throws config-unsupported for what v2 lacks, config-invalid for a swap that no limit fits to.
 */
export function memoryWrites(memory: MemoryResources): readonly Write[] {
	refuseWhatOnlyV1Has(memory);
	const swap = swapMax(memory);
	return [
		...(swap === null ? [] : [swapWrite(swap)]),
		...(isSet(memory.limit) ? [{ file: "memory.max", value: maxOr(memory.limit) }] : []),
		...(isSet(memory.reservation) ? [{ file: "memory.low", value: maxOr(memory.reservation) }] : []),
	];
}

/** Where swap is not counted there is none to take away and none to limit. */
function swapWrite(value: string): Write {
	const file = "memory.swap.max";
	return value === "max" || value === "0" ? { file, value, otherwise: "nothing" } : { file, value };
}

/** The specification's `swap` is memory plus swap; v2 counts swap alone. null leaves it as it is. */
export function swapMax({ limit = 0, swap = 0 }: MemoryResources): string | null {
	if (swap === 0) return limit === -1 ? "max" : null;
	if (swap < 0) return "max";
	if (limit === -1) return `${swap}`;
	if (limit === 0) throw invalidSwap("unable to set swap limit without memory limit");
	if (limit < 0) throw invalidSwap(`invalid memory value: ${limit}`);
	if (swap < limit) throw invalidSwap("memory+swap limit should be >= memory limit");
	return `${BigInt(swap) - BigInt(limit)}`;
}

function invalidSwap(message: string): TsrunError {
	return new TsrunError("config-invalid", message, {
		jsonPath: "$.linux.resources.memory.swap",
		hint: "memory.swap is memory plus swap, in bytes; -1 is unlimited",
	});
}

/**
 * `checkBeforeUpdate`: v2 would kill where v1 says no. Usage in bytes, as memory.current and memory.swap.current say.
 * @throws cgroup-failed when a new limit is below what is in use.
 */
export function refuseBelowUsage({ limit, swap }: MemoryResources, usage: bigint, swapUsage: bigint): void {
	if (isSet(limit) && limit > 0 && limit < usage) {
		throw new TsrunError("cgroup-failed", `rejecting memory limit ${limit} < usage ${usage}`, { stage: "cgroup" });
	}
	const both = usage + swapUsage;
	if (isSet(swap) && swap > 0 && swap < both) {
		throw new TsrunError("cgroup-failed", `rejecting memory+swap limit ${swap} < usage ${both}`, { stage: "cgroup" });
	}
}

function refuseWhatOnlyV1Has(memory: MemoryResources): void {
	if (memory.swappiness !== undefined) refuseOnV2("memory.swappiness", "leave it out: v2 has the system's alone");
	if (memory.disableOOMKiller) refuseOnV2("memory.disableOOMKiller", "leave it out, or set unified memory.high");
	if (isSet(memory.kernelTCP)) refuseOnV2("memory.kernelTCP", "leave it out: memory.limit counts TCP buffers too");
}
