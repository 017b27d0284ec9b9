/** `pod create`: the pause container, which holds the namespaces. */
import { AT_FDCWD, O_CLOEXEC, O_RDWR } from "../../sys/constants.js";
import { TsrunError } from "../../sys/errors.js";
import { sys } from "../../sys/index.js";
import type { Host } from "../host.js";
import { launchAndStart } from "../lifecycle/run.js";
import { withStreams } from "../process/streams.js";
import { type PauseSettings, pauseConfig } from "./config.js";
import { makePauseBundle } from "./pause-bundle.js";
import { lookForPod } from "./pod.js";

export type PodOptions = Pick<PauseSettings, "hostname" | "sharesPids">;

export function createPod(host: Host, name: string, options: PodOptions): void {
	refuseWhileMembersAreLeft(host, name);
	const user = host.rootless ? { uid: sys.geteuid(), gid: sys.getegid() } : null;
	const config = pauseConfig({ ...options, name, user });
	const bundle = makePauseBundle(host, config);
	const nothing = sys.openat(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC, 0);
	// it outlives the caller, who may read our output to its end
	withStreams([nothing, nothing, nothing], () =>
		launchAndStart(host, name, {
			bundle,
			init: "pause",
			// another pod of this moment may have replaced config.json
			adapt: () => config,
			pidFile: undefined,
			consoleSocket: undefined,
			pidfdSocket: undefined,
			preserveFds: 0,
			listenFds: 0,
			noPivot: false,
			noNewKeyring: false,
			detach: true,
			keep: false,
			noSubreaper: true,
		}),
	);
}

/** They are in namespaces that a new pod of the name would not have. */
function refuseWhileMembersAreLeft(host: Host, name: string): void {
	const pod = lookForPod(host, name);
	if (pod === null || pod.pause !== null) return;
	const left = pod.members.map(({ id }) => id).join(", ");
	throw new TsrunError("id-taken", `members of an earlier pod ${name} are left: ${left}`, {
		stage: "state",
		object: name,
		hint: `pod delete ${name} removes them, with --force also when they run`,
	});
}
