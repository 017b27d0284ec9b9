/* What a process inherits without anybody's saying so: `inherited` prints it, `nasty` hands on the worst of it. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char timer_slack[] = "123456";

static void put_file(const char *name, const char *path)
{
	char text[64] = "";
	int file = open(path, O_RDONLY | O_CLOEXEC);

	if (file >= 0 && read(file, text, sizeof text - 1) > 0)
		text[strcspn(text, "\n")] = '\0';
	if (file >= 0)
		close(file);
	printf(",\"%s\":", name);
	json_string(text);
}

static void put_keyring(const char *name, int which)
{
	char text[1024] = "";
	long id = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, which, 0);

	if (id < 0 || syscall(SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof text) < 0)
		strcpy(text, strerrorname_np(errno));
	printf(",\"%s\":", name);
	json_string(text);
}

/* The files that are mapped, each once. */
static void put_maps(void)
{
	static char seen[16][4096];
	char line[4352];
	int count = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	fputs(",\"maps\":[", stdout);
	while (maps && fgets(line, sizeof line, maps)) {
		char *name = strchr(line, '/') ? strchr(line, '/') : strchr(line, '[');
		int known = !name;

		if (name)
			name[strcspn(name, "\n")] = '\0';
		for (int index = 0; index < count && !known; index++)
			known = strcmp(seen[index], name) == 0;
		if (known || count == 16)
			continue;
		snprintf(seen[count], sizeof seen[count], "%s", name);
		if (count++)
			putchar(',');
		json_string(name);
	}
	if (maps)
		fclose(maps);
	putchar(']');
}

/* All in one line of JSON: to stdout, or with an argument appended to that file. */
int do_inherited(int argc, char **argv)
{
	struct sched_param priority;
	struct rlimit core;
	char cwd[4096] = "";
	int death = 0, subreaper = 0;
	mode_t mask = umask(0);
	long io = syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, 0);

	umask(mask);
	if (argc > 2 && !freopen(argv[2], "ae", stdout))
		return 1;
	if (!getcwd(cwd, sizeof cwd))
		strcpy(cwd, strerrorname_np(errno));
	prctl(PR_GET_PDEATHSIG, &death, 0, 0, 0);
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper, 0, 0, 0);
	getrlimit(RLIMIT_CORE, &core);
	sched_getparam(0, &priority);
	fputs("{\"fds\":", stdout);
	json_links("/proc/self/fd");
	fputs(",\"env\":", stdout);
	json_strings(environ);
	fputs(",\"cwd\":", stdout);
	json_string(cwd);
	printf(",\"umask\":\"%04o\",\"nice\":%d,\"policy\":%d,\"priority\":%d,\"ioClass\":%ld,\"ioPriority\":%ld", mask,
	       getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), priority.sched_priority, IOPRIO_PRIO_CLASS(io),
	       IOPRIO_PRIO_DATA(io));
	printf(",\"deathSignal\":%d,\"subreaper\":%d,\"dumpable\":%d,\"noNewPrivileges\":%d,\"securebits\":%d,\"timerSlack\":%d",
	       death, subreaper, prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       prctl(PR_GET_SECUREBITS, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0));
	printf(",\"hugePagesDisabled\":%d,\"personality\":\"%08x\",\"core\":%ld,\"session\":%d,\"pid\":%d",
	       prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), (unsigned)personality(0xffffffff), (long)core.rlim_cur, getsid(0), getpid());
	printf(",\"terminal\":%s", open("/dev/tty", O_RDWR | O_CLOEXEC) >= 0 ? "true" : "false");
	put_file("oomScoreAdj", "/proc/self/oom_score_adj");
	put_file("coredumpFilter", "/proc/self/coredump_filter");
	put_file("label", "/proc/self/attr/current");
	put_keyring("sessionKeyring", KEY_SPEC_SESSION_KEYRING);
	put_keyring("processKeyring", KEY_SPEC_PROCESS_KEYRING);
	put_keyring("threadKeyring", KEY_SPEC_THREAD_KEYRING);
	put_maps();
	put_signals();
	puts("}");
	return fflush(stdout) != 0;
}

static void write_file(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		perror(path);
	if (file >= 0)
		close(file);
}

/* nasty PROGRAM [ARGUMENT…]: executes it with everything changed that execve(2) keeps. */
int do_nasty(int argc, char **argv)
{
	cpu_set_t one;
	sigset_t all;

	(void)argc;
	for (int fd = 3; fd < 100; fd += 7)
		dup2(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd);
	setenv("NASTY", "secret", 1);
	umask(0071);
	setpriority(PRIO_PROCESS, 0, 7);
	sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &(struct sched_param){ 0 });
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 6));
	prctl(PR_SET_TIMERSLACK, atoi(timer_slack), 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	write_file("/proc/self/oom_score_adj", "77");
	write_file("/proc/self/coredump_filter", "0x7f");
	personality(ADDR_NO_RANDOMIZE);
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 4096, 4096 });
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "nasty");
	syscall(SYS_add_key, "user", "nasty-key", "secret", 6, KEY_SPEC_SESSION_KEYRING);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof one, &one);
	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	execvp(argv[2], argv + 2);
	return outcome(1);
}
