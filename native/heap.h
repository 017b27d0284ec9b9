/* The engine's memory: one arena at a fixed address, so that a started engine can be saved as bytes and mapped back. */
#ifndef HEAP_H
#define HEAP_H

#include <stdbool.h>
#include <stddef.h>

#include <quickjs.h>

/* At 128 GiB: below what the smallest address spaces of 64 bits have, far from where Linux puts programs and stacks. */
#ifndef HEAP_BASE /* test/fuzz/native has it elsewhere: there the sanitizer's shadow lies */
#define HEAP_BASE ((char *)0x2000000000)
#endif
/* Room for everything that the engine allocates while it is saved. */
#define HEAP_IMAGE_ROOM (16u << 20)

/* What lies at HEAP_BASE. */
struct heap {
	/* the unused part of the current piece of memory */
	char *next, *end;
	/* given back blocks by size class, linked through their first word */
	void *returned[64 + 4 * 32];
	/* while it is saved: blocks come zeroed, or what was in them before would make each image different */
	bool zeroing;
	/* the system gives no more memory */
	bool on_reserve;
	/* what the engine was when it was saved */
	JSRuntime *runtime;
	JSContext *context;
	/* main.js, read and linked, not yet run */
	JSModuleDef *main;
};

#ifdef HEAP_OF_LIBC
/* the debug build has libc's malloc, which the sanitizers and valgrind watch, and is never saved */
extern struct heap debug_heap;
#define HEAP (&debug_heap)
#else
#define HEAP ((struct heap *)HEAP_BASE)
#endif

/* A runtime in an empty heap at HEAP_BASE with HEAP_IMAGE_ROOM; NULL when the address is taken. */
JSRuntime *heap_new_runtime(void);

#endif
