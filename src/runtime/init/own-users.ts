/** Small steps at the beginning of every process that we put into a container. */
import { PR_SET_DUMPABLE, PR_SET_PDEATHSIG, SIGKILL } from "../../sys/constants.js";
import { attempt } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";

/** Until it is ready a dead runtime must not leave it behind. A change of credentials clears this. */
export function dieWithTheRuntime(): void {
	sys.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

/** In a user namespace nobody is anybody at first; files are made, and others joined, as its root. */
export function becomeRootOfOwnUsers(): void {
	attempt(
		"namespace-failed",
		"become root of the user namespace",
		() => {
			sys.setresgid(0, 0, 0);
			sys.setresuid(0, 0, 0);
		},
		{ stage: "namespaces", hint: "linux.uidMappings and linux.gidMappings must map the container's id 0" },
	);
	stayUntraceable();
	dieWithTheRuntime();
}

/** A change of credentials makes a process what the host's fs.suid_dumpable says: traceable, on some (CVE-2016-9962). */
export function stayUntraceable(): void {
	sys.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
