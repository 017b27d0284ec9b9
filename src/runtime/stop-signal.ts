/** The signal by which a container wants to be ended: what its image says, as engines hand it on. */
import { parseRealSignal } from "../linux/signals.js";
import { SIGTERM } from "../sys/constants.js";
import { messageOf, TsrunError } from "../sys/errors.js";
import type { ContainerRecord } from "./state/record.js";

const annotation = "org.opencontainers.image.stopSignal";

/** @throws TsrunError signal-unknown for an annotation that names none. */
export function stopSignalOf({ annotations }: Pick<ContainerRecord, "annotations">): number {
	const text = annotations[annotation];
	if (!text) return SIGTERM;
	try {
		return parseRealSignal(text);
	} catch (error) {
		throw new TsrunError("signal-unknown", `annotation ${annotation}: ${messageOf(error)}`, {
			object: text,
			jsonPath: `$.annotations["${annotation}"]`,
			hint: "name another one: stop --signal TERM",
		});
	}
}
