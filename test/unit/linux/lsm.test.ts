import { describe, expect, it } from "vitest";
import { setAppArmorProfile, setSelinuxKeyLabel, setSelinuxLabel } from "../../../src/linux/lsm.js";
import { TsrunError } from "../../../src/sys/errors.js";
import { door } from "../../support/door.js";
import type { Files } from "../../support/file-tree.js";

const label = "system_u:system_r:container_t:s0:c1,c2";

/** The /proc of a process 42 that looks at itself. */
function proc(files: Files): number {
	door.files({ "/proc/self": { link: "42" }, "/proc/filesystems": "nodev\tsysfs\nnodev\ttmpfs\n\text4\n", ...files });
	return door.open("/proc");
}

function errorOf(step: () => void): TsrunError {
	try {
		step();
	} catch (error) {
		if (error instanceof TsrunError) return error;
	}
	throw new Error("no TsrunError was thrown");
}

describe("the AppArmor profile", () => {
	it("PL-01 is written to AppArmor's own folder, for the next execve", () => {
		const fd = proc({
			"/proc/42/attr/apparmor/current": "unconfined\n",
			"/proc/42/attr/apparmor/exec": "",
			"/proc/42/attr/exec": "",
		});
		setAppArmorProfile(fd, "docker-default");
		expect(door.writes).toEqual([{ path: "/proc/42/attr/apparmor/exec", data: "exec docker-default" }]);
	});

	it("is written to the common folder on kernels before 5.8", () => {
		const fd = proc({ "/proc/42/attr/current": "unconfined\n", "/proc/42/attr/exec": "" });
		setAppArmorProfile(fd, "docker-default");
		expect(door.writes).toEqual([{ path: "/proc/42/attr/exec", data: "exec docker-default" }]);
	});

	it("may be replaced when it is a profile of a namespace", () => {
		const fd = proc({ "/proc/42/attr/apparmor/current": ":ns://a:b:c (enforce)\n", "/proc/42/attr/apparmor/exec": "" });
		setAppArmorProfile(fd, "p");
		expect(door.writes.length).toBe(1);
	});

	it("is an error where AppArmor is off, by any sign of it", () => {
		const signs: Files[] = [{}, { "/proc/42/attr/current": `${label}\n`, "/proc/42/attr/exec": "" }];
		for (const files of signs) {
			door.reset();
			const error = errorOf(() => setAppArmorProfile(proc(files), "docker-default"));
			expect(error.id).toBe("config-unsupported");
			expect(error.message).toBe("apparmor: config provided but apparmor not supported");
			expect(door.writes).toEqual([]);
		}
	});

	it("is an error where reading the present one is refused with EINVAL", () => {
		const fd = proc({
			"/proc/42/attr/apparmor/current": "",
			"/proc/42/attr/apparmor/exec": "",
			"/proc/42/attr/current": "",
		});
		door.fail("read", "EINVAL");
		expect(errorOf(() => setAppArmorProfile(fd, "p")).id).toBe("config-unsupported");
	});

	it("unconfined is what one has without AppArmor", () => {
		setAppArmorProfile(proc({}), "unconfined");
		expect(door.writes).toEqual([]);
	});

	it("that is not loaded is named, with the way to load it", () => {
		const fd = proc({ "/proc/42/attr/apparmor/current": "unconfined\n", "/proc/42/attr/apparmor/exec": "" });
		door.fail("write", "ENOENT");
		const error = errorOf(() => setAppArmorProfile(fd, "nosuch"));
		expect(error.message).toBe('apparmor failed to apply profile "nosuch": no such file or directory');
		expect(error.details.hint).toMatch("apparmor_parser");
	});

	it("is not written to a file that only looks like one of procfs", () => {
		const fd = proc({ "/proc/42/attr/apparmor/current": "unconfined\n", "/proc/42/attr/apparmor/exec": "" });
		door.answer("fstatfs", { type: 0x01021994, flags: 0 });
		expect(errorOf(() => setAppArmorProfile(fd, "p")).id).toBe("path-unsafe");
		expect(door.writes).toEqual([]);
	});
});

describe("the SELinux label", () => {
	const enabled = { "/proc/filesystems": "nodev\tsysfs\nnodev\tselinuxfs\n" };

	it("PL-19 is written for the next execve, and for new keys", () => {
		const fd = proc({ ...enabled, "/proc/42/attr/exec": "", "/proc/42/attr/keycreate": "" });
		setSelinuxKeyLabel(fd, label);
		setSelinuxLabel(fd, label);
		expect(door.writes).toEqual([
			{ path: "/proc/42/attr/keycreate", data: label },
			{ path: "/proc/42/attr/exec", data: label },
		]);
	});

	it("is an error where SELinux is off; of keys there is nothing to say", () => {
		const fd = proc({ "/proc/42/attr/exec": "", "/proc/42/attr/keycreate": "" });
		const error = errorOf(() => setSelinuxLabel(fd, label));
		expect(error.id).toBe("config-unsupported");
		expect(error.message).toBe("selinux label is specified in config, but selinux is disabled or not supported");
		setSelinuxKeyLabel(fd, label);
		expect(door.writes).toEqual([]);
	});

	it("that the policy does not know is named", () => {
		const fd = proc({ ...enabled, "/proc/42/attr/exec": "" });
		door.fail("write", "EINVAL");
		const error = errorOf(() => setSelinuxLabel(fd, "bad:label"));
		expect(error.message).toBe('selinux failed to set the exec label "bad:label": invalid argument');
		expect(error.details.hint).toMatch("policy");
	});
});
