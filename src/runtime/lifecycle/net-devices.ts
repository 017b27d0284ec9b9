/** `linux.netDevices` at create: whether there are any, whether they may move, and their way back when create fails. */
import { closeBorder, moveNetDevice, openBorder, planMoves } from "../../linux/net-devices.js";
import type { Config, NetDevice } from "../../spec/types.js";
import { TsrunError } from "../../sys/errors.js";
import type { Host } from "../host.js";
import type { Child } from "../process/child.js";
import type { Undo } from "../undo.js";

export type NetDevices = Readonly<Record<string, NetDevice>>;

/** null when there is nothing to move. */
export function netDevicesOf({ rootless }: Host, { linux }: Config): NetDevices | null {
	const devices = linux?.netDevices ?? {};
	if (Object.keys(devices).length === 0) return null;
	if (!rootless) return devices;
	throw new TsrunError("config-unsupported", "network devices are not supported for rootless containers", {
		stage: "network",
		jsonPath: "$.linux.netDevices",
		hint: "the host's devices are root's: run as root, or leave linux.netDevices out",
	});
}

/** Into the network namespace of `init`, which waits meanwhile. */
export function moveNetDevices(devices: NetDevices, init: Child, undo: Undo): void {
	const border = openBorder(init);
	undo.atEnd(() => closeBorder(border));
	for (const move of planMoves(border, devices)) moveNetDevice(border, move, undo.add);
}
