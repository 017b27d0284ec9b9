/**
 * Kernel parameters (sysctl(8), config-linux.md#sysctl), written under /proc/sys in the container's namespaces. That
 * each is the container's own was checked with the configuration.
 */
import { sysctlSteps } from "../spec/sysctl-name.js";
import { O_WRONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { attempt } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openInProc } from "./proc-file.js";

/** Writes every parameter; `procSys` is a descriptor of the directory /proc/sys. */
export function writeSysctls(procSys: Fd, sysctls: Readonly<Record<string, string>>): void {
	for (const [name, value] of Object.entries(sysctls)) {
		const path = sysctlSteps(name).join("/");
		attempt(
			"sysctl-failed",
			`write sysctl ${name}=${JSON.stringify(value)} to "/proc/sys/${path}"`,
			() => withFd(openInProc(procSys, path, O_WRONLY), (fd) => sys.write(fd, value)),
			{ stage: "sysctl", object: name },
		);
	}
}
