/** `resources.rdma`, whose file has the same name in both versions. */
import type { RdmaLimit } from "../../spec/types.js";
import type { Write } from "./writes.js";

/** One line per device. */
export function rdmaWrites(limits: Readonly<Record<string, RdmaLimit>>): readonly Write[] {
	return Object.entries(limits).map(([device, { hcaHandles, hcaObjects }]) => {
		const handles = hcaHandles === undefined ? "" : ` hca_handle=${hcaHandles}`;
		const objects = hcaObjects === undefined ? "" : ` hca_object=${hcaObjects}`;
		return { file: "rdma.max", value: `${device}${handles}${objects}` };
	});
}
