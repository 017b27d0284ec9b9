/**
 * The door to the kernel: one typed function per system call, named as in its man page.
 *
 * `native/sys_*.c` implements every line of this interface and nothing more: it converts the arguments, makes
 * the call (again after EINTR where that is safe) and throws a {@link SysError} when the kernel says no. What to
 * ask for is decided in TypeScript. Tests put a recording object in its place.
 *
 * Conventions: a file descriptor is a number and always close-on-exec; paths are strings in UTF-8; flags are
 * the numbers of `constants.ts`; integers beyond 2^53 come and go as BigInt; "text" is UTF-8.
 */
export type Fd = number;

/** What every failing call throws: errno as number and name, the call's name and its arguments. */
export interface SysError extends Error {
	readonly errno: number;
	/** The errno's name, "ENOENT". */
	readonly code: string;
	/** The man page, "openat2". */
	readonly syscall: string;
	readonly args: readonly unknown[];
}

/** stat(2): what the runtime looks at. `dev` and `ino` are exact up to 2^53, BigInt beyond. */
export interface Stat {
	readonly dev: number | bigint;
	readonly ino: number | bigint;
	readonly mode: number;
	readonly nlink: number;
	readonly uid: number;
	readonly gid: number;
	readonly size: number;
	/** Device number of a device node. */
	readonly major: number;
	readonly minor: number;
}

export interface DirectoryEntry {
	readonly name: string;
	/** DT_DIR, DT_REG, DT_LNK … */
	readonly type: number;
}

/** termios(3) as four flag words and the control characters. */
export interface Termios {
	readonly iflag: number;
	readonly oflag: number;
	readonly cflag: number;
	readonly lflag: number;
	readonly cc: ArrayBuffer;
}

export interface WindowSize {
	readonly rows: number;
	readonly columns: number;
}

/** sched_setattr(2); runtime, deadline and period in nanoseconds. */
export interface SchedAttr {
	readonly policy: number;
	readonly flags: number | bigint;
	readonly nice: number;
	readonly priority: number;
	readonly runtime: number | bigint;
	readonly deadline: number | bigint;
	readonly period: number | bigint;
}

/** The three sets that capset(2) takes at once, each a mask of 64 bits. */
export interface CapabilitySets {
	readonly effective: bigint;
	readonly permitted: bigint;
	readonly inheritable: bigint;
}

/** One comparison of a seccomp rule: `arg[index] op value`, and `& value == valueTwo` for MASKED_EQ. */
export interface SeccompComparison {
	readonly index: number;
	/** SCMP_CMP_NE … SCMP_CMP_MASKED_EQ. */
	readonly op: number;
	readonly value: number | bigint;
	readonly valueTwo: number | bigint;
}

/**
 * The last step of a container's process, all in one call because no interpreter step may lie between the
 * seccomp filter and execve: mark the descriptors, take the capabilities, load the filter, become the program.
 */
export interface FinalExec {
	/** An open O_PATH or readable descriptor of the program: execveat(fd, "", AT_EMPTY_PATH); -1 to use `path`. */
	readonly fd: Fd;
	readonly path: string;
	readonly argv: readonly string[];
	readonly envp: readonly string[];
	/** Descriptors from this number on are closed (marked close-on-exec), so 3 + preserved ones. */
	readonly firstClosedFd: number;
	/** null leaves the sets as they are. */
	readonly capabilities: CapabilitySets | null;
	/** Ambient set, raised one by one after capset; those that cannot be raised are left out. */
	readonly ambient: bigint;
	/** PR_SET_NO_NEW_PRIVS. Without it {@link capabilities} must hold CAP_SYS_ADMIN for the filter; execve(2) takes it away. */
	readonly noNewPrivileges: boolean;
	/** A compiled BPF program (`struct sock_filter[]`), or null. */
	readonly seccomp: ArrayBuffer | null;
	/** SECCOMP_FILTER_FLAG_*. */
	readonly seccompFlags: number;
	/** With NEW_LISTENER among the flags: what goes to {@link errorFd}, a socket, together with the listener's descriptor. */
	readonly listenerMessage: string;
	/**
	 * Where a failure is told, since nobody can return from here: a line of call, errno's name, its text,
	 * path and {@link note}, separated by tabs, then _exit(1). Close-on-exec, so that end of file without a line means the program runs.
	 */
	readonly errorFd: Fd;
	/** What is known beforehand about why execve may fail. */
	readonly note: string;
}

export interface PollItem {
	readonly fd: Fd;
	/** POLLIN | POLLOUT … */
	readonly events: number;
}

export interface Message {
	/** The payload as text; "" at end of file. */
	readonly data: string;
	/** Descriptors that came by SCM_RIGHTS, close-on-exec. */
	readonly fds: readonly Fd[];
}

export interface Door {
	// --- files (sys_fs.c) -------------------------------------------------------------------------------------
	openat(dirfd: Fd, path: string, flags: number, mode: number): Fd;
	/** `resolve` is RESOLVE_*; EAGAIN is thrown, the caller retries. */
	openat2(dirfd: Fd, path: string, flags: number, mode: number, resolve: number): Fd;
	close(fd: Fd): void;
	/** `flags` 0 or CLOSE_RANGE_CLOEXEC; `last` -1 is the highest. */
	close_range(first: number, last: number, flags: number): void;
	/** Up to `size` bytes as text (invalid UTF-8 becomes U+FFFD); "" at end of file. */
	read(fd: Fd, size: number): string;
	/** Up to `size` bytes; length 0 at end of file. */
	read_bytes(fd: Fd, size: number): ArrayBuffer;
	/** Bytes written. Text is written to its end (a short count is followed by another call); bytes may fall short. */
	write(fd: Fd, data: string | ArrayBuffer): number;
	lseek(fd: Fd, offset: number, whence: number): number;
	ftruncate(fd: Fd, length: number): void;
	/** Bytes copied, 0 at end of input. */
	copy_file_range(from: Fd, to: Fd, size: number): number;
	/** dup3(2) with O_CLOEXEC off: the copy is inherited. dup2(fd, fd) clears close-on-exec. */
	dup2(fd: Fd, target: Fd): void;
	fcntl(fd: Fd, command: number, argument: number): number;
	fstat(fd: Fd): Stat;
	/** newfstatat(2); AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH. */
	fstatat(dirfd: Fd, path: string, flags: number): Stat;
	/** statx(2)'s stx_mnt_id. */
	statx_mount_id(dirfd: Fd, path: string, flags: number): number | bigint;
	/** statfs(2): file system magic and mount flags (ST_RDONLY …). */
	fstatfs(fd: Fd): { readonly type: number; readonly flags: number };
	mkdirat(dirfd: Fd, path: string, mode: number): void;
	mknodat(dirfd: Fd, path: string, mode: number, major: number, minor: number): void;
	symlinkat(target: string, dirfd: Fd, path: string): void;
	renameat2(fromDir: Fd, from: string, toDir: Fd, to: string, flags: number): void;
	unlinkat(dirfd: Fd, path: string, flags: number): void;
	readlinkat(dirfd: Fd, path: string): string;
	/** The next entries of a directory, without "." and ".."; [] at the end. */
	getdents64(fd: Fd): readonly DirectoryEntry[];
	fchmod(fd: Fd, mode: number): void;
	fchown(fd: Fd, uid: number, gid: number): void;
	fchownat(dirfd: Fd, path: string, uid: number, gid: number, flags: number): void;
	faccessat2(dirfd: Fd, path: string, mode: number, flags: number): void;
	chdir(path: string): void;
	fchdir(fd: Fd): void;
	getcwd(): string;
	umask(mask: number): number;
	memfd_create(name: string, flags: number): Fd;

	// --- mounts (sys_mount.c) ---------------------------------------------------------------------------------
	mount(source: string | null, target: string, type: string | null, flags: number, data: string | null): void;
	umount2(target: string, flags: number): void;
	pivot_root(newRoot: string, putOld: string): void;
	chroot(path: string): void;
	open_tree(dirfd: Fd, path: string, flags: number): Fd;
	move_mount(fromDir: Fd, from: string, toDir: Fd, to: string, flags: number): void;
	fsopen(type: string, flags: number): Fd;
	fspick(dirfd: Fd, path: string, flags: number): Fd;
	/** `command` is FSCONFIG_*; key and value null where the command takes none; `aux` an fd or 0. */
	fsconfig(fd: Fd, command: number, key: string | null, value: string | null, aux: number): void;
	fsmount(fd: Fd, flags: number, attributes: number): Fd;
	/** Since Linux 5.12. Attributes are MOUNT_ATTR_*, `propagation` MS_* or 0, `usernsFd` 0 without IDMAP. */
	mount_setattr(
		dirfd: Fd,
		path: string,
		flags: number,
		set: number,
		clear: number,
		propagation: number,
		usernsFd: Fd,
	): void;

	// --- processes, namespaces, signals (sys_process.c) -------------------------------------------------------
	/**
	 * clone3(2) as fork does it: both sides return and go on. In the child pid is 0. `cgroupFd` is -1 or the
	 * v2 cgroup for CLONE_INTO_CGROUP; the pidfd (CLONE_PIDFD is always set) is -1 in the child.
	 */
	clone3(flags: number, exitSignal: number, cgroupFd: Fd): { readonly pid: number; readonly pidfd: Fd };
	unshare(flags: number): void;
	setns(fd: Fd, flags: number): void;
	/** execveat(2) with an empty path on `fd`, or execve(2) of `path` when fd is -1. Returns only to throw. */
	execve(fd: Fd, path: string, argv: readonly string[], envp: readonly string[]): never;
	final_exec(program: FinalExec): never;
	/** _exit(2). */
	exit(status: number): never;
	/** wait4(2): null with WNOHANG when nothing has ended, else the pid and the raw wait status. */
	wait4(pid: number, options: number): { readonly pid: number; readonly status: number } | null;
	kill(pid: number, signal: number): void;
	pidfd_open(pid: number, flags: number): Fd;
	pidfd_send_signal(pidfd: Fd, signal: number): void;
	/** Another process's open file, as a descriptor of ours. */
	pidfd_getfd(pidfd: Fd, fd: Fd): Fd;
	/** PIDFD_GET_INFO, since Linux 6.15: the raw wait status of a process that somebody has waited for; null before. */
	ioctl_pidfd_exit_code(pidfd: Fd): number | null;
	/** prctl(2) with integer arguments. */
	prctl(option: number, arg2: number | bigint, arg3: number | bigint, arg4: number, arg5: number): number;
	/** prctl(PR_SET_NAME): what ps shows for us, up to 15 bytes. */
	prctl_set_name(name: string): void;
	getpid(): number;
	getppid(): number;
	setsid(): void;
	setpriority(which: number, who: number, nice: number): void;
	sched_setattr(pid: number, attr: SchedAttr): void;
	/** CPU numbers, or null for all that there can be. */
	sched_setaffinity(pid: number, cpus: readonly number[] | null): void;
	sched_getaffinity(pid: number): readonly number[];
	ioprio_set(which: number, who: number, ioprio: number): void;
	/** prlimit(2) on ourselves; RLIM_INFINITY is 2^64-1. */
	setrlimit(resource: number, soft: bigint, hard: bigint): void;
	getrlimit(resource: number): { readonly soft: bigint; readonly hard: bigint };
	personality(persona: number): number;
	/** set_mempolicy(2) with the numbers of the nodes. */
	set_mempolicy(mode: number, nodes: readonly number[]): void;
	sethostname(name: string): void;
	setdomainname(name: string): void;
	uname(): { readonly release: string; readonly machine: string; readonly nodename: string };
	/** keyctl(KEYCTL_JOIN_SESSION_KEYRING): the keyring's serial. */
	keyctl_join_session_keyring(name: string): number;
	/** keyctl(KEYCTL_SETPERM). */
	keyctl_setperm(key: number, permissions: number): void;
	/** keyctl(KEYCTL_DESCRIBE): "type;uid;gid;perm;description". */
	keyctl_describe(key: number): string;
	/** sigprocmask(2): `how` SIG_BLOCK, SIG_UNBLOCK or SIG_SETMASK with signal numbers. */
	sigprocmask(how: number, signals: readonly number[]): void;
	/** Every catchable signal back to SIG_DFL and an empty mask: what a program expects to find. */
	signals_reset(): void;
	/** sigaction(2) to SIG_IGN (true) or SIG_DFL (false). */
	signal_ignore(signal: number, ignore: boolean): void;
	/** A descriptor from which {@link read_siginfo} takes the signals of the set. */
	signalfd4(signals: readonly number[]): Fd;
	/** The next pending signal of a signalfd; null when none is. */
	read_siginfo(fd: Fd): { readonly signal: number; readonly pid: number } | null;
	/** Our command line, without the interpreter's. */
	argv(): readonly string[];
	/** "KEY=value" entries as inherited. */
	environ(): readonly string[];

	// --- credentials (sys_credentials.c) ----------------------------------------------------------------------
	getuid(): number;
	geteuid(): number;
	getgid(): number;
	getegid(): number;
	getgroups(): readonly number[];
	setgroups(gids: readonly number[]): void;
	setresuid(real: number, effective: number, saved: number): void;
	setresgid(real: number, effective: number, saved: number): void;
	capget(): CapabilitySets;
	capset(sets: CapabilitySets): void;

	// --- sockets (sys_network.c) ------------------------------------------------------------------------------
	socket(domain: number, type: number, protocol: number): Fd;
	socketpair(domain: number, type: number): readonly [Fd, Fd];
	connect_unix(fd: Fd, path: string): void;
	bind_unix(fd: Fd, path: string): void;
	listen(fd: Fd, backlog: number): void;
	accept4(fd: Fd): Fd;
	/** Bytes sent; `fds` go along by SCM_RIGHTS. MSG_NOSIGNAL is set. */
	sendmsg(fd: Fd, data: string | ArrayBuffer, fds: readonly Fd[]): number;
	/** One message of up to `size` bytes. */
	recvmsg(fd: Fd, size: number): Message;
	/** The same as bytes; none at end of file. */
	recvmsg_bytes(fd: Fd, size: number): { readonly data: ArrayBuffer; readonly fds: readonly Fd[] };
	/** ioctl(SIOCGIFFLAGS) and ioctl(SIOCSIFFLAGS), netdevice(7). */
	ioctl_get_interface_flags(fd: Fd, name: string): number;
	ioctl_set_interface_flags(fd: Fd, name: string, flags: number): void;
	/** Throws as a failing call does, for an errno that came as data: netlink(7) answers so. */
	throw_errno(syscall: string, errno: number): never;

	// --- terminals (sys_tty.c) --------------------------------------------------------------------------------
	isatty(fd: Fd): boolean;
	tcgetattr(fd: Fd): Termios;
	tcsetattr(fd: Fd, termios: Termios): void;
	ioctl_winsize_get(fd: Fd): WindowSize;
	ioctl_winsize_set(fd: Fd, size: WindowSize): void;
	/** TIOCSPTLCK 0: make the other end usable. */
	ioctl_unlock_pty(master: Fd): void;
	/** TIOCGPTPEER: the other end, without a path (Linux 4.13). */
	ioctl_pty_peer(master: Fd, flags: number): Fd;
	/** TIOCGPTN: the N of /dev/pts/N. */
	ioctl_pty_number(master: Fd): number;
	/** TIOCSCTTY. */
	ioctl_set_controlling_terminal(fd: Fd): void;

	// --- waiting (sys_poll.c) ---------------------------------------------------------------------------------
	/** ppoll(2): the ready events per item; milliseconds, -1 without limit. EINTR gives all zeros. */
	poll(items: readonly PollItem[], timeout: number): readonly number[];
	/** A counter that a read of 8 bytes empties; with EFD_NONBLOCK an empty one throws EAGAIN. */
	eventfd2(initial: number, flags: number): Fd;

	// --- BPF (sys_bpf.c) --------------------------------------------------------------------------------------
	/** BPF_PROG_LOAD; on failure the verifier's log is in the error's message. */
	bpf_prog_load(type: number, instructions: ArrayBuffer, license: string): Fd;
	bpf_prog_attach(target: Fd, program: Fd, attachType: number, flags: number): void;
	bpf_prog_detach(target: Fd, program: Fd, attachType: number): void;
	/** Ids of the programs attached to a cgroup. */
	bpf_prog_query(target: Fd, attachType: number): readonly number[];
	bpf_prog_get_fd_by_id(id: number): Fd;

	// --- seccomp (sys_seccomp.c; libseccomp, seccomp_*(3)) ----------------------------------------------------
	/** seccomp(2) SECCOMP_GET_ACTION_AVAIL. */
	seccomp_action_available(action: number): boolean;
	/** A handle for the calls below. */
	seccomp_init(defaultAction: number): number;
	seccomp_attr_set(filter: number, attribute: number, value: number): void;
	/** The SCMP_ARCH_* token of libseccomp's name ("x86_64"), 0 when it does not know it. */
	seccomp_arch_resolve_name(name: string): number;
	seccomp_arch_native(): number;
	/** Throws EEXIST for an architecture that is there. */
	seccomp_arch_add(filter: number, architecture: number): void;
	/** The number, or -1 (__NR_SCMP_ERROR) for a name that libseccomp does not know. */
	seccomp_syscall_resolve_name(name: string): number;
	/** The same for one architecture: negative when it has no such call. */
	seccomp_syscall_resolve_name_arch(architecture: number, name: string): number;
	seccomp_rule_add(filter: number, action: number, syscall: number, comparisons: readonly SeccompComparison[]): void;
	/** The BPF program. */
	seccomp_export_bpf(filter: number): ArrayBuffer;
	seccomp_release(filter: number): void;
	/** "2.5.4". */
	seccomp_version(): string;

	// --- time and the rest (sys_time.c) -----------------------------------------------------------------------
	/** Nanoseconds of a clock. */
	clock_gettime(clock: number): bigint;
	/** 16 hexadecimal digits of the 64-bit FNV-1a hash of the text: a name for a cache entry, no more. */
	fnv1a64(text: string): string;
	/** The embedded file of that name (`--trace` of source positions needs the maps), null when there is none. */
	embedded(name: string): string | null;
	/** The same as bytes. */
	embedded_bytes(name: string): ArrayBuffer | null;
}
