/** `linux.sysctl`: kernel parameters of the container's own namespaces, and of nobody else's (config-linux.md#sysctl). */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import type { BaseConfig } from "../support/bundle.js";
import { test as base } from "../support/e2e.js";
import { needs } from "../support/skip.js";

const test = base.extend(
	"run",
	({ runtime, makeBundle, newId }) =>
		(
			sysctl: Readonly<Record<string, string>>,
			args: readonly string[] = ["/bin/true"],
			patch = (_: BaseConfig) => {},
		) => {
			const bundle = makeBundle({
				args,
				patch: (config) => {
					config.linux.sysctl = sysctl;
					patch(config);
				},
			});
			return runtime("run", "--bundle", bundle, newId());
		},
);

/** A text log quotes what a plain message does not. */
const plain = (stderr: string) => stderr.replaceAll('\\"', '"');

describe("a sysctl", () => {
	test.for([
		["net.ipv4.ip_unprivileged_port_start", "77"],
		["net.ipv4.ping_group_range", "0\t1000"],
		["kernel.shm_rmid_forced", "1"],
		["kernel.msgmax", "9000"],
		["kernel.sem", "300\t32000\t500\t200"],
		["fs.mqueue.msg_max", "12"],
		["kernel.domainname", "example.org"],
	] as const)("%s is set in the container, not on the host", ([name, value], { run }) => {
		const path = `/proc/sys/${name.replaceAll(".", "/")}`;
		const before = readFileSync(path, "utf8");
		expect(before).not.toBe(`${value}\n`);
		const { status, stdout, stderr } = run({ [name]: value.replaceAll("\t", " ") }, ["/probe", "sysctl", name]);
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${value}\n`, stderr: "" });
		expect(readFileSync(path, "utf8")).toBe(before);
	});

	test("may be written with slashes, and several are all set", ({ run }) => {
		const sysctl = { "net/ipv4/ip_default_ttl": "33", "net.ipv4.ip_forward": "1" };
		const args = ["/bin/cat", "/proc/sys/net/ipv4/ip_default_ttl", "/proc/sys/net/ipv4/ip_forward"];
		expect(run(sysctl, args).stdout).toBe("33\n1\n");
	});

	test("is set although the container finds /proc/sys read-only", ({ run }) => {
		const script = "cat /proc/sys/net/ipv4/ip_forward; echo 0 > /proc/sys/net/ipv4/ip_forward";
		const { status, stdout } = run({ "net.ipv4.ip_forward": "1" }, ["/bin/sh", "-c", script]);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "1\n" });
	});

	test("of a network namespace is set in a user namespace, too", ({ run }) => {
		const { status, stdout, stderr } = run(
			{ "net.ipv4.ip_forward": "1" },
			["/probe", "sysctl", "net.ipv4.ip_forward"],
			(config) => {
				config.linux.namespaces.push({ type: "user" });
				config.linux.uidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
				config.linux.gidMappings = [{ containerID: 0, hostID: 100_000, size: 1000 }];
			},
		);
		expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "1\n", stderr: "" });
	});
});

describe("a sysctl is refused", () => {
	const without =
		(type: string) =>
		({ linux }: BaseConfig) => {
			linux.namespaces = linux.namespaces.filter((namespace) => namespace.type !== type);
		};
	const withoutNetwork = without("network");
	const withoutUts = (config: BaseConfig) => {
		without("uts")(config);
		delete config.hostname;
	};

	test.for([
		["vm.swappiness", "1", undefined, /"vm\.swappiness" is not in a separate kernel namespace/],
		["kernel.core_pattern", "x", undefined, /"kernel\.core_pattern" is not in a separate kernel namespace/],
		["net.ipv4.ip_forward", "1", withoutNetwork, /"net\.ipv4\.ip_forward" .*not allowed in .*host/],
		["kernel.shm_rmid_forced", "1", without("ipc"), /"kernel\.shm_rmid_forced" .*not allowed in .*host/],
		["kernel.domainname", "x", withoutUts, /"kernel\.domainname" .*not (allowed in .*host|in a separate)/],
		[
			"kernel.hostname",
			"x",
			undefined,
			/"kernel\.hostname" is not allowed as it conflicts with the OCI "hostname" field/,
		],
	] as const)("that would change the host: %s", ([name, value, patch, message], { run }) => {
		const path = `/proc/sys/${name.replaceAll(".", "/")}`;
		const before = readFileSync(path, "utf8");
		const { status, stdout, stderr } = run({ [name]: value }, ["/bin/true"], patch);
		expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
		expect(plain(stderr)).toMatch(message);
		expect(readFileSync(path, "utf8")).toBe(before);
	});

	test.for(["net.//.kernel.core_pattern", "net/../kernel/core_pattern", "net..ipv4", "net."] as const)(
		"that is no path of its own: %s",
		(name, { run, skip }) => {
			// runc writes where it leads
			needs(skip, "tsrun");
			const { status, stderr } = run({ [name]: "x" });
			expect(status).toBe(1);
			expect(stderr).toContain("is not a path below /proc/sys");
		},
	);

	test("by the kernel with its name, value and reason", ({ run }) => {
		const invalid = run({ "net.ipv4.ip_default_ttl": "-5" });
		expect(invalid.status).toBe(1);
		expect(invalid.stderr).toMatch(/ip_default_ttl.*invalid argument/);
		const unknown = run({ "net.ipv4.no_such_thing": "1" });
		expect(unknown.status).toBe(1);
		expect(unknown.stderr).toMatch(/no_such_thing.*no such file or directory/);
	});
});
