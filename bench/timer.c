/*
 * Times commands: `timer COUNT -- COMMAND [ARGUMENT…] [-- COMMAND …]`. Several commands make one sample together.
 *
 * Prints "NANOSECONDS KILOBYTES" for each of COUNT samples: time on the wall from before the first fork to after the
 * last wait, and the largest resident set of any process waited for. A tiny static parent, so that neither its own
 * fork nor its memory is what is measured (a child's ru_maxrss begins with its parent's pages).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* Runs one command with no input and its output dropped, and returns its peak memory; a failure ends everything. */
static long run(char **argv, posix_spawn_file_actions_t *actions)
{
	struct rusage usage;
	int status, error;
	pid_t pid;

	if ((error = posix_spawnp(&pid, *argv, actions, NULL, argv, environ)) != 0) {
		fprintf(stderr, "timer: %s: %s\n", *argv, strerror(error));
		exit(1);
	}
	while (wait4(pid, &status, 0, &usage) < 0)
		if (errno != EINTR)
			exit(1);
	if (status != 0) {
		fprintf(stderr, "timer: %s %s ended with wait status %d\n", argv[0], argv[1] ? argv[1] : "", status);
		exit(1);
	}
	return usage.ru_maxrss;
}

int main(int argc, char **argv)
{
	char **commands[16];
	int count = 0;
	posix_spawn_file_actions_t actions;

	for (int index = 2; index < argc && count < 16; index++)
		if (strcmp(argv[index], "--") == 0) {
			argv[index] = NULL;
			commands[count++] = argv + index + 1;
		}
	if (count == 0 || argv[argc - 1] == NULL) {
		fputs("usage: timer COUNT -- COMMAND [ARGUMENT…] [-- COMMAND …]\n", stderr);
		return 2;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	for (long left = atol(argv[1]); left > 0; left--) {
		long long start = now();
		long peak = 0;

		for (int index = 0; index < count; index++) {
			long memory = run(commands[index], &actions);

			peak = memory > peak ? memory : peak;
		}
		printf("%lld %ld\n", now() - start, peak);
	}
	return 0;
}
