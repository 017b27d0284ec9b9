/* What the build appends to the binary: our modules and source maps, and the engine as it is once they are loaded. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>

enum payload {
	PAYLOAD_MISSING, /* nothing is appended, or there is no /proc to find it by */
	PAYLOAD_FILES,	 /* only files: the engine has to be started */
	PAYLOAD_IMAGE,	 /* a started engine, now at HEAP_BASE */
};

enum payload payload_map(void);

/* A file's bytes, null when there is none of that name; a final 0 follows them. */
const char *payload_find(const char *name, size_t *size);

/* Writes the heap to `fd` as an image; the build puts it between the binary and its files. */
bool payload_save_image(int fd);

#endif
