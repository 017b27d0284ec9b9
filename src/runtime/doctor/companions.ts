/** Programs and file systems that some verbs or settings need. None of them is needed for a container. */
import { readMountinfo } from "../../linux/mountinfo.js";
import { sys } from "../../sys/index.js";
import { exitStatus } from "../process/child.js";
import { findInPath, runHelper } from "../process/helper.js";
import { type Area, type Finding, limited, missing, works } from "./finding.js";
import { exists, textOf } from "./probe.js";

export const companionsArea: Area = { title: "companions", checks: [systemd, criu, ps, resctrl] };

function systemd(): Finding {
	if (exists("/run/systemd/system")) return works("systemd", "--systemd-cgroup can be given");
	return missing("systemd", "it is not this machine's init: --systemd-cgroup is refused");
}

/** `criu check` knows what it needs of the kernel, and tells root alone. */
function criu(): Finding {
	const path = findInPath("criu");
	if (path === null) return missing("criu", "no checkpoint and restore", "install criu");
	const version = runHelper(path, ["criu", "--version"]);
	const asked = sys.geteuid() === 0 ? runHelper(path, ["criu", "check"]) : version;
	const [first = ""] = asked.output.trim().split("\n");
	if (exitStatus(asked.status) !== 0) return limited("criu", `its own check fails: ${first}`, "install a younger criu");
	return works("criu", /^Version: *(.*)$/m.exec(version.output)?.[1]);
}

function ps(): Finding {
	return findInPath("ps") === null ? limited("ps", "the verb ps can only print JSON", "install procps") : works("ps");
}

/** Intel's and AMD's names of the same thing (Documentation/arch/x86/resctrl.rst). */
const cpuFlags = /^flags\s*:.* (?:rdt_a|cat_l3|cat_l2|mba|cqm)\b/m;

function resctrl(): readonly Finding[] {
	if (readMountinfo().some(({ type }) => type === "resctrl")) return [works("resctrl", "linux.intelRdt")];
	// most processors have none, and then there is nothing to tell
	if (!cpuFlags.test(textOf("/proc/cpuinfo") ?? "")) return [];
	return [missing("resctrl", "linux.intelRdt is refused", "mount -t resctrl resctrl /sys/fs/resctrl")];
}
