/** `resources.blockIO` on cgroup v1 (Documentation/admin-guide/cgroup-v1/blkio-controller.rst). */
import type { BlockIoResources, BlockIoThrottle } from "../../../spec/types.js";
import { isSet } from "../numbers.js";
import type { Write } from "../writes.js";

/** Weights 0 are unset, throttles 0 take the limit away. CFQ had `blkio.weight`, BFQ has `blkio.bfq.weight`. */
export function blkioWrites(io: BlockIoResources): readonly Write[] {
	const writes: Write[] = [];
	if (isSet(io.weight)) writes.push(cfqOrBfq("weight", `${io.weight}`));
	if (isSet(io.leafWeight)) writes.push({ file: "blkio.leaf_weight", value: `${io.leafWeight}` });
	for (const { major, minor, weight, leafWeight } of io.weightDevice ?? []) {
		if (isSet(weight)) writes.push(cfqOrBfq("weight_device", `${major}:${minor} ${weight}`));
		if (isSet(leafWeight)) {
			writes.push({ file: "blkio.leaf_weight_device", value: `${major}:${minor} ${leafWeight}` });
		}
	}
	return [
		...writes,
		...throttles("blkio.throttle.read_bps_device", io.throttleReadBpsDevice),
		...throttles("blkio.throttle.write_bps_device", io.throttleWriteBpsDevice),
		...throttles("blkio.throttle.read_iops_device", io.throttleReadIOPSDevice),
		...throttles("blkio.throttle.write_iops_device", io.throttleWriteIOPSDevice),
	];
}

function cfqOrBfq(name: string, value: string): Write {
	return { file: `blkio.${name}`, value, otherwise: { file: `blkio.bfq.${name}`, value } };
}

function throttles(file: string, devices: readonly BlockIoThrottle[] = []): readonly Write[] {
	return devices.map(({ major, minor, rate }) => ({ file, value: `${major}:${minor} ${rate}` }));
}
