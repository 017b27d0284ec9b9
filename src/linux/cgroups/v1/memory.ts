/** `resources.memory` on cgroup v1 (Documentation/admin-guide/cgroup-v1/memory.rst). */
import type { MemoryResources } from "../../../spec/types.js";
import { TsrunError } from "../../../sys/errors.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";

/** -1 as old engines pass it in an unsigned field: unset. */
const minusOneUnsigned = 2n ** 64n - 1n;

/**
 * Bytes as decimal numbers, -1 for unlimited, 0 unset. The limit comes before memory+swap, which is right for a new
 * cgroup and when lowering; raising settles in the second round. `kernel` is left out: kernels ignore it.
 * @throws config-invalid for a swappiness over 100.
 */
export function memoryWrites(memory: MemoryResources): readonly Write[] {
	return [
		...bytes("memory.limit_in_bytes", memory.limit),
		...memoryAndSwap(memory),
		...bytes("memory.soft_limit_in_bytes", memory.reservation),
		...bytes("memory.kmem.tcp.limit_in_bytes", memory.kernelTCP),
		...swappiness(memory),
		...(memory.disableOOMKiller ? [{ file: "memory.oom_control", value: "1" }] : []),
		...(memory.useHierarchy ? [{ file: "memory.use_hierarchy", value: "1" }] : []),
	];
}

function bytes(file: string, value: MemoryResources["limit"]): readonly Write[] {
	return isSet(value) ? [{ file, value: `${value}` }] : [];
}

function memoryAndSwap({ limit, swap }: MemoryResources): readonly Write[] {
	const file = "memory.memsw.limit_in_bytes";
	if (isSet(swap)) return [{ file, value: `${swap}` }];
	// without a limit there is none on memory+swap either, as far as the kernel counts swap at all
	return limit === -1 ? [{ file, value: "-1", otherwise: "nothing" }] : [];
}

function swappiness({ swappiness: value }: MemoryResources): readonly Write[] {
	if (value === undefined || value === minusOneUnsigned) return [];
	if (value <= 100) return [{ file: "memory.swappiness", value: `${value}` }];
	throw new TsrunError("config-invalid", `invalid memory swappiness value: ${value} (valid range is 0-100)`, {
		jsonPath: "$.linux.resources.memory.swappiness",
	});
}
