/*
 * One system call that a filter or a missing capability may refuse. Each is made so that it does no harm where
 * nothing refuses it: on a path that is not there, with a flag that does not exist, or with a result that is dropped.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct call {
	const char *name;
	long number;
	long arguments[6];
};

#define TEXT(text) ((long)(text))

/* Arguments that are addresses are not constant, so the table is made at run time. */
static struct call find(const char *name)
{
	static char buffer[4096];
	const struct call calls[] = {
		{ "getpid", SYS_getpid, { 0 } },
		{ "getcwd", SYS_getcwd, { TEXT(buffer), sizeof buffer } },
		{ "uname", SYS_uname, { TEXT(buffer) } },
		{ "mkdir", SYS_mkdir, { TEXT("/tmp/probe.mkdir"), 0700 } },
		{ "rmdir", SYS_rmdir, { TEXT("/tmp/probe.mkdir") } },
		{ "chmod", SYS_chmod, { TEXT("/tmp"), 01777 } },
		{ "chown", SYS_chown, { TEXT("/tmp"), -1, -1 } },
		{ "socket", SYS_socket, { 2, 1, 0 } },
		{ "personality", SYS_personality, { 0xffffffff } },
		{ "personality-linux32", SYS_personality, { 8 } },
		{ "unshare", SYS_unshare, { CLONE_NEWNS } },
		{ "unshare-user", SYS_unshare, { CLONE_NEWUSER } },
		{ "setns", SYS_setns, { -1, 0 } },
		{ "clone3", SYS_clone3, { 0, 0 } },
		{ "mount", SYS_mount, { TEXT("none"), TEXT("/tmp"), TEXT("tmpfs"), 0, 0 } },
		{ "umount2", SYS_umount2, { TEXT("/proc"), 2 } },
		{ "pivot_root", SYS_pivot_root, { TEXT("/tmp"), TEXT("/tmp") } },
		{ "chroot", SYS_chroot, { TEXT("/") } },
		{ "sethostname", SYS_sethostname, { TEXT("probe"), 5 } },
		{ "settimeofday", SYS_settimeofday, { 0, 0 } },
		{ "reboot", SYS_reboot, { 0, 0, 0, 0 } },
		{ "swapoff", SYS_swapoff, { TEXT("/none") } },
		{ "init_module", SYS_init_module, { 0, 0, 0 } },
		{ "kexec_load", SYS_kexec_load, { 0, 0, 0, -1 } },
		{ "ptrace", SYS_ptrace, { 16, 0, 0, 0 } },
		{ "bpf", SYS_bpf, { -1, 0, 0 } },
		{ "keyctl", SYS_keyctl, { 0, -3, 0 } },
		{ "add_key", SYS_add_key, { 0, 0, 0, 0, 0 } },
		{ "userfaultfd", SYS_userfaultfd, { -1 } },
		{ "perf_event_open", SYS_perf_event_open, { 0, 0, -1, -1, 0 } },
		{ "io_uring_setup", SYS_io_uring_setup, { 0, 0 } },
		{ "open_by_handle_at", SYS_open_by_handle_at, { -1, 0, 0 } },
		{ "openat2", SYS_openat2, { -100, TEXT("/"), 0, 0 } },
		{ "close_range", SYS_close_range, { 1000000, 1000000, 0 } },
		{ "setuid", SYS_setuid, { 0 } },
		{ "setgroups", SYS_setgroups, { 0, 0 } },
	};

	for (size_t index = 0; index < sizeof calls / sizeof *calls; index++)
		if (strcmp(calls[index].name, name) == 0)
			return calls[index];
	return (struct call){ .name = name, .number = isdigit((unsigned char)*name) ? atol(name) : -1 };
}

/* syscall NAME|NUMBER; "OK" when it went through, whatever it returned. */
int do_syscall(int argc, char **argv)
{
	struct call call = find(argv[2]);
	const long *a = call.arguments;

	(void)argc;
	if (call.number < 0) {
		fprintf(stderr, "probe: syscall: \"%s\" is not in the table of test/probe/syscalls.c; a number also does\n", argv[2]);
		return 2;
	}
	return outcome(syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]) == -1);
}

/* syscall32 NUMBER: without arguments, by the entry of 32-bit programs, whose calls have numbers of their own. */
int do_syscall32(int argc, char **argv)
{
	long result = -ENOSYS;

	(void)argc, (void)argv;
#ifdef __x86_64__
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(atol(argv[2])), "b"(0), "c"(0), "d"(0) : "memory");
#endif
	errno = (int)-result;
	return outcome(result < 0);
}
