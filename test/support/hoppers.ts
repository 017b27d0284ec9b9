/** A container whose processes fork all the time: whoever lists them and then signals them comes too late for some. */
import type { BaseConfig, BundleOptions } from "./bundle.js";

/** In the host's pid namespace, where the first process's end is nobody else's; it prints "ready". */
export function hoppers(): BundleOptions {
	// each lives for a moment and leaves another one; they end by themselves, should a test fail
	const hop = '#!/bin/sh\n[ "$1" = 3000 ] || /bin/sh /hop $(($1 + 1)) &\n';
	const script = "for one in 1 2 3; do /hop 0 & done; echo ready; exec /probe sleep";
	return { args: ["/bin/sh", "-c", script], files: { "/hop": hop }, patch: shareHostPids };
}

export function shareHostPids({ linux }: BaseConfig): void {
	linux.namespaces = linux.namespaces.filter(({ type }) => type !== "pid");
}
