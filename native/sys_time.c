/*
 * Clocks, and what is not a system call at all: a hash for cache names, files linked into the binary.
 */
#define _GNU_SOURCE
#include "door.h"
#include "payload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

BINDING(clock_gettime)
{
	int clock;
	struct timespec now;

	if (!get_int(ctx, argv[0], &clock))
		return JS_EXCEPTION;
	if (clock_gettime(clock, &now) == -1)
		return THROW("clock_gettime", errno);
	return JS_NewBigInt64(ctx, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec);
}

BINDING(fnv1a64)
{
	BYTES(text);
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char digits[17];

	if (!get_bytes(ctx, argv[0], &text))
		return JS_EXCEPTION;
	for (size_t i = 0; i < text.length; i++)
		hash = (hash ^ text.at[i]) * UINT64_C(0x100000001b3);
	snprintf(digits, sizeof(digits), "%016" PRIx64, hash);
	return JS_NewString(ctx, digits);
}

BINDING(embedded)
{
	TEXT(name);
	const char *file;
	size_t length;

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	file = payload_find(name.at, &length);
	return file ? JS_NewStringLen(ctx, file, length) : JS_NULL;
}

BINDING(embedded_bytes)
{
	TEXT(name);
	const char *file;
	size_t length;

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	file = payload_find(name.at, &length);
	return file ? JS_NewArrayBufferCopy(ctx, (const uint8_t *)file, length) : JS_NULL;
}

const JSCFunctionListEntry door_time[] = {
	ENTRY(clock_gettime, 1),
	ENTRY(fnv1a64, 1),
	ENTRY(embedded, 1),
	ENTRY(embedded_bytes, 1),
};
const int door_time_count = sizeof(door_time) / sizeof(door_time[0]);
