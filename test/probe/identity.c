/* Who the process is to the kernel: ids, capabilities, limits, scheduling, filters. Needs no /proc where a call will do. */
#define _GNU_SOURCE
#include "probe.h"

#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int do_id(int argc, char **argv)
{
	uid_t uid[3];
	gid_t gid[3], groups[1024];
	int count = getgroups(1024, groups);
	mode_t mask = umask(0);

	(void)argc, (void)argv;
	umask(mask);
	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	printf("{\"uid\":%u,\"euid\":%u,\"suid\":%u,\"gid\":%u,\"egid\":%u,\"sgid\":%u,\"umask\":\"%04o\",\"groups\":[",
	       uid[0], uid[1], uid[2], gid[0], gid[1], gid[2], mask);
	for (int index = 0; index < count; index++)
		printf("%s%u", index ? "," : "", groups[index]);
	puts("]}");
	return 0;
}

/* The five sets as 16 hexadecimal digits, as in /proc/self/status. */
int do_caps(int argc, char **argv)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	uint64_t bounding = 0, ambient = 0;

	(void)argc, (void)argv;
	if (syscall(SYS_capget, &header, data) < 0)
		return outcome(1);
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			bounding |= UINT64_C(1) << cap;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1)
			ambient |= UINT64_C(1) << cap;
	}
	printf("{\"bounding\":\"%016" PRIx64 "\",\"effective\":\"%08x%08x\",\"permitted\":\"%08x%08x\","
	       "\"inheritable\":\"%08x%08x\",\"ambient\":\"%016" PRIx64 "\"}\n",
	       bounding, data[1].effective, data[0].effective, data[1].permitted, data[0].permitted,
	       data[1].inheritable, data[0].inheritable, ambient);
	return 0;
}

static void print_limit(const char *comma, const char *name, rlim_t value)
{
	/* As text: a number of JSON would lose the digits above 2^53. */
	if (value == RLIM_INFINITY)
		printf("%s\"%s\":\"unlimited\"", comma, name);
	else
		printf("%s\"%s\":\"%ju\"", comma, name, (uintmax_t)value);
}

int do_rlimits(int argc, char **argv)
{
	static const char *const names[] = {
		[RLIMIT_CPU] = "CPU", [RLIMIT_FSIZE] = "FSIZE", [RLIMIT_DATA] = "DATA", [RLIMIT_STACK] = "STACK",
		[RLIMIT_CORE] = "CORE", [RLIMIT_RSS] = "RSS", [RLIMIT_NPROC] = "NPROC", [RLIMIT_NOFILE] = "NOFILE",
		[RLIMIT_MEMLOCK] = "MEMLOCK", [RLIMIT_AS] = "AS", [RLIMIT_LOCKS] = "LOCKS",
		[RLIMIT_SIGPENDING] = "SIGPENDING", [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
		[RLIMIT_RTPRIO] = "RTPRIO", [RLIMIT_RTTIME] = "RTTIME",
	};

	(void)argc, (void)argv;
	for (int which = 0; which < RLIM_NLIMITS; which++) {
		struct rlimit limit;

		getrlimit((__rlimit_resource_t)which, &limit);
		printf("%s\"RLIMIT_%s\":{", which ? "," : "{", names[which]);
		print_limit("", "soft", limit.rlim_cur);
		print_limit(",", "hard", limit.rlim_max);
		putchar('}');
	}
	puts("}");
	return 0;
}

/* sched_setattr(2)'s structure: the C library of some systems has none, of others one that clashes with the kernel's. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* Scheduler, input/output priority and the processors the process may use. */
int do_sched(int argc, char **argv)
{
	static const char *const policies[] = {
		[SCHED_OTHER] = "SCHED_OTHER", [SCHED_FIFO] = "SCHED_FIFO", [SCHED_RR] = "SCHED_RR",
		[SCHED_BATCH] = "SCHED_BATCH", [SCHED_IDLE] = "SCHED_IDLE", [6] = "SCHED_DEADLINE",
	};
	struct scheduling attr = { .size = sizeof attr };
	long io = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);
	const char *comma = "";
	cpu_set_t cpus;

	(void)argc, (void)argv;
	if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) < 0 || sched_getaffinity(0, sizeof cpus, &cpus) < 0)
		return outcome(1);
	printf("{\"policy\":\"%s\",\"nice\":%d,\"priority\":%u,\"flags\":%ju,\"runtime\":%ju,\"deadline\":%ju,"
	       "\"period\":%ju,\"ioClass\":%ld,\"ioPriority\":%ld,\"cpus\":[",
	       policies[attr.policy], attr.nice, attr.priority, (uintmax_t)attr.flags,
	       (uintmax_t)attr.runtime, (uintmax_t)attr.deadline, (uintmax_t)attr.period,
	       IOPRIO_PRIO_CLASS(io), IOPRIO_PRIO_DATA(io));
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &cpus)) {
			printf("%s%d", comma, cpu);
			comma = ",";
		}
	puts("]}");
	return 0;
}

int do_nnp(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("%d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	return 0;
}

/* 0 none, 1 strict, 2 filter. */
int do_seccomp(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("%d\n", prctl(PR_GET_SECCOMP, 0, 0, 0, 0));
	return 0;
}

int do_personality(int argc, char **argv)
{
	(void)argc, (void)argv;
	printf("%08x\n", (unsigned)personality(0xffffffff));
	return 0;
}

int do_oom_score(int argc, char **argv)
{
	(void)argc, (void)argv;
	return copy_file("/proc/self/oom_score_adj");
}

/* Id and description ("keyring;uid;gid;rights;name") of the session keyring. */
int do_keyring(int argc, char **argv)
{
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	char text[1024] = "";

	(void)argc, (void)argv;
	if (id < 0 || syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text) < 0)
		return outcome(1);
	printf("{\"id\":%ld,\"description\":", id);
	json_string(text);
	puts("}");
	return 0;
}
