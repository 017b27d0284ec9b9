/* Starting a command of the plan. */
#ifndef START_H
#define START_H

#include "plan.h"

struct surroundings {
	char **environment;
	/* the terminal that was ours is free: whoever leads a session may take it */
	bool terminal;
	/* of the init; when it is not 1, its end must be made that of its children */
	int pid;
	/* written by a child that could not execute its program, 0 before */
	volatile int *exec_error;
};

/* Returns when the program runs, or has failed to: then the child ends with 126 or 127, and the result is that; else 0. */
int start(struct command *command, const struct surroundings *around);

#endif
