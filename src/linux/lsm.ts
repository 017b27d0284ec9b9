/**
 * Labels of the Linux security modules: the AppArmor profile and the SELinux label that the next execve takes
 * (apparmor(7), selinux(8)). They are written through a procfs descriptor that was proved to be one: a fake file
 * would swallow the label and leave the container unconfined.
 */
import { O_RDONLY, O_WRONLY } from "../sys/constants.js";
import type { Fd } from "../sys/door.js";
import { failure, hasCode, TsrunError } from "../sys/errors.js";
import { withFd } from "../sys/files.js";
import { sys } from "../sys/index.js";
import { openInProc, selfInProc } from "./proc-file.js";

/** `process.apparmorProfile`: confines the program that this process executes next. */
export function setAppArmorProfile(proc: Fd, profile: string): void {
	const directory = appArmorDirectory(proc);
	if (directory === null) {
		if (profile === "unconfined") return;
		throw new TsrunError("config-unsupported", "apparmor: config provided but apparmor not supported", {
			stage: "lsm",
			object: profile,
			hint: "boot the kernel with lsm=…,apparmor, or remove process.apparmorProfile",
		});
	}
	try {
		writeAttribute(proc, `${directory}/exec`, `exec ${profile}`);
	} catch (error) {
		throw failure("process-failed", `apparmor failed to apply profile ${JSON.stringify(profile)}`, error, {
			stage: "lsm",
			object: profile,
			...(hasCode(error, "ENOENT") ? { hint: "load the profile first: apparmor_parser -r FILE" } : {}),
		});
	}
}

/** Where AppArmor listens in a process's directory: its own folder, before Linux 5.8 the common one. */
function appArmorDirectory(proc: Fd): string | null {
	return ["attr/apparmor", "attr"].find((directory) => speaksAppArmor(proc, directory)) ?? null;
}

/** A module that is off answers EINVAL; SELinux in the common folder answers with a context: "user:role:type:level". */
function speaksAppArmor(proc: Fd, directory: string): boolean {
	try {
		const path = `${selfInProc(proc)}/${directory}/current`;
		const label = withFd(openInProc(proc, path, O_RDONLY), (fd) => sys.read(fd, 4096));
		return directory === "attr/apparmor" || label.split(":").length < 3;
	} catch (error) {
		if (hasCode(error, "EINVAL", "ENOENT", "EIO")) return false;
		throw error;
	}
}

/** `process.selinuxLabel`: the context of the program that this process executes next. */
export function setSelinuxLabel(proc: Fd, label: string): void {
	if (!selinuxEnabled(proc)) {
		throw new TsrunError(
			"config-unsupported",
			"selinux label is specified in config, but selinux is disabled or not supported",
			{ stage: "lsm", object: label, hint: "remove process.selinuxLabel, or enable SELinux" },
		);
	}
	writeLabel(proc, "exec", label);
}

/** The context of keyrings made from now on; without it the program could not search its own session keyring. */
export function setSelinuxKeyLabel(proc: Fd, label: string): void {
	if (selinuxEnabled(proc)) writeLabel(proc, "keycreate", label);
}

/** selinuxfs is registered exactly when SELinux is on. */
function selinuxEnabled(proc: Fd): boolean {
	return withFd(openInProc(proc, "filesystems", O_RDONLY), (fd) => sys.read(fd, 65536)).includes("\tselinuxfs\n");
}

function writeLabel(proc: Fd, attribute: "exec" | "keycreate", label: string): void {
	try {
		writeAttribute(proc, `attr/${attribute}`, label);
	} catch (error) {
		throw failure("process-failed", `selinux failed to set the ${attribute} label ${JSON.stringify(label)}`, error, {
			stage: "lsm",
			object: label,
			...(hasCode(error, "EINVAL") ? { hint: "the loaded policy does not know this context" } : {}),
		});
	}
}

function writeAttribute(proc: Fd, attribute: string, value: string): void {
	withFd(openInProc(proc, `${selfInProc(proc)}/${attribute}`, O_WRONLY), (fd) => sys.write(fd, value));
}
