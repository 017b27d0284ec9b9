/*
 * refuse ERRNO CALL[,CALL…] PROGRAM [ARGUMENT…]: executes the program under a filter that answers these system calls
 * with that error, as an older kernel or an outer container's seccomp profile does.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST 16

static const struct { const char *name; unsigned number; } calls[] = {
	{ "clone3", SYS_clone3 },	  { "close_range", SYS_close_range },
	{ "faccessat2", SYS_faccessat2 }, { "fsconfig", SYS_fsconfig },
	{ "fsmount", SYS_fsmount },	  { "fsopen", SYS_fsopen },
	{ "fspick", SYS_fspick },	  { "memfd_create", SYS_memfd_create },
	{ "mount_setattr", SYS_mount_setattr },
	{ "move_mount", SYS_move_mount }, { "open_tree", SYS_open_tree },
	{ "openat2", SYS_openat2 },	  { "statx", SYS_statx },
};

static int number_of(const char *name, unsigned *number)
{
	for (size_t index = 0; index < sizeof calls / sizeof *calls; index++)
		if (strcmp(calls[index].name, name) == 0) {
			*number = calls[index].number;
			return 1;
		}
	fprintf(stderr, "probe: refuse: \"%s\" is not in the table of test/probe/refuse.c\n", name);
	return 0;
}

static int number_of_error(const char *name)
{
	for (int number = 1; number < 200; number++) {
		const char *known = strerrorname_np(number);

		if (known && strcmp(known, name) == 0)
			return number;
	}
	return EPERM;
}

int do_refuse(int argc, char **argv)
{
	struct sock_filter filter[2 * MOST + 2] = { BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)) };
	const unsigned answer = SECCOMP_RET_ERRNO | ((unsigned)number_of_error(argv[2]) & SECCOMP_RET_DATA);
	unsigned short length = 1;
	unsigned number;

	(void)argc;
	for (char *name = strtok(argv[3], ","); name && length < 2 * MOST; name = strtok(NULL, ",")) {
		if (!number_of(name, &number))
			return 2;
		filter[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1);
		filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, answer);
	}
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){ .len = length, .filter = filter }) < 0)
		return outcome(1);
	execvp(argv[4], argv + 4);
	return outcome(1);
}
