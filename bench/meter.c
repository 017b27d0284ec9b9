/*
 * Takes a runtime's place under an engine: runs it, and writes down what it cost. Which one, and where, is linked in:
 * the engine may move the program, and chooses its arguments and environment.
 *
 * A line for each call: "WALL CPU", both in nanoseconds. CPU time is that of every process that the runtime has waited
 * for, itself included, and of the container's or exec's process so far, which the engine finds by --pid-file: the
 * runtime's own work in it precedes the program's. As a subreaper it keeps that process until it has looked.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Paths, which bench/build.mjs writes. */
extern const char metered_program[], metered_log[];

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long nanoseconds(struct timeval time)
{
	return time.tv_sec * 1000000000LL + time.tv_usec * 1000LL;
}

/* The first number of a file, or 0: what has ended costs nothing more. */
static long long number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	long long number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%lld", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

/* Time on a processor of all threads, as the scheduler counts it. */
static long long cpu_of(long long pid)
{
	char path[300];
	long long sum = 0;
	DIR *tasks;

	snprintf(path, sizeof path, "/proc/%lld/task", pid);
	tasks = opendir(path);
	if (!tasks)
		return 0;
	for (struct dirent *task; (task = readdir(tasks));) {
		snprintf(path, sizeof path, "/proc/%lld/task/%s/schedstat", pid, task->d_name);
		if (*task->d_name != '.')
			sum += number_in(path);
	}
	closedir(tasks);
	return sum;
}

static const char *pid_file(char **argv)
{
	static const char flag[] = "--pid-file";
	const size_t length = sizeof flag - 1;

	for (; *argv; argv++)
		if (strncmp(*argv, flag, length) == 0)
			return (*argv)[length] == '=' ? *argv + length + 1 : argv[1];
	return NULL;
}

int main(int argc, char **argv)
{
	long long start = now(), cpu;
	const char *file;
	struct rusage usage;
	char line[64];
	int status, log;
	pid_t pid;

	(void)argc;
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid == 0) {
		execv(metered_program, argv);
		_exit(127);
	}
	if (pid < 0)
		return 1;
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return 1;
	cpu = nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
	file = pid_file(argv);
	if (file && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		cpu += cpu_of(number_in(file));
	log = open(metered_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	snprintf(line, sizeof line, "%lld %lld\n", now() - start, cpu);
	if (log < 0 || write(log, line, strlen(line)) < 0)
		return 1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
