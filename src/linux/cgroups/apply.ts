/** Setting a cgroup's resources: each controller in the hierarchy that has it, `unified` last. */
import type { DeviceRule, LinuxResources, MemoryResources } from "../../spec/types.js";
import { failure, hasCode, TsrunError } from "../../sys/errors.js";
import { readValueIfPresent } from "./control-files.js";
import type { CgroupRecord } from "./driver.js";
import { resourceWrites } from "./resources.js";
import { isUnprivileged } from "./user-namespace.js";
import { deviceWrites } from "./v1/devices.js";
import { attachDeviceProgram } from "./v2/attach-devices.js";
import { enableControllers } from "./v2/controllers.js";
import { deviceProgram } from "./v2/devices-ebpf.js";
import { refuseBelowUsage } from "./v2/memory.js";
import { unifiedControllers, writeUnified } from "./v2/unified.js";
import { writeInOrder, writeUntilSettled } from "./writes.js";

/** v1 if the controller is mounted there, or if there is nothing else. */
export function versionOf(record: CgroupRecord, controller: string): 1 | 2 {
	return record.paths[controller] !== undefined || record.paths[""] === undefined ? 1 : 2;
}

/** The cgroup's directory in the hierarchy of a controller; undefined when none is mounted that could have it. */
export function directoryOf(record: CgroupRecord, controller: string): string | undefined {
	return record.paths[controller] ?? record.paths[""];
}

/** @param isNew a cgroup just made, which cannot hold device programs yet */
export function applyResources(record: CgroupRecord, resources: LinuxResources, isNew: boolean): void {
	const { memory, devices, unified } = resources;
	if (memory?.checkBeforeUpdate) checkUsage(record, memory);
	for (const { controller, version, writes } of resourceWrites(resources, (name) => versionOf(record, name))) {
		const directory = placeFor(record, controller);
		// pure v2 machines have it enabled by create
		if (version === 2 && record.version === 1) {
			enableControllers(record.unifiedMountPoint, directory, [controller === "blkio" ? "io" : controller]);
		}
		writeUntilSettled(directory, writes);
	}
	if (devices) applyDevices(record, devices, isNew);
	if (unified && Object.keys(unified).length > 0) applyUnified(record, unified);
}

function placeFor(record: CgroupRecord, controller: string): string {
	const directory = directoryOf(record, controller);
	if (directory !== undefined) return directory;
	const hint = isUnprivileged()
		? `have the controller ${controller} delegated, or leave the limit out`
		: `mount -t cgroup -o ${controller} cgroup /sys/fs/cgroup/${controller}, or leave the limit out`;
	throw new TsrunError("cgroup-failed", `cannot set ${controller} limit: container could not join or create cgroup`, {
		stage: "cgroup",
		object: controller,
		hint,
	});
}

/** v1 says no by itself. */
function checkUsage(record: CgroupRecord, memory: MemoryResources): void {
	const directory = record.paths[""];
	if (directory === undefined || versionOf(record, "memory") === 1) return;
	const bytes = (file: string) => BigInt(readValueIfPresent(directory, file) ?? 0);
	refuseBelowUsage(memory, bytes("memory.current"), bytes("memory.swap.current"));
}

function applyDevices(record: CgroupRecord, rules: readonly DeviceRule[], isNew: boolean): void {
	if (directoryOf(record, "devices") === undefined && isUnprivileged()) return;
	const directory = placeFor(record, "devices");
	const version = versionOf(record, "devices");
	const what = `set the device rules of ${directory}`;
	try {
		if (version === 1) writeInOrder(directory, deviceWrites(rules));
		else attachDeviceProgram(directory, deviceProgram(rules), isNew);
	} catch (error) {
		if (mayDoWithout(error, version, rules)) return;
		throw failure("cgroup-failed", what, error, { stage: "cgroup", object: directory });
	}
}

/**
 * A user, or root of a user namespace, can neither set device rules nor make device nodes, so nothing is lost without;
 * nor is it for root of few capabilities when nothing is denied.
 */
function mayDoWithout(error: unknown, version: 1 | 2, rules: readonly DeviceRule[]): boolean {
	const refusal = error instanceof TsrunError ? error.details.cause : error;
	if (!hasCode(refusal, "EPERM", "EACCES")) return false;
	return isUnprivileged() || (version === 2 && rules.every((rule) => rule.allow));
}

function applyUnified(record: CgroupRecord, unified: Readonly<Record<string, string>>): void {
	const directory = record.paths[""];
	if (directory === undefined) {
		throw new TsrunError("config-unsupported", "invalid configuration: cannot use unified on cgroup v1", {
			jsonPath: "$.linux.resources.unified",
			hint: "use memory, cpu and the other members, or boot with cgroup v2",
		});
	}
	if (record.version === 1) enableControllers(record.unifiedMountPoint, directory, unifiedControllers(unified));
	writeUnified(directory, unified);
}
