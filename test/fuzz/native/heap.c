/*
 * The engine's heap under libFuzzer: an input is a list of requests. Every block holds what was written into it until it
 * is given back, lies in nobody else's, and is as large as was asked for; what cannot be is refused.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "heap-memory.h"

#include "../../../native/heap.h"
#include "../../../native/engine/substitutes.h"

#define BLOCKS 64
/* Of a block, what is written and compared. */
#define LOOK 4096u

/* What the system has, of which a start takes HEAP_IMAGE_ROOM. */
#define MEMORY (HEAP_IMAGE_ROOM + (16u << 20))

bool engine_time_stands;

static const JSMallocFunctions *heap;

/* In place of the engine's: only the heap is wanted. */
JSRuntime *JS_NewRuntime2(const JSMallocFunctions *functions, void *opaque)
{
	(void)opaque;
	heap = functions;
	return (JSRuntime *)HEAP_BASE;
}

static const uint8_t *input;
static size_t left;

static unsigned int next(void)
{
	return left > 0 ? (left--, *input++) : 0;
}

/* Small, around a border of the size classes, or any number of 64 bits. */
static size_t next_size(void)
{
	unsigned int kind = next(), number = next();

	if (kind < 128)
		return number * 3;
	if (kind < 224)
		return ((size_t)1 << number % 22) + (kind % 5) - 2;
	return ((size_t)1 << number % 64) * (kind % 8) - 1;
}

static struct {
	uint8_t *at;
	size_t size;
	uint8_t mark;
} blocks[BLOCKS];

static void check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "heap: %s\n", what);
	abort();
}

static size_t looked_at(size_t size)
{
	return size < LOOK ? size : LOOK;
}

/* Both ends of it. */
static void fill(unsigned int index, uint8_t mark)
{
	size_t size = blocks[index].size, look = looked_at(size);

	blocks[index].mark = mark;
	memset(blocks[index].at, mark, look);
	memset(blocks[index].at + size - look, mark, look);
}

static void compare(const uint8_t *at, size_t size, uint8_t mark)
{
	for (size_t each = 0; each < size; each++)
		check(at[each] == mark, "a block has changed");
}

static void check_intact(unsigned int index)
{
	size_t size = blocks[index].size, look = looked_at(size);

	compare(blocks[index].at, look, blocks[index].mark);
	compare(blocks[index].at + size - look, look, blocks[index].mark);
}

static void keep(unsigned int index, void *memory, size_t size)
{
	blocks[index].at = memory;
	blocks[index].size = size;
	if (!memory)
		return;
	check(((uintptr_t)memory & 7) == 0, "a block is not aligned");
	check(heap->js_malloc_usable_size(memory) >= size, "a block is too small");
	fill(index, (uint8_t)(index * 37 + size));
}

static void change(JSMallocState *state, unsigned int index, size_t size)
{
	size_t have = blocks[index].size < size ? blocks[index].size : size;
	uint8_t mark = blocks[index].mark, *before = blocks[index].at;
	uint8_t *memory = heap->js_realloc(state, before, size);

	/* what cannot grow stays as it was */
	if (!memory && size > 0) {
		if (before)
			check_intact(index);
		return;
	}
	if (memory && before)
		compare(memory, looked_at(have), mark);
	keep(index, memory, size);
}

static struct piece {
	void *at;
	size_t size;
} pieces[128];
static size_t piece_count, mapped;
static jmp_buf ended;

#undef mmap
void *heap_map(void *address, size_t size, int flags)
{
	struct piece *piece = &pieces[piece_count];

	if (piece_count == sizeof(pieces) / sizeof(*pieces) || size > MEMORY - mapped)
		return MAP_FAILED;
	piece->at = mmap(address, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	piece->size = size;
	if (piece->at == MAP_FAILED)
		return MAP_FAILED;
	piece_count++;
	mapped += size;
	return piece->at;
}

void heap_end(void)
{
	longjmp(ended, 1);
}

/* Mapped anew for each input, or an answer would depend on those before. */
static JSMallocState begin(void)
{
	while (piece_count > 0)
		piece_count--, munmap(pieces[piece_count].at, pieces[piece_count].size);
	mapped = 0;
	memset(blocks, 0, sizeof(blocks));
	check(heap_new_runtime() != NULL, "it cannot be made");
	HEAP->zeroing = next() & 1;
	return (JSMallocState){.malloc_limit = SIZE_MAX};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	left = size;
	JSMallocState state = begin();

	if (setjmp(ended) != 0)
		return 0;
	for (int request = 0; left > 0 && request < 256; request++) {
		unsigned int what = next(), index = what % BLOCKS;

		if (blocks[index].at)
			check_intact(index);
		if (what >= 192) {
			change(&state, index, next_size());
		} else if (blocks[index].at) {
			heap->js_free(&state, blocks[index].at);
			blocks[index].at = NULL;
			blocks[index].size = 0;
		} else {
			size_t wanted = next_size();

			keep(index, heap->js_malloc(&state, wanted), wanted);
		}
	}
	for (unsigned int index = 0; index < BLOCKS; index++) {
		if (blocks[index].at)
			check_intact(index);
		heap->js_free(&state, blocks[index].at);
		blocks[index].at = NULL;
		blocks[index].size = 0;
	}
	check(state.malloc_count == 0 && state.malloc_size == 0, "the books do not balance");
	return 0;
}
