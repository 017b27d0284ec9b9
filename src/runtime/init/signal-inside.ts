/** A signal for the init of a pid namespace, sent the way a process inside would: kill(1, …), with the kernel's view of it. */
import { signalName } from "../../linux/signals.js";
import { CLONE_NEWPID, SIGCHLD } from "../../sys/constants.js";
import { TsrunError } from "../../sys/errors.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { type Child, exitStatus, inChild, reap } from "../process/child.js";

/** What {@link inChild} ends a child with that could not do its work. */
const failed = 127;

export function signalFromInside(init: Child, signal: number): void {
	const joining = sys.clone3(0, SIGCHLD, -1);
	if (joining.pid === 0) inChild(() => joinAndSend(init, signal));
	// a sender that was killed was inside when the namespace ended, so the signal had arrived
	if (withFd(joining.pidfd, () => exitStatus(reap(joining.pid))) !== failed) return;
	throw new TsrunError("signal-failed", `send ${signalName(signal)} from inside the pid namespace of ${init.pid}`, {
		object: String(init.pid),
	});
}

/** setns(2) with a pid namespace is for children alone, so it takes one more. */
function joinAndSend(init: Child, signal: number): never {
	sys.setns(init.pidfd, CLONE_NEWPID);
	const inside = sys.clone3(0, SIGCHLD, -1);
	if (inside.pid === 0) {
		inChild(() => {
			sys.kill(1, signal);
			sys.exit(0);
		});
	}
	sys.exit(exitStatus(reap(inside.pid)));
}
