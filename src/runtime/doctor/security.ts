/** What confines containers: seccomp and the security modules. */
import { actions } from "../../linux/seccomp/names.js";
import { sys } from "../../sys/index.js";
import { type Area, type Finding, limited, missing, works } from "./finding.js";
import { exists, textOf } from "./probe.js";

export const securityArea: Area = { title: "security", checks: [seccomp, securityModules] };

function seccomp(): Finding {
	const names = Object.entries(actions);
	const lacking = names.filter(([, action]) => !sys.seccomp_action_available(action)).map(([name]) => name);
	if (lacking.length === names.length) {
		return missing("seccomp", "linux.seccomp is refused", "boot a kernel with CONFIG_SECCOMP_FILTER");
	}
	if (lacking.length === 0) return works("seccomp", "all actions, notify included");
	return limited("seccomp", `no ${lacking.join(", ")}`, "boot a younger kernel: LOG is of 4.14, NOTIFY of 5.0");
}

function securityModules(): readonly Finding[] {
	const active = [...(appArmor() ? ["AppArmor"] : []), ...(seLinux() ? ["SELinux"] : [])];
	if (active.length === 0) {
		const detail = "neither AppArmor nor SELinux: labels in config.json are refused";
		return [missing("security module", detail, "boot with lsm=…,apparmor or selinux=1, where one is wanted")];
	}
	const unseen = active.includes("AppArmor") && !exists("/sys/kernel/security/apparmor");
	if (!unseen) return [works("security module", active.join(", "))];
	const detail = "AppArmor is on, but engines cannot see or load profiles";
	return [limited("security module", detail, "mount -t securityfs securityfs /sys/kernel/security")];
}

function appArmor(): boolean {
	return textOf("/sys/module/apparmor/parameters/enabled") === "Y";
}

function seLinux(): boolean {
	return exists("/sys/fs/selinux/enforce");
}
