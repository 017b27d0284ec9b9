import { describe, expect, test } from "vitest";
import { configWith, configWithLinux, issuesOfConfig } from "../support.js";

const messages = (config: unknown) => issuesOfConfig(config).map(({ message }) => message);
const withoutNamespaces = (name: string) => configWith({ linux: { sysctl: { [name]: "1" } } });
const withNamespaces = (name: string) => configWithLinux({ sysctl: { [name]: "1" } });

describe("a sysctl of a namespace", () => {
	test.each([
		["kernel.shmmax", "ipc"],
		["kernel.sem", "ipc"],
		["fs.mqueue.msg_max", "ipc"],
		["fs/mqueue/msg_max", "ipc"],
		["net.ipv4.ip_forward", "network"],
		["net/ipv4/conf/eth0.1/forwarding", "network"],
		["user.max_user_namespaces", "user"],
		["kernel.hostname", "uts"],
		["kernel/domainname", "uts"],
	])("%s is set in the container's own %s namespace only", (name, type) => {
		expect(messages(withNamespaces(name))).toEqual([]);
		expect(messages(withoutNamespaces(name))).toEqual([
			`sysctl "${name}" is not allowed in the host's ${type} namespace`,
		]);
	});
});

test.each(["kernel.core_pattern", "vm.overcommit_memory", "fs.file-max", "kernel", "kernel.shmmaxx"])(
	"%s belongs to the whole host",
	(name) => {
		expect(messages(withNamespaces(name))).toEqual([`sysctl "${name}" is not in a separate kernel namespace`]);
	},
);

test.each(["net/../kernel/core_pattern", "net.//.kernel.core_pattern", "/net/x", "net..x", "net/./x", ""])(
	"%j does not lead out of what was looked at",
	(name) => {
		expect(messages(withNamespaces(name))).toEqual([`sysctl "${name}" is not a path below /proc/sys`]);
	},
);

test("a name that the configuration sets elsewhere conflicts", () => {
	const config = { ...withNamespaces("kernel.hostname"), hostname: "x" };
	expect(issuesOfConfig(config)).toMatchObject([
		{
			rule: "MP-06",
			path: '$.linux.sysctl["kernel.hostname"]',
			message: 'sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field',
		},
	]);
});
