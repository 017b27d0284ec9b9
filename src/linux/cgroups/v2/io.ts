/** `resources.blockIO` on cgroup v2 (Documentation/admin-guide/cgroup-v2.rst, "IO"). */
import type { BlockIoResources, BlockIoThrottle } from "../../../spec/types.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";
import { refuseOnV2 } from "./refuse.js";

/** Weights 0 are unset, throttles 0 unlimited. @throws config-unsupported for leaf weights. */
export function ioWrites(io: BlockIoResources): readonly Write[] {
	const leaf = (io.weightDevice ?? []).some((device) => isSet(device.leafWeight)) || isSet(io.leafWeight);
	if (leaf) refuseOnV2("blockIO.leafWeight", "leave it out: only CFQ had it, which is gone since Linux 5.0");
	const weights = (io.weightDevice ?? []).flatMap(({ major, minor, weight }) => {
		return isSet(weight) ? [weightWrite(weight, `${major}:${minor} `)] : [];
	});
	return [...(isSet(io.weight) ? [weightWrite(io.weight, "")] : []), ...weights, ...throttles(io)];
}

/** BFQ has the range of v1, 1 to 1000; io.weight of iocost has 1 to 10000. */
function weightWrite(weight: number, device: string): Write {
	return {
		file: "io.bfq.weight",
		value: `${device}${weight}`,
		otherwise: { file: "io.weight", value: `${device}${ioWeight(weight)}` },
	};
}

/** 10 to 1000 of v1 onto 1 to 10000, on a line. */
export function ioWeight(weight: number): number {
	return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

/** One line per device: `8:0 rbps=1048576 wiops=max`. */
function throttles(io: BlockIoResources): readonly Write[] {
	const lines = new Map<string, string>();
	const add = (key: string, devices: readonly BlockIoThrottle[] = []) => {
		for (const { major, minor, rate } of devices) {
			const device = `${major}:${minor}`;
			lines.set(device, `${lines.get(device) ?? device} ${key}=${rate === 0 ? "max" : rate}`);
		}
	};
	add("rbps", io.throttleReadBpsDevice);
	add("wbps", io.throttleWriteBpsDevice);
	add("riops", io.throttleReadIOPSDevice);
	add("wiops", io.throttleWriteIOPSDevice);
	return [...lines.values()].map((value) => ({ file: "io.max", value }));
}
