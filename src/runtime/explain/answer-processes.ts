/** The recording door's answers about processes, namespaces, credentials and sockets. */
import {
	CLONE_NEWCGROUP,
	CLONE_NEWUSER,
	POLLIN,
	PR_CAPBSET_DROP,
	PR_CAPBSET_READ,
	S_IFSOCK,
} from "../../sys/constants.js";
import type { Door, Fd } from "../../sys/door.js";
import { lookUp } from "./answer-files.js";
import { textOf } from "./kernel-files.js";
import { hand, note, opened, type Recorder, theEnd } from "./recorder.js";
import { errnos } from "./world.js";

type Answers = Partial<Door>;

/** One longer than any: what only the runtime's own messages may have (init/sync.ts). */
const otherMessages = 4096;

export function processAnswers(recorder: Recorder): Answers {
	const { host, world } = recorder;
	const childPid = host.getpid() + 1;
	const end = (): never => {
		recorder.over = true;
		throw theEnd;
	};
	const told =
		(name: keyof Door) =>
		(...args: readonly unknown[]) =>
			note(recorder, name, args);
	const quiet = () => {};
	const intoContainer = (flags: number) => {
		recorder.hasCloned = true;
		recorder.actor = flags === 0 ? "intermediate" : "container";
		if (flags & CLONE_NEWUSER) recorder.uid = 65_534;
	};
	return {
		clone3(flags, exitSignal, cgroupFd) {
			requireNamespaces(recorder, flags);
			const into = cgroupFd < 0 ? "" : (opened(recorder, cgroupFd, "clone3").node?.shown ?? "");
			note(recorder, "clone3", [flags, exitSignal, cgroupFd], into);
			// a user namespace alone only carries the mappings of a mount
			const isHelper = flags === CLONE_NEWUSER || recorder.actor === "container";
			const isContainer = !isHelper && (!recorder.hasCloned || recorder.actor === "intermediate");
			if (isContainer) recorder.cloneAt = recorder.events.length - 1;
			if (isContainer && recorder.side === "container") {
				intoContainer(flags);
				return { pid: 0, pidfd: -1 };
			}
			if (isContainer) recorder.hasCloned = true;
			if (!world.made.has(`/proc/${childPid}`)) showProcess(recorder, childPid);
			return { pid: childPid, pidfd: hand(recorder, { kind: "pidfd" }) };
		},
		unshare: told("unshare"),
		setns(fd, flags) {
			note(recorder, "setns", [fd, flags], opened(recorder, fd, "setns").node?.shown);
		},
		execve: (_fd, path, argv) => {
			note(recorder, "execve", [argv], path);
			return end();
		},
		final_exec(program) {
			note(recorder, "final_exec", [program], program.path);
			return end();
		},
		exit: end,
		wait4: (pid) => ({ pid, status: 0 }),
		kill: told("kill"),
		pidfd_open: () => hand(recorder, { kind: "pidfd" }),
		pidfd_send_signal: told("pidfd_send_signal"),
		ioctl_pidfd_exit_code: () => null,
		prctl(option, arg2, ...rest) {
			if (option === PR_CAPBSET_READ) return host.prctl(option, arg2, ...rest);
			// the end of the list is found by asking
			const last = Number(textOf(host, "/proc/sys/kernel/cap_last_cap"));
			if (option === PR_CAPBSET_DROP && Number(arg2) > last) host.throw_errno("prctl", errnos.EINVAL);
			note(recorder, "prctl", [option, arg2]);
			return 0;
		},
		prctl_set_name: quiet,
		getpid: () => (recorder.actor === "container" ? 1 : host.getpid()),
		setsid: told("setsid"),
		setpriority: told("setpriority"),
		sched_setattr: told("sched_setattr"),
		sched_setaffinity: told("sched_setaffinity"),
		ioprio_set: told("ioprio_set"),
		setrlimit: told("setrlimit"),
		personality(persona) {
			note(recorder, "personality", [persona]);
			return 0;
		},
		set_mempolicy: told("set_mempolicy"),
		sethostname: told("sethostname"),
		setdomainname: told("setdomainname"),
		keyctl_join_session_keyring(name) {
			note(recorder, "keyctl_join_session_keyring", [name], name);
			return 1;
		},
		keyctl_setperm: quiet,
		keyctl_describe: () => "keyring;0;0;3f130000;_ses",
		sigprocmask: quiet,
		signals_reset: told("signals_reset"),
		signal_ignore: told("signal_ignore"),
		signalfd4: () => hand(recorder, { kind: "signalfd" }),
		read_siginfo: () => null,
		getuid: () => recorder.uid,
		geteuid: () => recorder.uid,
		getgid: () => (recorder.asRoot || recorder.actor === "container" ? 0 : host.getgid()),
		getegid: () => (recorder.asRoot || recorder.actor === "container" ? 0 : host.getegid()),
		setgroups: told("setgroups"),
		setresuid(real, effective, saved) {
			recorder.uid = effective;
			note(recorder, "setresuid", [real, effective, saved]);
		},
		setresgid: told("setresgid"),
		capget() {
			if (!recorder.asRoot && recorder.actor === "runtime") return host.capget();
			const all = (1n << BigInt(Number(textOf(host, "/proc/sys/kernel/cap_last_cap")) + 1)) - 1n;
			return { effective: all, permitted: all, inheritable: 0n };
		},
		capset: told("capset"),
		socket: () => hand(recorder, { kind: "socket" }),
		socketpair() {
			recorder.sync = [hand(recorder, { kind: "socket" }), hand(recorder, { kind: "socket" })];
			return recorder.sync as readonly [Fd, Fd];
		},
		connect_unix: (fd, path) => note(recorder, "connect_unix", [fd, path], path),
		bind_unix(fd, path) {
			const end = path.lastIndexOf("/");
			const directory = lookUp(recorder, -100, path.slice(0, end), true, "bind");
			world.made.set(`${directory.key}${path.slice(end)}`, { mode: S_IFSOCK | 0o600 });
			note(recorder, "bind_unix", [fd], `${directory.shown}${path.slice(end)}`);
		},
		listen: quiet,
		accept4: () => hand(recorder, { kind: "socket" }),
		sendmsg(fd, data) {
			const text = typeof data === "string" ? data : "";
			note(recorder, "sendmsg", [fd], "", { text });
			return text.length;
		},
		recvmsg(_fd, size) {
			if (size <= otherMessages) return { data: "", fds: [] };
			const data = recorder.incoming.shift() ?? "";
			note(recorder, "recvmsg", [], "", { text: data });
			return { data, fds: data.includes('"terminal"') ? [hand(recorder, { kind: "terminal" })] : [] };
		},
		ioctl_get_interface_flags: () => 0,
		ioctl_set_interface_flags: (fd, name, flags) =>
			note(recorder, "ioctl_set_interface_flags", [fd, name, flags], name),
		isatty: (fd) => !recorder.open.has(fd) && fd <= 2 && host.isatty(fd),
		tcsetattr: quiet,
		ioctl_winsize_set: quiet,
		ioctl_unlock_pty: quiet,
		ioctl_pty_peer() {
			note(recorder, "ioctl_pty_peer", []);
			return hand(recorder, {
				node: { ...world.root, key: "#pts", shown: "its terminal", real: null, made: { mode: 0o020620 } },
				kind: "terminal",
			});
		},
		ioctl_pty_number: () => 0,
		ioctl_set_controlling_terminal: told("ioctl_set_controlling_terminal"),
		poll: (items) => items.map((_item, index) => (index === 0 ? POLLIN : 0)),
		eventfd2: () => hand(recorder, { kind: "eventfd" }),
		bpf_prog_load(type) {
			note(recorder, "bpf_prog_load", [type]);
			return hand(recorder, { kind: "program" });
		},
		bpf_prog_attach: (target) => note(recorder, "bpf_prog_attach", [], opened(recorder, target, "bpf").node?.shown),
		bpf_prog_detach: quiet,
		bpf_prog_query: () => [],
	};
}

/** The new process in /proc, with the files that ours has there. */
function showProcess({ world }: Recorder, pid: number): void {
	const proc = world.root;
	const key = `/proc/${pid}`;
	world.mounts.set(key, { key: "#process", parent: proc, shown: key, real: "/proc/self", made: null, fs: null });
}

const namespaceFiles: readonly (readonly [flag: number, file: string, limit: string])[] = [
	[0x0002_0000, "mnt", "mnt"],
	[CLONE_NEWCGROUP, "cgroup", "cgroup"],
	[0x0400_0000, "uts", "uts"],
	[0x0800_0000, "ipc", "ipc"],
	[CLONE_NEWUSER, "user", "user"],
	[0x2000_0000, "pid", "pid"],
	[0x4000_0000, "net", "net"],
];

/** What the kernel says before it makes a namespace: not built in, switched off, or none may be made (namespaces(7)). */
function requireNamespaces(recorder: Recorder, flags: number): void {
	const { host } = recorder;
	for (const [, file, limit] of namespaceFiles.filter(([flag]) => flags & flag)) {
		try {
			host.readlinkat(-100, `/proc/self/ns/${file}`);
		} catch {
			host.throw_errno("clone3", errnos.EINVAL);
		}
		if (textOf(host, `/proc/sys/user/max_${limit}_namespaces`).trim() === "0")
			host.throw_errno("clone3", errnos.ENOSPC);
	}
	const forbidden = textOf(host, "/proc/sys/kernel/unprivileged_userns_clone").trim() === "0";
	if (flags & CLONE_NEWUSER && forbidden && recorder.uid !== 0) host.throw_errno("clone3", errnos.EPERM);
}
