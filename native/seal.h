/* Keeps containers from writing to the runtime's own file. */
#ifndef SEAL_H
#define SEAL_H

#include <stdbool.h>

/* True when the command line has a verb after which a process of ours lives in a container. */
bool seal_needed(int argc, char **argv);

/* Goes on from a read-only image: returns 0 when we already do, else executes it; -1 with a message on failure. */
int seal_self(char **argv);

#endif
