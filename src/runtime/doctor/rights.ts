/** What we may do here: capabilities, the root file system, the state directory. */
import { readMountinfo } from "../../linux/mountinfo.js";
import { capabilityNames } from "../../spec/capability-names.js";
import { sys } from "../../sys/index.js";
import { type Area, type Finding, limited, missing, needed, works } from "./finding.js";
import { textOf } from "./probe.js";

export const rightsArea: Area = { title: "rights", checks: [capabilities, rootFileSystem] };

/** What is lost without; the others are containers' own. */
const uses: Readonly<Record<string, string>> = {
	CAP_SYS_ADMIN: "namespaces and mounts",
	CAP_SYS_RESOURCE: "limits above the runtime's own, a lower oomScoreAdj",
	CAP_NET_ADMIN: "loopback and network devices",
	CAP_MKNOD: "device nodes (they are bound from the host instead)",
	CAP_SYS_CHROOT: "chroot with --no-pivot",
	CAP_SETFCAP: "user namespaces that map root",
	CAP_BPF: "device rules on cgroup v2, where CAP_SYS_ADMIN is missing",
	CAP_SYS_NICE: "real-time schedulers and raised priorities",
	CAP_SYS_PTRACE: "exec into containers of other users",
};

function capabilities(): Finding | readonly Finding[] {
	// a user has none, and needs none: that is the area of users
	if (sys.geteuid() !== 0) return [];
	const { effective } = sys.capget();
	const lastKnown = Number(textOf("/proc/sys/kernel/cap_last_cap") ?? capabilityNames.length - 1);
	const lacking = capabilityNames.filter((_name, bit) => bit <= lastKnown && (effective & (1n << BigInt(bit))) === 0n);
	if (lacking.length === 0) return works("capabilities", "all");
	const cure = "start the runtime with them: --cap-add of the container around it, CapabilityBoundingSet= of its unit";
	if (lacking.includes("CAP_SYS_ADMIN")) {
		return needed(missing("capabilities", `no CAP_SYS_ADMIN: ${uses.CAP_SYS_ADMIN}`, cure));
	}
	const felt = lacking.filter((name) => name in uses).map((name) => `${name} (${uses[name]})`);
	const rest = felt.length > 0 ? felt.join(", ") : `${lacking.join(", ")}; containers cannot be given them`;
	return limited("capabilities", `without ${rest}`, cure);
}

/** pivot_root(2) cannot leave the initial ramdisk. */
function rootFileSystem(): Finding | readonly Finding[] {
	const root = readMountinfo().findLast(({ point }) => point === "/");
	if (root === undefined) {
		const detail = "/ is not a mount point (chroot): propagation cannot be changed";
		return limited("root file system", detail, "bind it onto itself, or enter it with pivot_root");
	}
	if (root.type !== "rootfs" && root.type !== "ramfs") return [];
	return limited("root file system", "pivot_root does not work on a ramdisk", "give create and run --no-pivot");
}
