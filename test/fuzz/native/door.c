/*
 * The door under libFuzzer: an input is a list of calls with made-up arguments, and what the kernel (kernel.c) answers.
 * A call returns a value, or has thrown; and all memory is given back.
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../native/door.h"
#include "../../../native/payload.h"
#include "exit.h"
#include "kernel.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
/* Nothing of the runtime's own needs more in one piece. */
#define LARGEST (1u << 20)
#define MOST_ARGUMENTS 8

/* --- the input --------------------------------------------------------------------------------------------------- */

static const uint8_t *input;
static size_t left;

static unsigned int next(void)
{
	if (left == 0)
		return 0;
	left--;
	return *input++;
}

static uint64_t next_word(unsigned int bytes)
{
	uint64_t word = 0;

	while (bytes-- > 0)
		word = word << 8 | next();
	return word;
}

/* --- memory ------------------------------------------------------------------------------------------------------ */

/* In front of each block, so that all of them can be given back when the process has ended in the middle. */
struct block {
	struct block *before, *after;
	size_t size, unused;
};

static struct block blocks = {&blocks, &blocks, 0, 0};

/* How many more may be had before one is refused; what is wanted then, to tell of it, native/heap.c has in reserve. */
static size_t supply;

static void *block_malloc(JSMallocState *state, size_t size)
{
	bool refused = supply-- == 0;
	struct block *block = refused || size > LARGEST ? NULL : malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	*block = (struct block){&blocks, blocks.after, size, 0};
	block->before->after = block->after->before = block;
	state->malloc_count++;
	return block + 1;
}

static void block_free(JSMallocState *state, void *memory)
{
	struct block *block;

	if (!memory)
		return;
	block = (struct block *)memory - 1;
	block->before->after = block->after;
	block->after->before = block->before;
	state->malloc_count--;
	free(block);
}

static size_t block_size(const void *memory)
{
	return memory ? ((const struct block *)memory)[-1].size : 0;
}

static void *block_realloc(JSMallocState *state, void *memory, size_t size)
{
	void *larger = size > 0 ? block_malloc(state, size) : NULL;
	size_t have = block_size(memory);

	if (size > 0 && !larger)
		return NULL;
	if (larger && memory)
		memcpy(larger, memory, have < size ? have : size);
	block_free(state, memory);
	return larger;
}

static const JSMallocFunctions functions = {block_malloc, block_free, block_realloc, block_size};

static void free_blocks(void)
{
	JSMallocState state = {0};

	while (blocks.after != &blocks)
		block_free(&state, blocks.after + 1);
}

/* --- arguments --------------------------------------------------------------------------------------------------- */

static JSValue any(JSContext *ctx, int depth);

static JSValue text(JSContext *ctx, size_t length)
{
	static char characters[255 * 64];

	for (size_t at = 0; at < length; at++)
		characters[at] = left > 0 ? (char)next() : 'x';
	return JS_NewStringLen(ctx, characters, length);
}

static JSValue buffer(JSContext *ctx, size_t length)
{
	uint8_t bytes[255];

	for (size_t at = 0; at < length; at++)
		bytes[at] = (uint8_t)next();
	return JS_NewArrayBufferCopy(ctx, bytes, length);
}

static JSValue list(JSContext *ctx, unsigned int count, int depth)
{
	JSValue array = JS_NewArray(ctx);

	for (unsigned int at = 0; at < count; at++)
		JS_SetPropertyUint32(ctx, array, at, any(ctx, depth + 1));
	return array;
}

/* The numbers around which conversions go wrong. */
static JSValue border(JSContext *ctx, unsigned int which)
{
	static const int64_t borders[] = {
		0, -1, INT32_MAX, INT32_MIN, UINT32_MAX, INT64_C(1) << 32, INT32_MIN - INT64_C(1),
		(INT64_C(1) << 53) - 1, -(INT64_C(1) << 53) + 1, 253, 254, 8191, 8192, 64, 65, LARGEST,
	};

	if (which >= 240)
		return JS_NewBigInt64(ctx, which % 2 ? INT64_MIN : INT64_MAX);
	return JS_NewInt64(ctx, borders[which % COUNT(borders)]);
}

static JSValue array_of_length(JSContext *ctx, JSValue length)
{
	JSValue array = JS_NewArray(ctx);

	JS_SetPropertyStr(ctx, array, "length", length);
	return array;
}

/* Every field that the door looks for in an object, and what it wants to find there. */
static const struct field {
	const char *name;
	enum { INTEGER, TEXT, TEXTS, BOOLEAN, BUFFER, OBJECT } kind;
} fields[] = {
	{"fd", INTEGER}, {"events", INTEGER}, {"index", INTEGER}, {"op", INTEGER}, {"value", INTEGER},
	{"valueTwo", INTEGER}, {"effective", INTEGER}, {"permitted", INTEGER}, {"inheritable", INTEGER},
	{"policy", INTEGER}, {"flags", INTEGER}, {"nice", INTEGER}, {"priority", INTEGER}, {"runtime", INTEGER},
	{"deadline", INTEGER}, {"period", INTEGER}, {"iflag", INTEGER}, {"oflag", INTEGER}, {"cflag", INTEGER},
	{"lflag", INTEGER}, {"cc", BUFFER}, {"path", TEXT}, {"argv", TEXTS}, {"envp", TEXTS},
	{"firstClosedFd", INTEGER}, {"capabilities", OBJECT}, {"ambient", INTEGER}, {"noNewPrivileges", BOOLEAN},
	{"seccomp", BUFFER}, {"seccompFlags", INTEGER}, {"listenerMessage", TEXT}, {"errorFd", INTEGER},
	{"note", TEXT},
};

static JSValue object(JSContext *ctx, int depth);

static JSValue wanted(JSContext *ctx, const struct field *field, int depth)
{
	switch (field->kind) {
	case INTEGER:
		return JS_NewInt64(ctx, (int64_t)next());
	case TEXT:
		return text(ctx, next() % 8);
	case TEXTS: {
		JSValue array = JS_NewArray(ctx);

		JS_SetPropertyUint32(ctx, array, 0, text(ctx, next() % 8));
		return array;
	}
	case BOOLEAN:
		return JS_NewBool(ctx, next() & 1);
	case BUFFER:
		return buffer(ctx, 32);
	case OBJECT:
		return depth < 2 ? object(ctx, depth + 1) : JS_NULL;
	}
	return JS_UNDEFINED;
}

/* With all the fields, of which a few may hold anything. */
static JSValue object(JSContext *ctx, int depth)
{
	JSValue object = JS_NewObject(ctx);

	for (size_t at = 0; at < COUNT(fields); at++)
		JS_SetPropertyStr(ctx, object, fields[at].name, wanted(ctx, &fields[at], depth));
	for (unsigned int count = next() % 3; count > 0; count--) {
		const char *name = fields[next() % COUNT(fields)].name;

		JS_SetPropertyStr(ctx, object, name, any(ctx, depth + 1));
	}
	return object;
}

static JSValue any(JSContext *ctx, int depth)
{
	switch (next() % (depth > 2 ? 10 : 14)) {
	case 0:
		return JS_UNDEFINED;
	case 1:
		return JS_NULL;
	case 2:
		return JS_NewBool(ctx, next() & 1);
	case 3:
		return JS_NewInt32(ctx, (int8_t)next());
	case 4:
		return JS_NewInt32(ctx, (int32_t)next_word(4));
	case 5: {
		uint64_t bits = next_word(8);
		double number;

		memcpy(&number, &bits, sizeof(number));
		return JS_NewFloat64(ctx, number);
	}
	case 6:
		return JS_NewBigInt64(ctx, (int64_t)next_word(8));
	case 7:
		return border(ctx, next());
	case 8:
		return text(ctx, next());
	case 9:
		return buffer(ctx, next());
	case 10:
		return text(ctx, (size_t)next() * 64);
	case 11:
		return list(ctx, next() % 16, depth);
	case 12:
		return array_of_length(ctx, border(ctx, next()));
	default:
		return object(ctx, depth);
	}
}

/* --- calls ------------------------------------------------------------------------------------------------------- */

static const struct {
	const JSCFunctionListEntry *functions;
	const int *count;
} chapters[] = {
	{door_fs, &door_fs_count}, {door_mount, &door_mount_count}, {door_process, &door_process_count},
	{door_exec, &door_exec_count}, {door_signal, &door_signal_count}, {door_schedule, &door_schedule_count},
	{door_credentials, &door_credentials_count}, {door_network, &door_network_count}, {door_tty, &door_tty_count},
	{door_poll, &door_poll_count}, {door_bpf, &door_bpf_count}, {door_seccomp, &door_seccomp_count},
	{door_time, &door_time_count},
};

/* One file is in the binary. */
const char *payload_find(const char *name, size_t *size)
{
	static const char file[] = "a file";

	*size = strcmp(name, "file") ? 0 : sizeof(file) - 1;
	return *size > 0 ? file : NULL;
}

static void fail(const char *name, const char *what)
{
	fprintf(stderr, "%s: %s\n", name, what);
	abort();
}

/* Memory is out in a part of the calls, sooner or later. */
static void limit_supply(void)
{
	unsigned int number = next();

	supply = number < 192 ? SIZE_MAX : number - 192;
}

static void call(JSContext *ctx, const JSCFunctionListEntry *function, JSValue *arguments, int count)
{
	JSValue result = function->u.func.cfunc.generic(ctx, JS_UNDEFINED, count, arguments);
	bool thrown = JS_HasException(ctx);

	supply = SIZE_MAX;
	if (JS_IsException(result) && !thrown)
		fail(function->name, "failed without an exception");
	if (!JS_IsException(result) && thrown)
		fail(function->name, "returned, and has thrown");
	JS_FreeValue(ctx, JS_IsException(result) ? JS_GetException(ctx) : result);
}

static void call_any(JSContext *ctx)
{
	size_t chapter = next() % COUNT(chapters);
	const JSCFunctionListEntry *function =
		&chapters[chapter].functions[next() % (unsigned int)*chapters[chapter].count];
	int given = (int)(next() % (MOST_ARGUMENTS + 1)), length = function->u.func.length;
	JSValue arguments[MOST_ARGUMENTS];

	/* the engine gives a function at least as many as it has declared */
	for (int at = 0; at < MOST_ARGUMENTS; at++)
		arguments[at] = at < given ? any(ctx, 0) : JS_UNDEFINED;
	/* of what could not be made */
	JS_FreeValue(ctx, JS_GetException(ctx));
	limit_supply();
	call(ctx, function, arguments, given > length ? given : length);
	for (int at = 0; at < MOST_ARGUMENTS; at++)
		JS_FreeValue(ctx, arguments[at]);
}

/* libseccomp's memory is not the engine's. */
static void release_filters(JSContext *ctx)
{
	const JSCFunctionListEntry *release = door_seccomp;

	while (strcmp(release->name, "seccomp_release") != 0)
		release++;
	for (int handle = 0; handle < 16; handle++) {
		JSValue argument = JS_NewInt32(ctx, handle);

		call(ctx, release, &argument, 1);
	}
}

static JSContext *new_context(JSRuntime *runtime)
{
	JSContext *ctx = JS_NewContextRaw(runtime);

	JS_AddIntrinsicBaseObjects(ctx);
	JS_AddIntrinsicTypedArrays(ctx);
	return ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	JSRuntime *runtime;
	JSContext *ctx;

	supply = SIZE_MAX;
	runtime = JS_NewRuntime2(&functions, NULL);
	ctx = new_context(runtime);
	input = data;
	left = size - size / 4;
	kernel_begin(data + left, size / 4);
	if (setjmp(after_exit) != 0) {
		free_blocks();
		return 0;
	}
	for (int calls = 0; left > 0 && calls < 16; calls++)
		call_any(ctx);
	release_filters(ctx);
	JS_FreeContext(ctx);
	/* the engine checks that no object is left; strings it leaves to this */
	JS_FreeRuntime(runtime);
	if (blocks.after != &blocks)
		fail("memory", "not all of it was given back");
	return 0;
}
