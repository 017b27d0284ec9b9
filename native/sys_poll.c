/*
 * Waiting for several descriptors at once, and one to be woken by.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>

/* An array of {fd, events}; false with an exception pending. */
static bool get_items(JSContext *ctx, JSValueConst value, struct pollfd *items, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		JSValue item = JS_GetPropertyUint32(ctx, value, i);
		int events = 0;
		bool converted = field_int(ctx, item, "fd", &items[i].fd) && field_int(ctx, item, "events", &events);
		items[i].events = (short)events;
		items[i].revents = 0;
		JS_FreeValue(ctx, item);
		if (!converted)
			return false;
	}
	return true;
}

BINDING(poll)
{
	uint32_t count;
	int64_t milliseconds;
	MEMORY(memory);
	struct pollfd *items;
	struct timespec limit;
	JSValue result;

	if (!get_count(ctx, argv[0], &count) || !get_int64(ctx, argv[1], &milliseconds))
		return JS_EXCEPTION;
	items = get_memory(ctx, count * sizeof(*items), &memory);
	if (!items || !get_items(ctx, argv[0], items, count))
		return JS_EXCEPTION;
	limit.tv_sec = milliseconds / 1000;
	limit.tv_nsec = milliseconds % 1000 * 1000000;
	/* a signal ends the wait with nothing ready: the caller looks what has changed */
	if (ppoll(items, count, milliseconds < 0 ? NULL : &limit, NULL) == -1 && errno != EINTR)
		return THROW("ppoll", errno);
	result = JS_NewArray(ctx);
	for (uint32_t i = 0; i < count; i++)
		JS_SetPropertyUint32(ctx, result, i, JS_NewInt32(ctx, items[i].revents));
	return complete(ctx, result);
}

BINDING(eventfd2)
{
	int initial, flags;

	if (!get_int(ctx, argv[0], &initial) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	RETURN_NUMBER("eventfd2", eventfd((unsigned int)initial, flags | EFD_CLOEXEC));
}

const JSCFunctionListEntry door_poll[] = {
	ENTRY(poll, 2),
	ENTRY(eventfd2, 2),
};
const int door_poll_count = sizeof(door_poll) / sizeof(door_poll[0]);
