import { describe, expect, it } from "vitest";
import { writeSysctls } from "../../../src/linux/sysctl.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";

describe("writeSysctls", () => {
	it("writes each value once, whichever separator the name has", () => {
		door.files({
			"/proc/sys/net/ipv4/ip_forward": "0",
			"/proc/sys/net/ipv4/conf/eth0.100/forwarding": "0",
			"/proc/sys/kernel/msgmax": "8192",
		});
		writeSysctls(door.open("/proc/sys"), {
			"net.ipv4.ip_forward": "1",
			"net.ipv4.conf.eth0/100.forwarding": "1",
			"kernel/msgmax": "65536",
		});
		expect(door.writes).toEqual([
			{ path: "/proc/sys/net/ipv4/ip_forward", data: "1" },
			{ path: "/proc/sys/net/ipv4/conf/eth0.100/forwarding", data: "1" },
			{ path: "/proc/sys/kernel/msgmax", data: "65536" },
		]);
	});

	it("names the parameter, the value and the file that is not there", () => {
		door.files({ "/proc/sys/kernel/": "" });
		try {
			writeSysctls(door.open("/proc/sys"), { "net.nosuch": "1" });
			expect.unreachable();
		} catch (error) {
			expect(error).toBeInstanceOf(TsrunError);
			expect(error).toMatchObject({
				id: "sysctl-failed",
				message: 'write sysctl net.nosuch="1" to "/proc/sys/net/nosuch": no such file or directory',
				details: { object: "net.nosuch", errno: "ENOENT" },
			});
		}
	});

	it("does not follow a link out of /proc/sys", () => {
		door.files({ "/etc/passwd": "root", "/proc/sys/net/evil": { link: "/etc/passwd" } });
		expect(() => writeSysctls(door.open("/proc/sys"), { "net.evil": "x" })).toThrow(TsrunError);
		expect(door.content("/etc/passwd")).toBe("root");
	});
});
