/* What the process was given by its parent and what it sees around itself; and the hook, which writes all that down. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

int do_args(int argc, char **argv)
{
	(void)argc;
	json_strings(argv);
	putchar('\n');
	return 0;
}

int do_env(int argc, char **argv)
{
	(void)argc, (void)argv;
	json_strings(environ);
	putchar('\n');
	return 0;
}

int do_cwd(int argc, char **argv)
{
	char path[4096];

	(void)argc, (void)argv;
	if (!getcwd(path, sizeof path))
		return outcome(1);
	puts(path);
	return 0;
}

int do_fds(int argc, char **argv)
{
	(void)argc, (void)argv;
	json_links("/proc/self/fd");
	putchar('\n');
	return 0;
}

int do_namespaces(int argc, char **argv)
{
	(void)argc, (void)argv;
	json_links("/proc/self/ns");
	putchar('\n');
	return 0;
}

int do_mounts(int argc, char **argv)
{
	(void)argc, (void)argv;
	return copy_file("/proc/self/mountinfo");
}

int do_status(int argc, char **argv)
{
	(void)argc, (void)argv;
	return copy_file("/proc/self/status");
}

int do_cgroup(int argc, char **argv)
{
	(void)argc, (void)argv;
	return copy_file("/proc/self/cgroup");
}

int do_hostname(int argc, char **argv)
{
	struct utsname names;

	(void)argc, (void)argv;
	uname(&names);
	printf("{\"hostname\":\"%s\",\"domainname\":\"%s\"}\n", names.nodename, names.domainname);
	return 0;
}

/* "net.ipv4.ip_forward" or the same with slashes. */
int do_sysctl(int argc, char **argv)
{
	char path[512];

	(void)argc;
	snprintf(path, sizeof path, "/proc/sys/%s", argv[2]);
	if (!strchr(argv[2], '/'))
		for (char *at = path + strlen("/proc/sys/"); *at; at++)
			if (*at == '.')
				*at = '/';
	return copy_file(path);
}

/* Which of the three streams are terminals, and the session, groups, size and output mode of the terminal on stdin. */
int do_tty(int argc, char **argv)
{
	struct winsize size = { 0 };
	struct termios mode = { 0 };
	char name[256] = "";
	int controlling = open("/dev/tty", O_RDWR | O_CLOEXEC);

	(void)argc, (void)argv;
	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	tcgetattr(STDIN_FILENO, &mode);
	ttyname_r(STDIN_FILENO, name, sizeof name);
	printf("{\"stdin\":%s,\"stdout\":%s,\"stderr\":%s,\"name\":", isatty(0) ? "true" : "false",
	       isatty(1) ? "true" : "false", isatty(2) ? "true" : "false");
	json_string(name);
	printf(",\"rows\":%u,\"columns\":%u,\"onlcr\":%s,\"controlling\":%s,\"pid\":%d,\"session\":%d,\"group\":%d,"
	       "\"foreground\":%d}\n",
	       size.ws_row, size.ws_col, mode.c_oflag & ONLCR ? "true" : "false", controlling >= 0 ? "true" : "false",
	       getpid(), getsid(0), getpgrp(), tcgetpgrp(STDIN_FILENO));
	return 0;
}

/* {"lo":{"up":true,"addresses":N}} */
int do_interfaces(int argc, char **argv)
{
	struct if_nameindex *all = if_nameindex();
	struct ifaddrs *addresses = NULL;

	(void)argc, (void)argv;
	if (!all || getifaddrs(&addresses) < 0)
		return outcome(1);
	for (struct if_nameindex *one = all; one->if_index; one++) {
		unsigned flags = 0;
		int count = 0;

		for (struct ifaddrs *at = addresses; at; at = at->ifa_next)
			if (strcmp(at->ifa_name, one->if_name) == 0) {
				flags = at->ifa_flags;
				count += at->ifa_addr && at->ifa_addr->sa_family != AF_PACKET;
			}
		printf("%s\"%s\":{\"up\":%s,\"addresses\":%d}", one == all ? "{" : ",", one->if_name,
		       flags & IFF_UP ? "true" : "false", count);
	}
	puts(all->if_index ? "}" : "{}");
	return 0;
}

/* The state on stdin as one line: between its tokens JSON may have newlines, within its strings never. */
static char *read_state(void)
{
	static char state[1 << 20];
	size_t length = fread(state, 1, sizeof state - 1, stdin);

	state[length] = '\0';
	for (char *at = state; *at; at++)
		if (*at == '\n')
			*at = ' ';
	return length ? state : strcpy(state, "null");
}

static void print_surroundings(char **argv, const char *state)
{
	char cwd[4096] = "";

	if (!getcwd(cwd, sizeof cwd))
		strcpy(cwd, strerrorname_np(errno));
	fputs("{\"argv\":", stdout);
	json_strings(argv);
	fputs(",\"env\":", stdout);
	json_strings(environ);
	fputs(",\"cwd\":", stdout);
	json_string(cwd);
	printf(",\"pid\":%d,\"uid\":%d,\"namespaces\":", getpid(), getuid());
	json_links("/proc/self/ns");
	fputs(",\"fds\":", stdout);
	json_links("/proc/self/fd");
	printf(",\"state\":%s}\n", state);
}

/* hook FILE [EXIT] [SECONDS]: append one line of JSON to FILE, in one write, so that hooks that race do not mix. */
int do_hook(int argc, char **argv)
{
	FILE *console = stdout;
	char *line = NULL;
	size_t length = 0;
	int file;

	stdout = open_memstream(&line, &length);
	print_surroundings(argv, read_state());
	fclose(stdout);
	stdout = console;
	file = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (file < 0 || write(file, line, length) != (ssize_t)length) {
		fprintf(stderr, "hook: %s: %s\n", argv[2], strerror(errno));
		return 125;
	}
	if (argc > 4)
		nanosleep(&(struct timespec){ .tv_sec = atol(argv[4]) }, NULL);
	return argc > 3 ? atoi(argv[3]) : 0;
}
