/** `linux.resources` as lists of values for control files, controller by controller, in either version. */
import type { LinuxResources } from "../../spec/types.js";
import { cpusetWrites } from "./cpuset.js";
import { pidsWrites } from "./pids.js";
import { rdmaWrites } from "./rdma.js";
import { blkioWrites } from "./v1/blkio.js";
import { cpuWrites as cpuWritesV1 } from "./v1/cpu.js";
import { hugetlbWrites as hugetlbWritesV1 } from "./v1/hugetlb.js";
import { memoryWrites as memoryWritesV1 } from "./v1/memory.js";
import { netClsWrites, netPrioWrites } from "./v1/network.js";
import { cpuWrites as cpuWritesV2 } from "./v2/cpu.js";
import { hugetlbWrites as hugetlbWritesV2 } from "./v2/hugetlb.js";
import { ioWrites } from "./v2/io.js";
import { memoryWrites as memoryWritesV2 } from "./v2/memory.js";
import { networkWrites } from "./v2/network.js";
import type { Write } from "./writes.js";

export interface ControllerWrites {
	/** v1's name: "blkio" is v2's io. */
	readonly controller: string;
	readonly version: 1 | 2;
	readonly writes: readonly Write[];
}

/**
 * Everything but `devices`, which is no list of values on v2, and `unified`, which comes last.
 * @param versionOf the hierarchy that a controller is in; on a hybrid machine that differs.
 * @throws config-invalid, config-unsupported
 */
export function resourceWrites(
	resources: LinuxResources,
	versionOf: (controller: string) => 1 | 2,
): readonly ControllerWrites[] {
	const all: ControllerWrites[] = [];
	function add<T>(controller: string, part: T | undefined, v1: ListWrites<T>, v2: ListWrites<T>): void {
		if (part === undefined) return;
		const version = versionOf(controller);
		const writes = version === 1 ? v1(part) : v2(part);
		if (writes.length > 0) all.push({ controller, version, writes });
	}
	add("pids", resources.pids, pidsWrites, pidsWrites);
	add("memory", resources.memory, memoryWritesV1, memoryWritesV2);
	add("blkio", resources.blockIO, blkioWrites, ioWrites);
	add("cpu", resources.cpu, cpuWritesV1, cpuWritesV2);
	add("cpuset", resources.cpu, cpusetWrites, cpusetWrites);
	add("hugetlb", resources.hugepageLimits, hugetlbWritesV1, hugetlbWritesV2);
	add("net_cls", resources.network, netClsWrites, networkWrites);
	add("net_prio", resources.network, netPrioWrites, networkWrites);
	add("rdma", resources.rdma, rdmaWrites, rdmaWrites);
	return all;
}

type ListWrites<T> = (part: T) => readonly Write[];

/** Whether anything is asked that takes a cgroup; device rules do not count, as a user cannot make devices anyway. */
export function needsCgroup(resources: LinuxResources | undefined): boolean {
	if (resources === undefined) return false;
	return Object.keys(resources.unified ?? {}).length > 0 || resourceWrites(resources, () => 1).length > 0;
}
