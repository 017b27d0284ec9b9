/** Names of kernel parameters, as sysctl(8) reads them. */

/**
 * The path below /proc/sys, step by step. The first separator decides: in "net.ipv4.conf.eth0/1.mtu" it is ".", and a
 * "/" stands for a dot in a name; in "net/ipv4/conf/eth0.1/mtu" it is the other way round.
 */
export function sysctlSteps(name: string): string[] {
	const dot = name.indexOf(".");
	const slash = name.indexOf("/");
	if (dot === -1 || (slash !== -1 && slash < dot)) return name.split("/");
	return name.split(".").map((step) => step.replaceAll("/", "."));
}
