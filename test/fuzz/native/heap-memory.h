/* Included before native/heap.c under the fuzzer: its memory comes from heap.c there, which takes it back after each input. */
#ifndef FUZZ_HEAP_MEMORY_H
#define FUZZ_HEAP_MEMORY_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/mman.h>
#include <unistd.h>

void *heap_map(void *address, size_t size, int flags);
_Noreturn void heap_end(void);

/* far from the sanitizer's shadow, which lies where the heap does */
#define HEAP_BASE ((char *)0x500000000000)
#define mmap(address, size, protection, flags, fd, offset) heap_map(address, size, flags)
#define write(fd, from, size) ((ssize_t)(size))
#define _exit(status) heap_end()

#endif
