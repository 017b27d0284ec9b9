/** A new network namespace has a loopback interface that is down; nobody else brings it up (engines with --network none rely on it). */
import { AF_INET, IFF_UP, SOCK_DGRAM } from "../sys/constants.js";
import { attempt } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";

export function bringLoopbackUp(): void {
	attempt(
		"namespace-failed",
		"bring the loopback interface up",
		() =>
			withFd(sys.socket(AF_INET, SOCK_DGRAM, 0), (socket) => {
				const flags = sys.ioctl_get_interface_flags(socket, "lo");
				sys.ioctl_set_interface_flags(socket, "lo", flags | IFF_UP);
			}),
		{ object: "lo", stage: "network" },
	);
}
