/*
 * The process before its first line of TypeScript: standard descriptors open, nothing inherited beyond them
 * that a program could get, the running image out of a container's reach, then the engine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine.h"
#include "seal.h"

/* A closed 0, 1 or 2 would be handed to the next file we open, and that to the container. */
static void open_standard_descriptors(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	open_standard_descriptors();
	if (seal_needed(argc, argv) && seal_self(argv) < 0)
		return 1;
	/* since Linux 5.11; --preserve-fds takes the mark off again. Older kernels: each descriptor by hand. */
	if (syscall(SYS_close_range, 3, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */) < 0) {
		for (int fd = 3; fd < 1024; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	return engine_run(argc, argv);
}
