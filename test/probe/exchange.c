/* exchange A B: the two names swap what they name, again and again, as fast as the kernel can: a race to lose. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* "ready" after the first exchange; ends by a signal, or when either name cannot be exchanged any more. */
int do_exchange(int argc, char **argv)
{
	(void)argc;
	for (unsigned long rounds = 0;; rounds++) {
		/* EBUSY: something is mounted there just now */
		if (renameat2(AT_FDCWD, argv[2], AT_FDCWD, argv[3], RENAME_EXCHANGE) < 0 && errno != EBUSY)
			return outcome(1);
		if (rounds == 0)
			say("ready");
	}
}
