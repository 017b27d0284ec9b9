/** `restore`: a container goes on where a checkpoint has left it. */
import { restoreContainer } from "../../runtime/lifecycle/restore.js";
import { absolutePath } from "../context.js";
import { type CriuValues, criuFlags, criuOptions } from "../criu-flags.js";
import { createFlags, processFlags } from "../process-flags.js";
import type { Verb } from "../verb.js";

interface Values extends CriuValues {
	readonly bundle?: string;
	readonly consoleSocket?: string;
	readonly detach?: boolean;
	readonly pidFile?: string;
	readonly subreaper?: boolean;
	readonly lsmProfile?: string;
	readonly lsmMountContext?: string;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id>",
	description: `Makes a container from the images of the command "checkpoint", with CRIU. Its
processes go on where they were. The bundle, the id and the root filesystem's
place may be others than before. Without --detach the command stays until the
program has ended, as "run" does.`,
	flags: [
		processFlags.consoleSocket,
		criuFlags.imagePath,
		criuFlags.workPath,
		criuFlags.tcpEstablished,
		criuFlags.extUnixSk,
		criuFlags.shellJob,
		criuFlags.fileLocks,
		criuFlags.cgroupMode,
		createFlags.bundle,
		processFlags.detach,
		processFlags.pidFile,
		{ name: "no-subreaper", help: "do not adopt processes that the container leaves behind" },
		{ name: "no-pivot", help: "accepted: CRIU enters the root filesystem in its own way" },
		criuFlags.emptyNs,
		criuFlags.autoDedup,
		criuFlags.lazyPages,
		{ name: "lsm-profile", value: "type:name", help: "apparmor:PROFILE or selinux:LABEL in place of the one saved" },
		{ name: "lsm-mount-context", value: "context", help: "SELinux context of mounts in place of the one saved" },
	],
	operands: { least: 1, most: 1 },
	unit: "makes",
	failurePrefix: (program) => `${program} restore failed`,
	run(host, [id = ""], values) {
		return restoreContainer(host, id, {
			...criuOptions(values),
			bundle: values.bundle || ".",
			detach: values.detach ?? false,
			pidFile: values.pidFile ? absolutePath(values.pidFile) : undefined,
			consoleSocket: values.consoleSocket || undefined,
			noSubreaper: values.subreaper === false,
			lsmProfile: values.lsmProfile || undefined,
			lsmMountContext: values.lsmMountContext || undefined,
		});
	},
};
