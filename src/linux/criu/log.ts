/** Why CRIU failed, out of its log: the first error that is one, and what of our flags allows it. Pure. */

/** Told as errors, and survived. */
const harmless: readonly RegExp[] = [/^rlimit: /, /Unable to fetch file descriptors limit/];

/** What a text of the log asks for. */
const cures: readonly (readonly [wanted: RegExp, hint: string])[] = [
	[/--tcp-established|Connected TCP socket/, "pass --tcp-established, to checkpoint and to restore"],
	[/--shell-job|Found dangling tty/, "the container uses a terminal of its caller's: pass --shell-job"],
	[/--ext-unix-sk|External socket is used/, "a unix socket is connected to somebody outside: pass --ext-unix-sk"],
	[
		/Unix socket \d+ not found/,
		"an open socket, perhaps a standard stream, leads outside: give the container pipes or files",
	],
	[
		/No mapping for/,
		"the container has a mount from outside that the bundle does not name: mounts needs the same destinations",
	],
	[
		/Can't get 1:16 opt/,
		"of sockets it asks what kernels since Linux 6.16 do not answer any more: take a younger CRIU",
	],
	[/--file-locks|file locks are hold/, "a process holds file locks: pass --file-locks, to checkpoint and to restore"],
	[/--link-remap/, "an open file has been deleted: pass --link-remap"],
	[/Dirty tracking|[Mm]em(?:ory)?[ -]track/, "the kernel does not track changed memory (CONFIG_MEM_SOFT_DIRTY)"],
];

export interface LoggedFailure {
	/** Without time and place in CRIU's source. */
	readonly message: string;
	readonly hint: string | undefined;
}

/** null when the log tells of no error. */
export function failureInLog(log: string): LoggedFailure | null {
	const errors = log.split("\n").flatMap((line) => {
		const [, message = ""] = /\bError \([^)]*\): (.*)$/.exec(line) ?? [];
		return message === "" || harmless.some((pattern) => pattern.test(message)) ? [] : [message];
	});
	const [message] = errors;
	if (message === undefined) return null;
	return { message, hint: cures.find(([wanted]) => errors.some((error) => wanted.test(error)))?.[1] };
}
