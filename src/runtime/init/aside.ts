/** Work in namespaces that the runtime itself must not enter: a child does it, and an error of its is thrown on here. */
import { PR_SET_PDEATHSIG, SIGCHLD, SIGKILL } from "../../sys/constants.js";
import { withFd } from "../../sys/files.js";
import { sys } from "../../sys/index.js";
import { inChild, reap } from "../process/child.js";
import { asError, patience, receive, sendError, syncPair } from "./sync.js";

export function aside(work: () => void): void {
	const [ours, theirs] = syncPair();
	const child = sys.clone3(0, SIGCHLD, -1);
	if (child.pid === 0) {
		inChild(() => {
			sys.close(ours);
			sys.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
			try {
				work();
			} catch (error) {
				sendError(theirs, error);
			}
			sys.exit(0);
		});
	}
	sys.close(theirs);
	try {
		const received = withFd(ours, () => receive(ours, child.pidfd, patience));
		if (received?.message.type === "error") throw asError(received.message);
	} finally {
		reap(child.pid);
		sys.close(child.pidfd);
	}
}
