/*
 * What the runtime asks of the init, as words of its command line, so that ps(1) shows it:
 *
 *   tsrun-init MODE [remap FROM=TO]… [deadline MILLISECONDS] [stop SIGNAL] [fds COUNT]
 *              [setup|watched|helper COUNT WORD…]… [-- PATH ARGV0 ARGV1…]
 *
 * Signals are numbers. src/runtime/guest-init/words.ts writes it, so what is wrong in it is a bug.
 */
#ifndef PLAN_H
#define PLAN_H

#include "kernel.h"

/* No number is larger: a deadline of a month. */
enum { MOST_COMMANDS = 64, LAST_SIGNAL = 64, LARGEST_NUMBER = 2000000000 };

enum kind { SETUP, WATCHED, HELPER };

struct command {
	enum kind kind;
	/* null: the first of argv is looked for in $PATH */
	const char *path;
	char **argv;
	/* 0 when it does not run */
	int pid;
};

struct plan {
	/* signals go to the process group of a command */
	bool group;
	/* the end is not the end of one command: all processes are asked to end, and have time until the deadline */
	bool linger;
	/* the signals that ask for the end, by which the deadline begins */
	signals stop;
	long deadline;
	/* descriptors after stderr that are for the commands, and not kept */
	int fds;
	/* what becomes of each signal; 0 drops it */
	unsigned char remap[LAST_SIGNAL + 1];
	/* none: the init is all there is */
	struct command commands[MOST_COMMANDS];
	int count;
};

/* Puts ends into argv: the vectors of the commands are parts of it. */
void read_plan(struct plan *plan, char **argv);

#endif
