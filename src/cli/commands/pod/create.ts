/** `pod create`: namespaces, and a process that holds them. */
import { createPod } from "../../../runtime/pods/create-pod.js";
import type { Verb } from "../../verb.js";

interface Values {
	readonly hostname?: string;
	readonly pid?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <pod>",
	description: `Makes a container of the pod's name that holds a network, an IPC and a UTS
namespace for others to join, and does nothing else: its program is the
built-in init, its root filesystem is empty. It lives until the pod ends,
whatever becomes of the others. A user without privileges gets a user
namespace as well.`,
	flags: [
		{ name: "hostname", value: "name", help: "of all its containers (default: the pod's name)" },
		{ name: "pid", help: "share the process ids too: orphans are adopted and waited for by the pod" },
	],
	operands: { least: 1, most: 1 },
	unit: "makes",
	failurePrefix: (program) => `${program} pod create failed`,
	run(host, [name = ""], { hostname = name.slice(0, 64), pid = false }) {
		createPod(host, name, { hostname, sharesPids: pid });
		return 0;
	},
};
