/*
 * The process before its first line of TypeScript: relocated data read-only, standard descriptors open, nothing inherited
 * beyond them that a program could get, the running image out of a container's reach, then the engine.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine.h"
#include "errors.h"
#include "seal.h"

/* RELRO: musl does it for what its dynamic loader loads, not for a static program. */
static bool protect_relocated_data(void)
{
	extern char __executable_start[];
	const size_t page = getauxval(AT_PAGESZ);
	const Elf64_Phdr *header = (const Elf64_Phdr *)getauxval(AT_PHDR);

	for (size_t left = getauxval(AT_PHNUM); left > 0; left--, header++) {
		if (header->p_type != PT_GNU_RELRO)
			continue;
		char *start = __executable_start + (header->p_vaddr & -page);
		char *end = __executable_start + ((header->p_vaddr + header->p_memsz) & -page);
		return mprotect(start, (size_t)(end - start), PROT_READ) == 0;
	}
	return true;
}

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
	if (!protect_relocated_data()) {
		fprintf(stderr, "make relocated data read-only: %s\n", error_text(errno));
		return 1;
	}
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
