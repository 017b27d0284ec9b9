/** config-linux.md#control-groups: what holds for `linux.resources` and for the input of update alike. */
import { describe, memberPath } from "../issue.js";
import type { LinuxResources } from "../types.js";
import type { Report, Rule } from "./rule.js";

function deviceAccessIsKnown({ devices }: LinuxResources, report: Report): void {
	devices?.forEach(({ access }, index) => {
		if (access && !/^[rwm]+$/.test(access))
			report("AL-05", `.devices[${index}].access`, `expected a combination of r, w and m; found ${describe(access)}`);
	});
}

function swappinessIsAPercentage({ memory }: LinuxResources, report: Report): void {
	if (memory?.swappiness !== undefined && memory.swappiness > 100)
		report("ME-07", ".memory.swappiness", `expected an integer from 0 to 100; found ${memory.swappiness}`);
}

/** Swap is counted together with memory; zero and below set no limit. */
function swapIncludesMemory({ memory }: LinuxResources, report: Report): void {
	const { limit = 0, swap = 0 } = memory ?? {};
	if (limit > 0 && swap > 0 && swap < limit)
		report("ME-04", ".memory.swap", `memory+swap limit should be >= memory limit: ${swap} < ${limit}`);
}

function burstFitsQuota({ cpu }: LinuxResources, report: Report): void {
	const { quota = 0, burst = 0 } = cpu ?? {};
	if (quota > 0 && burst > quota) report("CU-05", ".cpu.burst", `${burst} is above the quota ${quota}`);
}

function idleIsASwitch({ cpu }: LinuxResources, report: Report): void {
	if (cpu?.idle !== undefined && (cpu.idle < 0 || cpu.idle > 1))
		report("CU-11", ".cpu.idle", `expected 0 or 1; found ${cpu.idle}`);
}

function weightDevicesHaveWeights({ blockIO }: LinuxResources, report: Report): void {
	blockIO?.weightDevice?.forEach(({ weight, leafWeight }, index) => {
		if (weight === undefined && leafWeight === undefined)
			report("BI-04", `.blockIO.weightDevice[${index}]`, "expected at least one of weight and leafWeight");
	});
}

function pageSizesAreSizes({ hugepageLimits }: LinuxResources, report: Report): void {
	hugepageLimits?.forEach(({ pageSize }, index) => {
		if (!/^[1-9]\d*[KMG]B$/.test(pageSize))
			report(
				"HP-03",
				`.hugepageLimits[${index}].pageSize`,
				`expected a size such as "2MB"; found ${describe(pageSize)}`,
			);
	});
}

function rdmaLimitsAreLimits({ rdma }: LinuxResources, report: Report): void {
	for (const name in rdma)
		if (rdma[name]?.hcaHandles === undefined && rdma[name]?.hcaObjects === undefined)
			report("HP-10", `.rdma${memberPath(name)}`, "expected at least one of hcaHandles and hcaObjects");
}

/** The name of a file in the container's cgroup; a path could lead to another one. */
function unifiedNamesFiles({ unified }: LinuxResources, report: Report): void {
	for (const name in unified)
		if (name.includes("/") || name === "" || name === "." || name === "..")
			report(
				"UN-01",
				`.unified${memberPath(name)}`,
				`unified resource ${describe(name)} must be a file name (no slashes)`,
			);
}

export const resourceRules: readonly Rule<LinuxResources>[] = [
	deviceAccessIsKnown,
	swappinessIsAPercentage,
	swapIncludesMemory,
	burstFitsQuota,
	idleIsASwitch,
	weightDevicesHaveWeights,
	pageSizesAreSizes,
	rdmaLimitsAreLimits,
	unifiedNamesFiles,
];
