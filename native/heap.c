/*
 * A small allocator with size classes: blocks of a class are carved from the current piece of memory, and returned ones
 * are used again. Every block has its class in the word before it. Nothing goes back to the system: a command is
 * over in milliseconds, and what stays (`run`) uses the same few sizes again and again.
 */
#define _GNU_SOURCE
#include "heap.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/substitutes.h"

#ifdef HEAP_OF_LIBC
struct heap debug_heap;

JSRuntime *heap_new_runtime(void)
{
	return JS_NewRuntime();
}
#else

#define WORD sizeof(uint64_t)
/* classes 0 … 63 are 8, 16 … 512 bytes; above that every doubling has four: 640, 768, 896, 1024, 1280 … */
#define SMALL 64u
#define PIECE (256u << 10)
/* the last class; no machine has a piece as large */
#define LARGEST ((size_t)1 << 41)

/*
 * What is left when the system gives no more. The engine tells of it with an exception, for which it wants memory, and goes
 * round in circles when it gets none. No start touches these pages.
 */
static char reserve[64u << 10];

/* The request that finds no memory is refused; later ones, if they are small, are served from the reserve. */
static void *run_out(size_t size)
{
	static const char message[] = "engine: out of memory\n";

	if (!HEAP->on_reserve) {
		HEAP->on_reserve = true;
		HEAP->next = reserve;
		HEAP->end = reserve + sizeof(reserve);
	} else if (size <= SMALL * WORD) {
		/* the reserve is used up: nobody can be told in any other way */
		if (write(STDERR_FILENO, message, sizeof(message) - 1) == -1)
			_exit(1);
		_exit(1);
	}
	return NULL;
}

static unsigned class_of(size_t size)
{
	if (size <= SMALL * WORD)
		return (unsigned)((size + WORD - 1) / WORD) - (size > 0);
	unsigned doubling = 63u - (unsigned)__builtin_clzll(size - 1); /* 9 for 513 … 1024 */
	return SMALL + (doubling - 9) * 4 + (unsigned)((size - 1) >> (doubling - 2) & 3);
}

static size_t size_of(unsigned class)
{
	if (class < SMALL)
		return (class + 1) * WORD;
	unsigned doubling = (class - SMALL) / 4 + 9;
	return ((size_t)1 << doubling) + ((size_t)((class - SMALL) % 4 + 1) << (doubling - 2));
}

static void *map(void *address, size_t size, int flags)
{
	return mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}

static unsigned *class_at(const void *block)
{
	return (unsigned *)((uintptr_t)block - WORD);
}

static void *carve(unsigned class)
{
	size_t size = WORD + size_of(class);

	if ((size_t)(HEAP->end - HEAP->next) < size) {
		size_t piece = size > PIECE ? (size + 4095) & ~(size_t)4095 : PIECE;
		char *memory = map(NULL, piece, 0);

		if (memory == MAP_FAILED)
			return run_out(size);
		HEAP->next = memory;
		HEAP->end = memory + piece;
	}
	char *block = HEAP->next + WORD;
	HEAP->next += size;
	*class_at(block) = class;
	return block;
}

static size_t heap_usable(const void *block)
{
	return block ? size_of(*class_at(block)) : 0;
}

static void *heap_malloc(JSMallocState *state, size_t size)
{
	if (size > LARGEST || state->malloc_size + size > state->malloc_limit)
		return NULL;
	unsigned class = class_of(size);
	void *block = HEAP->returned[class];
	if (block)
		memcpy(&HEAP->returned[class], block, sizeof(void *));
	else if (!(block = carve(class)))
		return NULL;
	if (HEAP->zeroing)
		memset(block, 0, size_of(class));
	state->malloc_count++;
	state->malloc_size += size_of(class);
	return block;
}

static void heap_free(JSMallocState *state, void *block)
{
	if (!block)
		return;
	unsigned class = *class_at(block);
	state->malloc_count--;
	state->malloc_size -= size_of(class);
	memcpy(block, &HEAP->returned[class], sizeof(void *));
	HEAP->returned[class] = block;
}

static void *heap_realloc(JSMallocState *state, void *block, size_t size)
{
	size_t have = heap_usable(block);

	if (size == 0) {
		heap_free(state, block);
		return NULL;
	}
	if (block && size <= have)
		return block;
	void *larger = heap_malloc(state, size);
	if (larger && block) {
		memcpy(larger, block, have);
		heap_free(state, block);
	}
	return larger;
}

static const JSMallocFunctions functions = {heap_malloc, heap_free, heap_realloc, heap_usable};

JSRuntime *heap_new_runtime(void)
{
	if (map(HEAP_BASE, HEAP_IMAGE_ROOM, MAP_FIXED_NOREPLACE) != HEAP_BASE)
		return NULL;
	HEAP->next = HEAP_BASE + sizeof(struct heap);
	HEAP->end = HEAP_BASE + HEAP_IMAGE_ROOM;
	HEAP->zeroing = engine_time_stands;
	return JS_NewRuntime2(&functions, NULL);
}
#endif
