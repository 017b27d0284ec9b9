/** Whether containers can be made without root's rights, by the user who asks. */
import { detectCgroups } from "../../linux/cgroups/detect.js";
import { AT_EACCESS, X_OK } from "../../sys/constants.js";
import { environmentValue } from "../../sys/environment.js";
import { sys } from "../../sys/index.js";
import { findInPath } from "../process/helper.js";
import { type Area, type Finding, limited, missing, needed, works } from "./finding.js";
import { exists, mayAccess, textOf } from "./probe.js";

export const usersArea: Area = {
	title: "containers of users",
	checks: [userNamespaces, idMapHelpers, subordinateIds, privileges, runtimeDirectory, cgroupVersion],
};

/** What is wrong for a user alone does not matter to root, who asks about the machine. */
function forUser(finding: Finding): Finding {
	return sys.geteuid() === 0 ? finding : needed(finding);
}

function userNamespaces(): readonly Finding[] {
	const name = "user namespaces";
	if (!exists("/proc/self/ns/user")) {
		return [forUser(missing(name, "the kernel has none", "boot a kernel with CONFIG_USER_NS"))];
	}
	if (textOf("/proc/sys/kernel/unprivileged_userns_clone") === "0") {
		return [forUser(missing(name, "they are root's alone", "sysctl -w kernel.unprivileged_userns_clone=1"))];
	}
	if (textOf("/proc/sys/user/max_user_namespaces") === "0") {
		return [forUser(missing(name, "none may be made", "sysctl -w user.max_user_namespaces=15000"))];
	}
	if (textOf("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === "1") {
		const cure =
			'give tsrun an AppArmor profile with "userns,", or sysctl -w kernel.apparmor_restrict_unprivileged_userns=0';
		return [limited(name, "AppArmor takes the rights of those that users make", cure)];
	}
	return [works(name)];
}

function idMapHelpers(): Finding {
	const name = "newuidmap, newgidmap";
	const lacking = ["newuidmap", "newgidmap"].filter((helper) => findInPath(helper) === null);
	if (lacking.length === 0) return works(name);
	const detail = `no ${lacking.join(", ")} in PATH: users can map one id, their own`;
	return limited(name, detail, "install uidmap (Debian) or shadow-utils (Fedora)");
}

/** Ids that containers' images expect to find. */
const usual = 65_536;

function subordinateIds(): readonly Finding[] {
	const uid = sys.getuid();
	if (uid === 0) return [];
	const owner = userName(uid);
	return (["subuid", "subgid"] as const).map((file) => {
		const granted = grantedIds(textOf(`/etc/${file}`) ?? "", uid, owner);
		if (granted >= usual) return works(`/etc/${file}`, `${granted} ids`);
		const flag = file === "subuid" ? "--add-subuids" : "--add-subgids";
		const cure = `usermod ${flag} 100000-165535 ${owner || uid}, as root`;
		if (granted === 0)
			return limited(`/etc/${file}`, `no ids for ${owner || uid}: containers have one, their own`, cure);
		return limited(`/etc/${file}`, `${granted} ids, where images expect ${usual}`, cure);
	});
}

/** Of lines `user:first:count`, where the user is a name or a number (subuid(5)). */
export function grantedIds(text: string, uid: number, name: string): number {
	const own = text
		.split("\n")
		.map((line) => line.split(":"))
		.filter(([user]) => user === String(uid) || (name !== "" && user === name));
	return own.reduce((sum, [, , count]) => sum + (Number(count) || 0), 0);
}

function userName(uid: number): string {
	const entry = (textOf("/etc/passwd") ?? "").split("\n").find((line) => line.split(":")[2] === String(uid));
	return entry?.split(":")[0] ?? "";
}

function privileges(): readonly Finding[] {
	if (!/^NoNewPrivs:\s+1$/m.test(textOf("/proc/self/status") ?? "")) return [];
	const detail = "no_new_privs is set on us: newuidmap cannot gain rights";
	return [limited("privileges", detail, "start from a session without it (NoNewPrivileges= of the unit)")];
}

function runtimeDirectory(): readonly Finding[] {
	if (sys.geteuid() === 0) return [];
	const path = environmentValue("XDG_RUNTIME_DIR");
	const without = "the state of containers has no place by default";
	if (path === "") {
		const cure = "log in by a session of systemd-logind, or give --root DIR";
		return [limited("XDG_RUNTIME_DIR", `it is not set: ${without}`, cure)];
	}
	if (mayAccess(path, X_OK, AT_EACCESS)) return [works("XDG_RUNTIME_DIR", path)];
	const cure = "set it to a directory of the user's own, or give --root DIR";
	return [limited("XDG_RUNTIME_DIR", `${path} cannot be entered: ${without}`, cure)];
}

/** For root, who asks about the machine: a user sees it in the cgroups that cannot be made. */
function cgroupVersion(): readonly Finding[] {
	if (sys.geteuid() !== 0 || detectCgroups().version !== 1) return [];
	return [
		limited("cgroups", "v1 cannot be delegated to users: no limits", "boot with systemd.unified_cgroup_hierarchy=1"),
	];
}
