/* The kernel of kernel.h: touches the memory that it is given, as the kernel would, and answers what the input says. */
#define _GNU_SOURCE
#include "kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>

#include "exit.h"

static const uint8_t *input;
static size_t left;

jmp_buf after_exit;

void kernel_begin(const uint8_t *answers, size_t size)
{
	input = answers;
	left = size;
}

static unsigned int next(void)
{
	return left > 0 ? input[--left] : 0;
}

int kernel_refusal(void)
{
	errno = 1 + (int)(next() % 133);
	return -1;
}

int kernel_number(void)
{
	unsigned int kind = next();

	if (kind < 64)
		return kernel_refusal();
	return kind < 192 ? (int)(kind - 64) : (int)(next() << 16 | next() << 8 | next());
}

void kernel_reads(const void *from, size_t size)
{
	static volatile uint8_t sum;

	for (size_t at = 0; at < size; at++)
		sum ^= ((const uint8_t *)from)[at];
}

void kernel_text(const char *text)
{
	if (text)
		kernel_reads(text, strlen(text) + 1);
}

void kernel_texts(char *const *texts)
{
	for (; *texts; texts++)
		kernel_text(*texts);
}

static void give(void *to, size_t size)
{
	for (size_t at = 0; at < size; at++)
		((uint8_t *)to)[at] = (uint8_t)next();
}

int kernel_gives(void *to, size_t size)
{
	if (next() < 32)
		return kernel_refusal();
	give(to, size);
	return 0;
}

/* Up to all of it. */
static size_t part(size_t size)
{
	size_t wanted = next() < 64 ? size : next() * next();

	return wanted < size ? wanted : size;
}

ssize_t kernel_fills(void *to, size_t size)
{
	if (next() < 32)
		return kernel_refusal();
	size = part(size);
	give(to, size);
	return (ssize_t)size;
}

ssize_t kernel_takes(const void *from, size_t size)
{
	kernel_reads(from, size);
	return next() < 32 ? kernel_refusal() : (ssize_t)part(size);
}

void kernel_exit(void)
{
	longjmp(after_exit, 1);
}

int kernel_groups(size_t most, gid_t *to)
{
	size_t count = part(most);

	return kernel_gives(to, count * sizeof(*to)) == 0 ? (int)count : -1;
}

int kernel_names(struct utsname *names)
{
	int result = kernel_gives(names, sizeof(*names));
	char *const all[] = {names->sysname, names->nodename, names->release, names->version, names->machine};

	for (size_t one = 0; one < sizeof(all) / sizeof(*all); one++)
		all[one][sizeof(names->sysname) - 1] = 0;
	return result;
}

static ssize_t give_entries(char *to, size_t size)
{
	size_t written = 0;

	if (next() < 32)
		return kernel_refusal();
	for (unsigned int count = next() % 8; count > 0; count--) {
		size_t name = next() % 24, length = (offsetof(struct dirent64, d_name) + name + 1 + 7) & ~(size_t)7;
		struct dirent64 *entry = (struct dirent64 *)(void *)(to + written);

		if (written + length > size)
			break;
		memset(entry, 0, length);
		entry->d_reclen = (unsigned short)length;
		entry->d_type = (unsigned char)next();
		give(entry->d_name, name);
		written += length;
	}
	return (ssize_t)written;
}

ssize_t kernel_sends(const struct msghdr *message)
{
	kernel_reads(message->msg_control, message->msg_controllen);
	return kernel_takes(message->msg_iov->iov_base, message->msg_iov->iov_len);
}

ssize_t kernel_receives(struct msghdr *message)
{
	size_t count = next(), room = message->msg_controllen;
	struct cmsghdr *header = message->msg_control;

	/* unix(7): descriptors for which there is no room are dropped */
	while (count > 0 && CMSG_LEN(count * sizeof(int)) > room)
		count--;
	message->msg_controllen = count > 0 ? CMSG_SPACE(count * sizeof(int)) : 0;
	if (count > 0) {
		*header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
		header->cmsg_len = CMSG_LEN(count * sizeof(int));
		give(CMSG_DATA(header), count * sizeof(int));
	}
	return kernel_fills(message->msg_iov->iov_base, message->msg_iov->iov_len);
}

int kernel_polls(struct pollfd *items, nfds_t count, const struct timespec *limit)
{
	kernel_reads(limit, limit == NULL ? 0 : sizeof(*limit));
	kernel_reads(items, count * sizeof(*items));
	if (next() < 32)
		return kernel_refusal();
	for (nfds_t one = 0; one < count; one++)
		items[one].revents = (short)next();
	return (int)count;
}

int kernel_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	(void)fd;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	switch (request) {
	case TIOCGWINSZ:
		return kernel_gives(argument, sizeof(struct winsize));
	case TIOCSWINSZ:
		return READS(argument, sizeof(struct winsize));
	case TIOCSPTLCK:
		return READS(argument, sizeof(int));
	case TIOCGPTN:
		return kernel_gives(argument, sizeof(int));
	case SIOCGIFFLAGS:
		kernel_reads(argument, sizeof(struct ifreq));
		return kernel_gives(&((struct ifreq *)argument)->ifr_flags, sizeof(short));
	case SIOCSIFFLAGS:
		return READS(argument, sizeof(struct ifreq));
	case TIOCGPTPEER:
	case TIOCSCTTY:
		return kernel_number();
	default: /* of a pidfd: the size is in the request */
		kernel_reads(argument, _IOC_SIZE(request));
		return kernel_gives(argument, _IOC_SIZE(request));
	}
}

static long give_path(char *to, size_t size)
{
	ssize_t length = kernel_fills(to, size);

	if (length <= 0)
		return kernel_refusal();
	to[length - 1] = 0;
	return length;
}

static long keyctl(long command, void *third, size_t size)
{
	if (command == KEYCTL_JOIN_SESSION_KEYRING)
		return kernel_number();
	return command == KEYCTL_DESCRIBE ? give_path(third, size) : kernel_number();
}

static long load_bpf(const union bpf_attr *program)
{
	kernel_reads((const void *)(uintptr_t)program->insns, program->insn_cnt * sizeof(struct bpf_insn));
	kernel_text((const char *)(uintptr_t)program->license);
	if (program->log_size > 0)
		give_path((char *)(uintptr_t)program->log_buf, program->log_size);
	return kernel_number();
}

static long query_bpf(union bpf_attr *attributes)
{
	uint32_t count = next(), *ids = (uint32_t *)(uintptr_t)attributes->query.prog_ids;

	if (count > attributes->query.prog_cnt) {
		attributes->query.prog_cnt = count;
		errno = ENOSPC;
		return -1;
	}
	attributes->query.prog_cnt = count;
	return kernel_gives(ids, count * sizeof(*ids));
}

static long call_bpf(long command, void *attributes, size_t size)
{
	kernel_reads(attributes, size);
	if (command == BPF_PROG_LOAD)
		return load_bpf(attributes);
	return command == BPF_PROG_QUERY ? query_bpf(attributes) : kernel_number();
}

static long seccomp(long operation, long flags, const void *argument)
{
	const struct sock_fprog *program = argument;

	(void)flags;
	if (operation != SECCOMP_SET_MODE_FILTER)
		return READS(argument, sizeof(uint32_t));
	kernel_reads(program->filter, program->len * sizeof(*program->filter));
	return kernel_number();
}

/* The calls that read nothing but strings, "t", beside numbers, "n". */
static const struct {
	long number;
	const char *arguments;
} readers[] = {
	{SYS_close_range, "n"}, {SYS_faccessat2, "nt"}, {SYS_fsconfig, "nntt"}, {SYS_fsmount, "n"},
	{SYS_fsopen, "t"}, {SYS_fspick, "nt"}, {SYS_ioprio_set, "n"}, {SYS_mount, "tttnt"}, {SYS_move_mount, "ntnt"},
	{SYS_open_tree, "nt"}, {SYS_pidfd_getfd, "n"}, {SYS_pidfd_open, "n"}, {SYS_pidfd_send_signal, "n"},
	{SYS_pivot_root, "tt"}, {SYS_renameat2, "ntnt"}, {SYS_setpriority, "n"}, {SYS_setresgid, "n"},
	{SYS_setresuid, "n"}, {SYS_umount2, "t"},
};

static long read_arguments(const char *kinds, const long *arguments)
{
	for (; *kinds; kinds++, arguments++)
		if (*kinds == 't')
			kernel_text((const char *)*arguments);
	return kernel_number();
}

long kernel_syscall(long number, ...)
{
	va_list all;
	long a[5];

	va_start(all, number);
	for (int each = 0; each < 5; each++)
		a[each] = va_arg(all, long);
	va_end(all);
	for (size_t each = 0; each < sizeof(readers) / sizeof(*readers); each++)
		if (readers[each].number == number)
			return read_arguments(readers[each].arguments, a);
	switch (number) {
	case SYS_openat2:
		kernel_text((const char *)a[1]);
		return READS((const void *)a[2], sizeof(struct open_how));
	case SYS_mount_setattr:
		kernel_text((const char *)a[1]);
		return READS((const void *)a[3], (size_t)a[4]);
	case SYS_execveat:
		kernel_texts((char *const *)a[2]);
		kernel_texts((char *const *)a[3]);
		return kernel_refusal();
	case SYS_statx:
		kernel_text((const char *)a[1]);
		return kernel_gives((void *)a[4], 256);
	case SYS_getdents64:
		return give_entries((char *)a[1], (size_t)a[2]);
	case SYS_getcwd:
		return give_path((char *)a[0], (size_t)a[1]);
	case SYS_clone3: {
		const struct clone_args *args = (const void *)a[0];

		kernel_reads(args, (size_t)a[1]);
		give((int *)(uintptr_t)args->pidfd, sizeof(int));
		return kernel_number();
	}
	case SYS_capget:
		kernel_reads((const void *)a[0], sizeof(struct __user_cap_header_struct));
		return kernel_gives((void *)a[1], 2 * sizeof(struct __user_cap_data_struct));
	case SYS_capset:
		kernel_reads((const void *)a[0], sizeof(struct __user_cap_header_struct));
		return READS((const void *)a[1], 2 * sizeof(struct __user_cap_data_struct));
	case SYS_setgroups:
		return READS((const void *)a[1], (size_t)a[0] * sizeof(gid_t));
	case SYS_prlimit64:
		kernel_reads((const void *)a[2], a[2] ? sizeof(struct rlimit64) : 0);
		return kernel_gives((void *)a[3], a[3] ? sizeof(struct rlimit64) : 0);
	case SYS_sched_setattr:
		return READS((const void *)a[1], *(const uint32_t *)a[1]);
	case SYS_set_mempolicy:
		return READS((const void *)a[1], (size_t)(a[2] - 1) / 8);
	case SYS_rt_sigaction:
		return READS((const void *)a[1], 4 * sizeof(long));
	case SYS_signalfd4:
	case SYS_rt_sigprocmask:
		return READS((const void *)a[1], sizeof(uint64_t));
	case SYS_keyctl:
		if ((int)a[0] == KEYCTL_JOIN_SESSION_KEYRING)
			kernel_text((const char *)a[1]);
		return keyctl((int)a[0], (void *)a[2], (size_t)a[3]);
	case SYS_bpf:
		return call_bpf((int)a[0], (void *)a[1], (size_t)a[2]);
	case SYS_seccomp:
		return seccomp((int)a[0], a[1], (const void *)a[2]);
	default: /* kernel.c does not know it: the door has a new one */
		__builtin_trap();
	}
}
