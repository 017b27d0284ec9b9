/** config-linux.md#seccomp. */
import type { Config, SeccompAction } from "../types.js";
import type { Report } from "./rule.js";

const path = ".linux.seccomp";

/** The actions that carry one. */
function takesErrno(action: SeccompAction): boolean {
	return action === "SCMP_ACT_ERRNO" || action === "SCMP_ACT_TRACE";
}

export function errnosHaveAnAction({ linux }: Config, report: Report): void {
	const seccomp = linux?.seccomp;
	if (seccomp?.defaultErrnoRet !== undefined && !takesErrno(seccomp.defaultAction))
		report("SC-03", `${path}.defaultErrnoRet`, `${seccomp.defaultAction} takes no errno`);
	seccomp?.syscalls?.forEach(({ action, errnoRet }, index) => {
		if (errnoRet !== undefined && !takesErrno(action))
			report("SC-20", `${path}.syscalls[${index}].errnoRet`, `${action} takes no errno`);
	});
}

export function metadataHasAListener({ linux }: Config, report: Report): void {
	if (linux?.seccomp?.listenerMetadata && !linux.seccomp.listenerPath)
		report("SC-14", `${path}.listenerMetadata`, "must not be set without listenerPath");
}

/** Nobody can answer these before the filter's descriptor has been sent, and they are what sends it, and tells of a failure. */
const neededForSending = ["sendmsg", "write"];

export function notifyLeavesTheRuntimeAlone({ linux }: Config, report: Report): void {
	if (linux?.seccomp?.defaultAction === "SCMP_ACT_NOTIFY")
		report("SC-02", `${path}.defaultAction`, "SCMP_ACT_NOTIFY cannot be used as default action");
	linux?.seccomp?.syscalls?.forEach(({ action, names }, index) => {
		if (action !== "SCMP_ACT_NOTIFY") return;
		for (const name of neededForSending.filter((each) => names.includes(each)))
			report("SC-18", `${path}.syscalls[${index}].names`, `SCMP_ACT_NOTIFY cannot be used for the ${name} syscall`);
	});
}

export function notifyHasAListener({ linux }: Config, report: Report): void {
	if (linux?.seccomp?.listenerPath) return;
	if (linux?.seccomp?.syscalls?.some(({ action }) => action === "SCMP_ACT_NOTIFY"))
		report("SC-06", `${path}.listenerPath`, "is required by SCMP_ACT_NOTIFY");
}
