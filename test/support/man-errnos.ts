/**
 * For each system call the errors that section ERRORS of its manual page names (of the calls that have none yet, those of
 * mount(2) and of descriptors). Left out are those that Linux has no more; ENOSYS, which stands for an older kernel; and
 * what says that a file, a descriptor (close(2) with EINTR), a process or the other side of a socket has gone, which is
 * there: that is no fault but a lie.
 */
import type { constants } from "node:os";

export type Errno = keyof typeof constants.errno;

const path = "EACCES EFAULT ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR";
const newFile = `${path} EDQUOT EEXIST ENOSPC EPERM EROFS`;
const newFd = "EMFILE ENFILE ENOMEM";
const open = `${newFile} ${newFd} EBADF EBUSY EFBIG EINTR EINVAL EISDIR ENODEV ENXIO EOPNOTSUPP EOVERFLOW ETXTBSY EAGAIN`;
const stat = `${path} EBADF EINVAL EOVERFLOW`;
const owner = `${path} EBADF EINVAL EIO EPERM EROFS`;
const access = `${owner} ETXTBSY`;
const mount = `${path} EBUSY EINVAL EMFILE ENODEV ENXIO EPERM EROFS`;
const treeOfMounts = `${path} EBADF EBUSY EINVAL EPERM`;
const ids = "EAGAIN EINVAL EPERM";
const process = "EFAULT EINVAL EPERM ESRCH";
const message = "EAGAIN EBADF EFAULT EINTR EINVAL ENOMEM ENOTCONN ENOTSOCK";
const pages = "EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM EOVERFLOW EPERM ETXTBSY";

const names: Readonly<Record<string, string>> = {
	accept4: `${newFd} EAGAIN EBADF ECONNABORTED EFAULT EINTR EINVAL ENOBUFS ENOTSOCK EOPNOTSUPP EPERM EPROTO`,
	access,
	arch_prctl: "EFAULT EINVAL ENODEV EPERM",
	bind: `${path} EADDRINUSE EADDRNOTAVAIL EBADF EINVAL ENOTSOCK EROFS`,
	bpf: "E2BIG EACCES EBADF EFAULT EINVAL ENOENT ENOMEM EPERM",
	capget: process,
	capset: process,
	chdir: `${path} EIO`,
	chroot: `${path} EIO EPERM`,
	clone3: "EACCES EAGAIN EBUSY EEXIST EINVAL ENOMEM ENOSPC EOPNOTSUPP EPERM",
	close: "EBADF EDQUOT EIO ENOSPC",
	close_range: "EINVAL EMFILE ENOMEM",
	connect: `EACCES EADDRINUSE EAGAIN EBADF ECONNREFUSED EFAULT EINTR EISCONN ENOTSOCK EPERM EPROTOTYPE ETIMEDOUT`,
	dup2: "EBADF EBUSY EINTR EINVAL EMFILE",
	eventfd2: `${newFd} EINVAL ENODEV`,
	execve: `${path} ${newFd} E2BIG EAGAIN EINVAL EIO EISDIR ENOEXEC EPERM ETXTBSY`,
	execveat: `${path} ${newFd} E2BIG EAGAIN EBADF EINVAL EIO EISDIR ENOEXEC EPERM ETXTBSY`,
	faccessat2: access,
	fchdir: "EACCES EBADF ENOTDIR",
	fchmod: "EBADF EIO EPERM EROFS",
	fchown: owner,
	fchownat: owner,
	fcntl: "EACCES EAGAIN EBADF EBUSY EDEADLK EFAULT EINTR EINVAL EMFILE ENOLCK EPERM",
	fsconfig: `${mount} EBADF`,
	fsmount: `${newFd} EBUSY EINVAL EPERM`,
	fsopen: `${newFd} EFAULT EINVAL ENODEV EPERM`,
	fspick: `${path} ${newFd} EBADF EINVAL EPERM`,
	fstat: "EBADF EFAULT ENOMEM EOVERFLOW",
	fstatfs: "EBADF EFAULT EINTR EIO ENOMEM EOVERFLOW",
	ftruncate: "EBADF EFBIG EINTR EINVAL EIO EPERM",
	getcwd: "EACCES EFAULT EINVAL ENAMETOOLONG ENOENT ENOMEM ERANGE",
	getdents64: "EBADF EFAULT EINVAL ENOENT ENOTDIR",
	getgroups: "EFAULT EINVAL",
	getrandom: "EAGAIN EFAULT EINTR EINVAL",
	ioctl: "EBADF EFAULT EINVAL ENOTTY",
	ioprio_set: "EINVAL EPERM ESRCH",
	keyctl: "EACCES EDQUOT EFAULT EINVAL ENOENT ENOMEM EOPNOTSUPP EPERM",
	kill: "EINVAL EPERM",
	listen: "EADDRINUSE EBADF ENOTSOCK EOPNOTSUPP",
	lseek: "EBADF EINVAL ENXIO EOVERFLOW ESPIPE",
	madvise: "EACCES EAGAIN EBADF EBUSY EFAULT EINVAL EIO ENOMEM EPERM",
	memfd_create: `${newFd} EFAULT EINVAL`,
	mkdirat: `${newFile} EBADF EINVAL EMLINK`,
	mknodat: `${newFile} EBADF EINVAL`,
	mmap: pages,
	mount,
	mount_setattr: `${treeOfMounts} ENOSPC`,
	move_mount: treeOfMounts,
	mprotect: "EACCES EFAULT EINVAL ENOMEM",
	mremap: "EAGAIN EFAULT EINVAL ENOMEM",
	munmap: "EINVAL",
	newfstatat: stat,
	open,
	open_tree: `${path} ${newFd} EBADF EINVAL EPERM`,
	openat: open,
	openat2: `${open} E2BIG EXDEV`,
	personality: "EINVAL",
	pidfd_open: `${newFd} EINVAL ENODEV ESRCH`,
	pidfd_send_signal: "EBADF EINVAL EPERM",
	pivot_root: `${path} EBUSY EINVAL EPERM`,
	ppoll: "EFAULT EINTR EINVAL ENOMEM",
	prctl: "EACCES EBADF EBUSY EFAULT EINVAL ENODEV ENXIO EOPNOTSUPP EPERM ERANGE",
	pread64: "EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR ENXIO EOVERFLOW ESPIPE",
	prlimit64: process,
	read: "EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR",
	readlink: `${path} EINVAL EIO`,
	readlinkat: `${path} EBADF EINVAL EIO`,
	recvmsg: `${message} ECONNREFUSED`,
	renameat2: `${newFile} EBADF EBUSY EINVAL EISDIR EMLINK ENOTEMPTY EXDEV`,
	rt_sigaction: "EFAULT EINVAL",
	rt_sigprocmask: "EFAULT EINVAL",
	sched_getaffinity: process,
	sched_setaffinity: process,
	sched_setattr: "E2BIG EBUSY EINVAL EPERM ESRCH",
	seccomp: "EACCES EBUSY EFAULT EINVAL ENOMEM EOPNOTSUPP ESRCH",
	sendmsg: `${message} EACCES EALREADY EDESTADDRREQ EISCONN EMSGSIZE ENOBUFS EOPNOTSUPP`,
	set_mempolicy: "EFAULT EINVAL ENOMEM",
	setdomainname: "EFAULT EINVAL EPERM",
	setgroups: "EFAULT EINVAL ENOMEM EPERM",
	sethostname: "EFAULT EINVAL EPERM",
	setns: "EBADF EINVAL ENOMEM EPERM ESRCH",
	setpriority: "EACCES EINVAL EPERM ESRCH",
	setresgid: ids,
	setresuid: ids,
	setsid: "EPERM",
	signalfd4: `${newFd} EBADF EINVAL ENODEV`,
	socket: `${newFd} EACCES EAFNOSUPPORT EINVAL ENOBUFS EPROTONOSUPPORT`,
	socketpair: `${newFd} EAFNOSUPPORT EFAULT EOPNOTSUPP EPROTONOSUPPORT`,
	stat,
	statx: stat,
	symlinkat: `${newFile} EBADF EIO`,
	umount2: `${path} EAGAIN EBUSY EINVAL EPERM`,
	uname: "EFAULT",
	unlinkat: "EACCES EBADF EBUSY EFAULT EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOMEM ENOTDIR ENOTEMPTY EPERM EROFS",
	unshare: "EINVAL ENOMEM ENOSPC EPERM",
	wait4: "ECHILD EINTR EINVAL ESRCH",
	write: "EAGAIN EBADF EDESTADDRREQ EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENOSPC EPERM EPIPE",
};

/**
 * @throws Error for a call that the table does not know; none for those that cannot fail, brk(2) and getpid(2) for instance
 */
export function manErrnos(call: string): readonly Errno[] {
	if (neverFails.has(call)) return [];
	const listed = names[call];
	if (listed === undefined) throw new Error(`man-errnos.ts does not know ${call}(2)`);
	return listed.split(" ") as Errno[];
}

const neverFails = new Set([
	"brk",
	"exit_group",
	"getegid",
	"geteuid",
	"getgid",
	"getpid",
	"getppid",
	"getuid",
	"rseq",
	"set_robust_list",
	"set_tid_address",
	"umask",
]);
