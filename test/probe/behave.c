/* A process that behaves in a given way: ends, waits, floods, eats memory or processor time, leaves orphans, talks. */
#define _GNU_SOURCE
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int do_exit(int argc, char **argv)
{
	(void)argc;
	return atoi(argv[2]);
}

_Noreturn int do_sleep(int argc, char **argv)
{
	(void)argc, (void)argv;
	wait_forever();
}

_Noreturn int do_ready(int argc, char **argv)
{
	(void)argc, (void)argv;
	say("ready");
	wait_forever();
}

int do_echo_stdin(int argc, char **argv)
{
	(void)argc, (void)argv;
	return dump(STDIN_FILENO, STDOUT_FILENO) < 0 ? 1 : 0;
}

/* flood BYTES: the alphabet over and over, so that a gap or a doubled part is seen. */
int do_flood(int argc, char **argv)
{
	char buffer[26 * 2520];
	long long left = atoll(argv[2]);

	(void)argc;
	for (size_t index = 0; index < sizeof buffer; index++)
		buffer[index] = (char)('a' + index % 26);
	while (left > 0) {
		size_t offset = (size_t)((atoll(argv[2]) - left) % 26);
		size_t most = sizeof buffer - offset;
		ssize_t part = write(STDOUT_FILENO, buffer + offset, left < (long long)most ? (size_t)left : most);

		if (part < 0)
			return 1;
		left -= part;
	}
	return 0;
}

/* alloc BYTES [hold]: touches every page; with "hold" it says "ready" and keeps them. */
int do_alloc(int argc, char **argv)
{
	size_t size = (size_t)atoll(argv[2]);
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return outcome(1);
	for (size_t at = 0; at < size; at += 4096)
		memory[at] = 1;
	if (argc > 3) {
		say("ready");
		wait_forever();
	}
	return outcome(0);
}

static double milliseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* cpu MILLISECONDS: spins for that long by the clock on the wall and prints how much processor time it got. */
int do_cpu(int argc, char **argv)
{
	double end = milliseconds(CLOCK_MONOTONIC) + atof(argv[2]);

	(void)argc;
	while (milliseconds(CLOCK_MONOTONIC) < end)
		;
	printf("%.0f\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

int do_exec(int argc, char **argv)
{
	(void)argc;
	execvp(argv[2], argv + 2);
	return outcome(1);
}

/* fork-orphans N: N processes whose parent has gone, asleep; their pids, then asleep as well. */
int do_fork_orphans(int argc, char **argv)
{
	int count = atoi(argv[2]);
	pid_t parent = fork();

	(void)argc;
	if (parent == 0) {
		for (int index = 0; index < count; index++) {
			pid_t child = fork();

			while (child == 0)
				pause();
			printf("%s%d", index ? "," : "[", child);
		}
		puts(count > 0 ? "]" : "[]");
		return 0;
	}
	if (parent < 0)
		return outcome(1);
	wait_forever();
}

/* A child that has ended and is never waited for; its pid, then asleep. */
int do_zombie(int argc, char **argv)
{
	pid_t child = fork();

	(void)argc, (void)argv;
	if (child == 0)
		_exit(0);
	if (child < 0)
		return outcome(1);
	printf("%d\n", child);
	wait_forever();
}

/* orphans-that-end N: N processes that end as soon as their parent has; "ready" when all are gone or zombies, then asleep. */
int do_orphans_that_end(int argc, char **argv)
{
	int ended[2], parent_gone[2];
	char byte;
	pid_t parent;

	(void)argc;
	if (pipe(ended) < 0 || pipe(parent_gone) < 0 || (parent = fork()) < 0)
		return outcome(1);
	for (int left = atoi(argv[2]); parent == 0; left--)
		if (left == 0) {
			_exit(0);
		} else if (fork() == 0) {
			close(parent_gone[1]);
			_exit(read(parent_gone[0], &byte, 1) == 0 ? 0 : 1);
		}
	close(ended[1]);
	close(parent_gone[1]);
	waitpid(parent, NULL, 0);
	/* the last of them that ends is the last to hold this pipe open */
	if (read(ended[0], &byte, 1) != 0)
		return outcome(1);
	say("ready");
	wait_forever();
}

/*
 * in-namespaces NUMBER,… PROGRAM [ARGUMENT…]: runs the program once for each number, which takes the place of an argument
 * "%", as process 1 of a pid namespace; what each ended with, where a signal counts as 128 more.
 */
int do_in_namespaces(int argc, char **argv)
{
	const char *comma = "[";
	int status;

	for (char *number = strtok(argv[2], ","); number; number = strtok(NULL, ",")) {
		pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

		if (child == 0) {
			for (int index = 4; index < argc; index++)
				if (strcmp(argv[index], "%") == 0)
					argv[index] = number;
			execv(argv[3], argv + 3);
			_exit(255);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0)
			return outcome(1);
		printf("%s%d", comma, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		comma = ",";
	}
	puts("]");
	return 0;
}

static struct sockaddr_in loopback(const char *port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
}

/* listen PORT: "ready", one connection on 127.0.0.1, what it sends goes back to it. */
int do_listen(int argc, char **argv)
{
	struct sockaddr_in address = loopback(argv[2]);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), peer;

	(void)argc;
	if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 1) < 0)
		return outcome(1);
	say("ready");
	peer = accept(server, NULL, NULL);
	return peer < 0 || dump(peer, peer) < 0 ? outcome(1) : 0;
}

/* connect PORT TEXT: sends TEXT and prints the answer. */
int do_connect(int argc, char **argv)
{
	struct sockaddr_in address = loopback(argv[2]);
	int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)argc;
	if (connect(peer, (struct sockaddr *)&address, sizeof address) < 0 || write(peer, argv[3], strlen(argv[3])) < 0)
		return outcome(1);
	shutdown(peer, SHUT_WR);
	return dump(peer, STDOUT_FILENO) < 0 ? outcome(1) : 0;
}

/* The address of a path, or of "@" and a name of the abstract namespace; 0 when it is too long. */
static socklen_t unix_address(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (length >= sizeof address->sun_path)
		return 0;
	memcpy(address->sun_path, path, length);
	if (*path != '@')
		return sizeof *address;
	*address->sun_path = 0;
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

/* notify TEXT: what sd_notify(3) sends to $NOTIFY_SOCKET; "|" in it is the end of a line. */
int do_notify(int argc, char **argv)
{
	struct sockaddr_un address;
	const char *path = getenv("NOTIFY_SOCKET");
	int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = path ? unix_address(&address, path) : 0;

	(void)argc;
	if (length == 0) {
		errno = ENOENT;
		return outcome(1);
	}
	for (char *bar = argv[2]; (bar = strchr(bar, '|'));)
		*bar = '\n';
	return outcome(sendto(socket_fd, argv[2], strlen(argv[2]), 0, (struct sockaddr *)&address, length) < 0);
}

/* manager PATH: "listening", then what is sent there as a service manager hears it, a line for each line. */
int do_manager(int argc, char **argv)
{
	struct sockaddr_un address;
	char text[4096];
	int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = unix_address(&address, argv[2]);
	ssize_t size;

	(void)argc;
	if (bind(socket_fd, (struct sockaddr *)&address, length) < 0)
		return outcome(1);
	say("listening");
	/* descriptors that come along are closed by read(2), which is what a barrier waits for */
	while ((size = read(socket_fd, text, sizeof text - 1)) >= 0) {
		if (size > 0 && text[size - 1] == '\n')
			size--;
		text[size] = 0;
		say(text);
	}
	return outcome(1);
}

/*
 * reaper PROGRAM [ARGUMENT…]: runs it as engines do, as a subreaper that learns of orphans' ends by wait(2); what each
 * process ended with, {"PID":STATUS}, where a signal counts as 128 more.
 */
int do_reaper(int argc, char **argv)
{
	const char *comma = "{";
	int status;
	pid_t ended;

	(void)argc;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return outcome(1);
	if (fork() == 0) {
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	while ((ended = wait(&status)) > 0) {
		printf("%s\"%d\":%d", comma, ended, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
		comma = ",";
	}
	puts("}");
	return 0;
}
