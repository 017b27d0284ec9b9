import { expect, test } from "vitest";
import { sysctlSteps } from "../../../src/spec/sysctl-name.js";

test.each([
	["net.ipv4.ip_forward", ["net", "ipv4", "ip_forward"]],
	["net/ipv4/ip_forward", ["net", "ipv4", "ip_forward"]],
	["net.ipv4.conf.eth0/1.mtu", ["net", "ipv4", "conf", "eth0.1", "mtu"]],
	["net/ipv4/conf/eth0.1/mtu", ["net", "ipv4", "conf", "eth0.1", "mtu"]],
	["kernel", ["kernel"]],
])("the first separator decides in %s", (name, steps) => {
	expect(sysctlSteps(name)).toEqual(steps);
});
