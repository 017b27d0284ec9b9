/**
 * Capabilities (capabilities(7), config.md#linux-process): names to bits, and what of a configuration's wishes can be
 * granted. What cannot is a warning, never a failure: the same config.json must run where less is allowed.
 */
import { capabilityNames } from "../spec/capability-names.js";
import type { Capabilities } from "../spec/types.js";
import { PR_CAPBSET_DROP, PR_CAPBSET_READ } from "../sys/constants.js";
import type { CapabilitySets } from "../sys/door.js";
import { failure, hasCode } from "../sys/errors.js";
import { sys } from "../sys/index.js";

/** A capability mask has 64 bits, whatever number of them the kernel uses. */
const highestBit = 63;

/** The five sets as masks: bit n is the capability with number n. */
export interface CapabilityMasks extends CapabilitySets {
	readonly bounding: bigint;
	readonly ambient: bigint;
}

export interface CapabilityPlan {
	readonly masks: CapabilityMasks;
	/** One line each, to be logged. */
	readonly warnings: readonly string[];
}

/**
 * The configured sets as masks, and the names of what a kernel whose last capability is `lastCap` does not have. Names
 * that nobody knows are left out: the validation has warned of them.
 */
export function capabilitySets(
	capabilities: Capabilities,
	lastCap: number,
): { readonly masks: CapabilityMasks; readonly unavailable: readonly string[] } {
	const unavailable = new Set<string>();
	const mask = (names: readonly string[] = []) => {
		// two halves, since arithmetic on small integers costs a fraction of that on big ones
		let low = 0;
		let high = 0;
		for (const name of names) {
			const bit = capabilityNames.indexOf(name);
			if (bit < 0) continue;
			if (bit > lastCap) unavailable.add(name);
			else if (bit < 32) low |= 1 << bit;
			else high |= 1 << (bit - 32);
		}
		return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
	};
	const masks = {
		bounding: mask(capabilities.bounding),
		effective: mask(capabilities.effective),
		inheritable: mask(capabilities.inheritable),
		permitted: mask(capabilities.permitted),
		ambient: mask(capabilities.ambient),
	};
	return { masks, unavailable: [...unavailable].sort() };
}

/**
 * Takes out of the sets what the kernel would refuse (capset(2), prctl(2) PR_CAP_AMBIENT): nobody passes on what he
 * has not got, nothing is effective that is not permitted, and an ambient capability must be inheritable as well.
 */
export function grantable(wanted: CapabilityMasks, own: CapabilitySets, ownBounding: bigint): CapabilityPlan {
	const permitted = wanted.permitted & own.permitted;
	const effective = wanted.effective & permitted;
	const bounding = wanted.bounding & ownBounding;
	// inheritable is bounded, too, so this presumes that dropBounding() comes first
	const inheritable = wanted.inheritable & (own.inheritable | (own.permitted & bounding));
	const ambient = wanted.ambient & permitted & inheritable;
	const denied =
		(wanted.bounding & ~bounding) |
		(wanted.permitted & ~permitted) |
		(wanted.effective & ~effective) |
		(wanted.inheritable & ~inheritable);
	const warnings = denied === 0n ? [] : [`ignoring capabilities that cannot be granted: ${list(namesOf(denied))}`];
	for (const name of namesOf(wanted.ambient & ~ambient)) {
		warnings.push(`can't raise ambient capability ${name}: operation not permitted`);
	}
	return { masks: { bounding, permitted, effective, inheritable, ambient }, warnings };
}

/**
 * What the process that asks can grant of the configuration's capabilities; without any configured, the sets are
 * empty. To be called in the container's user namespace, before {@link dropBounding}.
 */
export function planCapabilities(capabilities: Capabilities = {}): CapabilityPlan {
	const { masks, unavailable } = capabilitySets(capabilities, lastCapability());
	const own = sys.capget();
	const { masks: granted, warnings } = grantable(masks, own, boundingWithin(masks.bounding, own.permitted));
	if (unavailable.length === 0) return { masks: granted, warnings };
	return {
		masks: granted,
		warnings: [`ignoring unknown or unavailable capabilities: ${list(unavailable)}`, ...warnings],
	};
}

/** The part of `wanted` that is in our bounding set. What we are permitted is taken to be there: it saves the question. */
function boundingWithin(wanted: bigint, permitted: bigint): bigint {
	let mask = wanted & permitted;
	for (const bit of bitsOf(wanted & ~permitted)) {
		if (sys.prctl(PR_CAPBSET_READ, bit, 0, 0, 0) === 1) mask |= 1n << BigInt(bit);
	}
	return mask;
}

/** The number of the last capability that we have a name for and the running kernel knows: one question, mostly. */
export function lastCapability(): number {
	let last = capabilityNames.length - 1;
	while (last > 0 && !kernelKnows(last)) last--;
	return last;
}

function kernelKnows(bit: number): boolean {
	try {
		sys.prctl(PR_CAPBSET_READ, bit, 0, 0, 0);
		return true;
	} catch (error) {
		if (hasCode(error, "EINVAL")) return false;
		throw error;
	}
}

/**
 * Drops everything outside `mask` from the bounding set, also what the kernel has and we know no name for. Before the
 * change of user, while CAP_SETPCAP is there.
 */
export function dropBounding(mask: bigint): void {
	const halves = [Number(mask & 0xffffffffn), Number(mask >> 32n)];
	for (let bit = 0; bit <= highestBit; bit++) {
		if (((halves[bit >> 5] ?? 0) >>> (bit & 31)) & 1) continue;
		try {
			if (!dropFromBounding(bit)) return;
		} catch (error) {
			throw failure("process-failed", `drop ${nameOf(bit)} from the bounding set`, error, {
				stage: "capabilities",
				object: nameOf(bit),
				hint: "the runtime needs CAP_SETPCAP",
			});
		}
	}
}

/** False when the kernel has no capability of that number. */
function dropFromBounding(bit: number): boolean {
	try {
		sys.prctl(PR_CAPBSET_DROP, bit, 0, 0, 0);
		return true;
	} catch (error) {
		if (hasCode(error, "EINVAL")) return false;
		if (!hasCode(error, "EPERM")) throw error;
		// without CAP_SETPCAP nothing can be dropped, which is fine for what is not there
		if (!kernelKnows(bit)) return false;
		if (sys.prctl(PR_CAPBSET_READ, bit, 0, 0, 0) === 1) throw error;
		return true;
	}
}

/** Names of the capabilities in a mask; those that have none here are given by number. */
export function namesOf(mask: bigint): readonly string[] {
	return bitsOf(mask).map(nameOf);
}

function nameOf(bit: number): string {
	return capabilityNames[bit] ?? `capability ${bit}`;
}

function bitsOf(mask: bigint): readonly number[] {
	const found: number[] = [];
	let bit = 0;
	for (let rest = mask; rest > 0n; rest >>= 1n) {
		if (rest & 1n) found.push(bit);
		bit++;
	}
	return found;
}

function list(names: readonly string[]): string {
	return `[${names.join(" ")}]`;
}
