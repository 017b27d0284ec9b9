/** `exec`: one more process in a container. */
import { execInContainer } from "../../runtime/lifecycle/exec.js";
import type { ExecOptions, UserOption } from "../../runtime/options.js";
import { TsrunError } from "../../sys/errors.js";
import { parseWholeNumber } from "../arguments.js";
import { type ProcessValues, processFlags, processOptions } from "../process-flags.js";
import type { Verb } from "../verb.js";

interface Values extends ProcessValues {
	readonly cwd?: string;
	readonly env?: readonly string[];
	readonly tty?: boolean;
	readonly user?: string;
	readonly additionalGids?: readonly number[];
	readonly process?: string;
	readonly processLabel?: string;
	readonly apparmor?: string;
	/** `--no-new-privs` is new privileges switched off. */
	readonly newPrivs?: boolean;
	readonly cap?: readonly string[];
	readonly cgroup?: readonly string[];
	readonly ignorePaused?: boolean;
}

export const verb: Verb<Values> = {
	usage: "[command options] <container-id> [--] <command> [argument...]  || -p <process.json> <container-id>",
	description: `Executes the command in the container, created or running, with the user, the
environment and the limits of the container's own process unless told
otherwise. The exit status is the command's; it is 255 when it could not be
executed.`,
	flags: [
		processFlags.consoleSocket,
		processFlags.pidfdSocket,
		{ name: "cwd", value: "dir", help: "working directory in the container" },
		{ name: "env", short: "e", value: "name=value", repeats: true, help: "add to the environment" },
		{ name: "tty", short: "t", help: "give the process a terminal" },
		{ name: "user", short: "u", value: "uid[:gid]", help: "run as this user, in numbers" },
		{ name: "additional-gids", short: "g", value: "gid", repeats: true, parse: parseWholeNumber, help: "add a group" },
		{ name: "process", short: "p", value: "file", help: "take all of this from a process object in JSON" },
		processFlags.detach,
		processFlags.pidFile,
		{ name: "process-label", value: "label", help: "SELinux label of the process" },
		{ name: "apparmor", value: "profile", help: "AppArmor profile of the process" },
		{ name: "no-new-privs", help: "forbid gaining privileges by executing a file" },
		{ name: "cap", short: "c", value: "name", repeats: true, help: "add a capability to those of the container" },
		processFlags.preserveFds,
		{
			name: "cgroup",
			value: "[controller[,...]:]path",
			repeats: true,
			help: "run in this cgroup below the container's, which must exist",
		},
		{ name: "ignore-paused", help: "go ahead in a paused container; the command starts when it is resumed" },
	],
	operands: { least: 1, most: Number.POSITIVE_INFINITY },
	flagsEndAtOperand: true,
	unit: "joins",
	failurePrefix: () => "exec failed",
	failureStatus: 255,
	run(host, [id = "", ...words], values) {
		return execInContainer(host, id, execOptions(words, values));
	},
};

function execOptions(words: readonly string[], values: Values): ExecOptions {
	return {
		...processOptions(values),
		processFile: values.process || undefined,
		args: words[0] === "--" ? words.slice(1) : words,
		cwd: values.cwd || undefined,
		env: values.env ?? [],
		tty: values.tty ?? false,
		user: values.user ? parseUser(values.user) : undefined,
		additionalGids: values.additionalGids ?? [],
		detach: values.detach ?? false,
		processLabel: values.processLabel || undefined,
		apparmor: values.apparmor || undefined,
		noNewPrivileges: values.newPrivs === undefined ? undefined : !values.newPrivs,
		capabilities: values.cap ?? [],
		cgroups: values.cgroup ?? [],
		ignorePaused: values.ignorePaused ?? false,
	};
}

function parseUser(text: string): UserOption {
	const [, uid, gid] = /^([0-9]{1,10})(?::([0-9]{1,10}))?$/.exec(text) ?? [];
	if (uid === undefined) {
		const message = `invalid user ${JSON.stringify(text)}: it is uid or uid:gid, in numbers`;
		throw new TsrunError("usage", message, {
			object: text,
			hint: "names are the container's own affair: id -u NAME in there",
		});
	}
	return { uid: Number(uid), gid: gid === undefined ? undefined : Number(gid) };
}
