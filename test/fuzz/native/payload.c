/*
 * What the build appends to the binary, under libFuzzer: an input is the end of a binary file. Whatever is there, it is
 * mapped and looked through inside its own bytes, or is no payload.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "../../../native/payload.h"
#include "payload-file.h"

static const uint8_t *bytes;
static size_t length;

/* Where the image is wanted is where it is: a copy as large as what is mapped. */
char *payload_base;

int payload_open(void)
{
	return 3;
}

int payload_stat(struct stat *to)
{
	*to = (struct stat){.st_size = (off_t)length};
	return 0;
}

ssize_t payload_read(void *to, size_t size, off_t offset)
{
	if (offset < 0 || (size_t)offset > length)
		return -1;
	if (size > length - (size_t)offset)
		size = length - (size_t)offset;
	memcpy(to, bytes + offset, size);
	return (ssize_t)size;
}

/* mmap(2): whole pages only, and beyond the last of the file they are none to be touched. */
void *payload_mmap(size_t size, off_t offset)
{
	if (size == 0 || offset < 0 || offset % 4096 != 0)
		return MAP_FAILED;
	payload_base = malloc(size < length ? size : length);
	if ((size_t)offset < length)
		memcpy(payload_base, bytes + offset, size < length - (size_t)offset ? size : length - (size_t)offset);
	return payload_base;
}

static void look_through(const char *name)
{
	static volatile char sum;
	size_t size;
	const char *file = payload_find(name, &size);

	/* a final 0 follows */
	for (size_t at = 0; file && at <= size; at++)
		sum = (char)(sum ^ file[at]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says how many pages of the binary come before: what an offset can be is a multiple of their size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t before = size > 0 ? (data[0] % 4) * (size_t)4096 : 0;
	uint8_t *file = calloc(1, before + size);

	if (size > 0)
		memcpy(file + before, data + 1, size - 1);
	bytes = file;
	length = before + (size > 0 ? size - 1 : 0);
	if (payload_map() != PAYLOAD_MISSING) {
		look_through("main.js");
		look_through("no such file");
	}
	free(payload_base);
	payload_base = NULL;
	free(file);
	return 0;
}
