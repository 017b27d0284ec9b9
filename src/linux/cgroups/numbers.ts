/** Numbers of `resources` as control files and engines spell them. */
import type { Int64, Uint64 } from "../../spec/types.js";

/** Engines send 0 for "leave alone" where 0 would make no sense. */
export function isSet(value: Int64 | Uint64 | undefined): value is Int64 | Uint64 {
	return value !== undefined && value !== 0;
}

/** cgroup v2 spells "unlimited" as max. */
export function maxOr(value: Int64): string {
	return value < 0 ? "max" : `${value}`;
}
