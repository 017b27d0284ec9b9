/* Signals: what is blocked, ignored and caught; dying by one; catching some. */
#define _GNU_SOURCE
#include "probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_blocked(int number)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, number);
}

static int is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int is_caught(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL;
}

static void print_those(const char *label, int (*belongs)(int number))
{
	const char *comma = "";

	printf("\"%s\":[", label);
	for (int number = 1; number <= SIGRTMAX; number++)
		if (belongs(number) == 1) {
			printf("%s\"%s\"", comma, name_of_signal(number));
			comma = ",";
		}
	putchar(']');
}

static void print_signals(void)
{
	putchar('{');
	print_those("blocked", is_blocked);
	putchar(',');
	print_those("ignored", is_ignored);
	putchar(',');
	print_those("caught", is_caught);
	putchar('}');
}

int do_signals(int argc, char **argv)
{
	(void)argc, (void)argv;
	print_signals();
	putchar('\n');
	return 0;
}

/* As a member of an object that has others. */
void put_signals(void)
{
	fputs(",\"signals\":", stdout);
	print_signals();
}

/* PID 1 of a namespace does not die of it: the kernel drops what has no handler. Then the status is 1. */
int do_kill_self(int argc, char **argv)
{
	int number = number_of_signal(argv[2]);

	(void)argc;
	signal(number, SIG_DFL);
	kill(getpid(), number);
	return 1;
}

static int caught[2];

static void note(int number)
{
	char byte = (char)number;

	if (write(caught[1], &byte, 1) != 1)
		abort();
}

/* trap SIG[=EXIT]…: "ready", then the name of each signal that comes; one with "=EXIT" ends the process. */
int do_trap(int argc, char **argv)
{
	int exit_code[_NSIG];
	char number;

	memset(exit_code, -1, sizeof exit_code);
	if (pipe(caught) < 0)
		return outcome(1);
	for (int index = 2; index < argc; index++) {
		char *code = strchr(argv[index], '=');
		struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
		int which;

		if (code)
			*code++ = '\0';
		which = number_of_signal(argv[index]);
		if (sigaction(which, &action, NULL) < 0)
			return outcome(1);
		if (code)
			exit_code[which] = atoi(code);
	}
	say("ready");
	while (read(caught[0], &number, 1) == 1) {
		say(name_of_signal(number));
		if (exit_code[(int)number] >= 0)
			return exit_code[(int)number];
	}
	return 1;
}

/* deaf PROGRAM [ARGUMENT…]: executes it with every signal that can be ignored ignored, and blocked as well. */
int do_deaf(int argc, char **argv)
{
	sigset_t all;

	(void)argc;
	for (int number = 1; number <= SIGRTMAX; number++)
		signal(number, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	execvp(argv[2], argv + 2);
	return outcome(1);
}

/* "ready", then the number of each signal that comes, and the value of sigqueue(3). By the kernel's calls: libc hides some. */
int do_every_signal(int argc, char **argv)
{
	unsigned long all = ~0UL;
	siginfo_t info;

	(void)argc, (void)argv;
	if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, sizeof all) < 0)
		return outcome(1);
	say("ready");
	for (;;) {
		/* a stop and its end interrupt it */
		if (syscall(SYS_rt_sigtimedwait, &all, &info, NULL, sizeof all) < 0)
			continue;
		printf(info.si_code == SI_QUEUE ? "%d value %d\n" : "%d\n", info.si_signo, info.si_value.sival_int);
		fflush(stdout);
	}
}

int do_queue(int argc, char **argv)
{
	(void)argc;
	return outcome(sigqueue(atoi(argv[2]), atoi(argv[3]), (union sigval){ .sival_int = atoi(argv[4]) }) < 0);
}

/* "NAME: up"; at TERM it takes its time, then "NAME: asked" and the end. */
int do_linger(int argc, char **argv)
{
	long milliseconds = atol(argv[3]);
	struct timespec time = { .tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000 };
	sigset_t term;
	int number;

	(void)argc;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	printf("%s: up\n", argv[2]);
	fflush(stdout);
	sigwait(&term, &number);
	nanosleep(&time, NULL);
	printf("%s: asked\n", argv[2]);
	return 0;
}
