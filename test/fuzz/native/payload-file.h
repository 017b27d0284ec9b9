/* Included before native/payload.c under the fuzzer: the binary file that it maps is an input (payload.c). */
#ifndef FUZZ_PAYLOAD_FILE_H
#define FUZZ_PAYLOAD_FILE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

extern char *payload_base;

int payload_open(void);
int payload_stat(struct stat *to);
ssize_t payload_read(void *to, size_t size, off_t offset);
void *payload_mmap(size_t size, off_t offset);

#define HEAP_BASE payload_base
#define open(path, flags) payload_open()
#define close(fd) ((void)(fd))
#define fstat(fd, to) payload_stat(to)
#define pread(fd, to, size, offset) payload_read(to, size, offset)
#define mmap(address, size, protection, flags, fd, offset) payload_mmap(size, offset)

#endif
