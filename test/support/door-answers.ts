/** What the recording door says when a test has not scripted an answer: a machine where all goes well. */
import { RLIM_INFINITY } from "../../src/sys/constants.js";
import type { Door, Fd } from "../../src/sys/door.js";

export type Answers = Partial<Record<keyof Door, (...args: never[]) => unknown>>;

/** The calls that do not return end the code under test with this error. */
export class ProcessEnded extends Error {
	constructor(
		readonly syscall: "exit" | "execve" | "final_exec",
		readonly args: readonly unknown[],
	) {
		super(`the process ended with ${syscall}`);
	}
}

const opening = [
	"openat",
	"openat2",
	"memfd_create",
	"open_tree",
	"fsopen",
	"fspick",
	"fsmount",
	"pidfd_open",
	"signalfd4",
	"eventfd2",
	"socket",
	"accept4",
	"ioctl_pty_peer",
	"bpf_prog_load",
	"bpf_prog_get_fd_by_id",
] as const;

const zero = [
	"lseek",
	"copy_file_range",
	"fcntl",
	"prctl",
	"personality",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"ioctl_get_interface_flags",
	"ioctl_pty_number",
] as const;

const noEntries = ["getdents64", "getgroups", "bpf_prog_query", "environ"] as const;

/** 64-bit FNV-1a as the native door computes it. */
export function fnv1a64(text: string): string {
	let hash = 0xcbf29ce484222325n;
	for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
	return hash.toString(16).padStart(16, "0");
}

function byteLength(data: string | ArrayBuffer): number {
	return typeof data === "string" ? Buffer.byteLength(data) : data.byteLength;
}

export function defaultAnswers(nextFd: () => Fd): Answers {
	const everyCapability = (1n << 41n) - 1n;
	let now = 1_000_000_000n;
	let pid = 1000;
	let handle = 1;
	const end = (syscall: ProcessEnded["syscall"]) => [
		syscall,
		(...args: unknown[]) => {
			throw new ProcessEnded(syscall, args);
		},
	];
	return {
		...Object.fromEntries(opening.map((name) => [name, nextFd])),
		...Object.fromEntries(zero.map((name) => [name, () => 0])),
		...Object.fromEntries(noEntries.map((name) => [name, () => []])),
		...Object.fromEntries([end("exit"), end("execve"), end("final_exec")]),
		read: () => "",
		read_bytes: () => new ArrayBuffer(0),
		write: (_fd: Fd, data: string | ArrayBuffer) => byteLength(data),
		sendmsg: (_fd: Fd, data: string | ArrayBuffer) => byteLength(data),
		recvmsg: () => ({ data: "", fds: [] }),
		fstat: () => ({ dev: 1, ino: 1, mode: 0o100644, nlink: 1, uid: 0, gid: 0, size: 0, major: 0, minor: 0 }),
		fstatat: () => ({ dev: 1, ino: 1, mode: 0o100644, nlink: 1, uid: 0, gid: 0, size: 0, major: 0, minor: 0 }),
		statx_mount_id: () => 1,
		fstatfs: () => ({ type: 0, flags: 0 }),
		readlinkat: () => "",
		getcwd: () => "/",
		umask: () => 0o022,
		socketpair: () => [nextFd(), nextFd()],
		clone3: () => ({ pid: ++pid, pidfd: nextFd() }),
		wait4: (waited: number) => ({ pid: waited, status: 0 }),
		getpid: () => 1000,
		getppid: () => 1,
		sched_getaffinity: () => [0, 1],
		getrlimit: () => ({ soft: BigInt(RLIM_INFINITY), hard: BigInt(RLIM_INFINITY) }),
		uname: () => ({ release: "6.18.0", machine: "x86_64", nodename: "host" }),
		keyctl_join_session_keyring: () => 77,
		keyctl_describe: () => "keyring;0;0;3f030000;_ses",
		read_siginfo: () => null,
		argv: () => ["tsrun"],
		capget: () => ({ effective: everyCapability, permitted: everyCapability, inheritable: 0n }),
		isatty: () => false,
		tcgetattr: () => ({ iflag: 0, oflag: 0, cflag: 0, lflag: 0, cc: new ArrayBuffer(32) }),
		ioctl_winsize_get: () => ({ rows: 24, columns: 80 }),
		poll: (items: readonly { events: number }[]) => items.map((item) => item.events),
		seccomp_action_available: () => true,
		seccomp_init: () => handle++,
		seccomp_arch_native: () => 0xc000003e,
		seccomp_arch_resolve_name: () => 0xc000003e,
		seccomp_export_bpf: () => new ArrayBuffer(8),
		seccomp_version: () => "2.5.4",
		clock_gettime: () => {
			now += 1000n;
			return now;
		},
		fnv1a64,
		embedded: () => null,
		embedded_bytes: () => new ArrayBuffer(16),
	};
}
