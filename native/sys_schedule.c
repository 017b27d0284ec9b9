/*
 * What a process gets of the machine: processors, memory nodes, priorities, limits, its personality.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than any kernel is built for: x86 knows 8192 processors and 1024 nodes. */
#define MASK_BITS 8192
#define WORD_BITS (sizeof(unsigned long) * CHAR_BIT)
#define MASK_WORDS (MASK_BITS / WORD_BITS)

BINDING(setpriority)
{
	int which, who, nice;

	if (!get_int(ctx, argv[0], &which) || !get_int(ctx, argv[1], &who) || !get_int(ctx, argv[2], &nice))
		return JS_EXCEPTION;
	RETURN_NOTHING("setpriority", syscall(SYS_setpriority, which, who, nice));
}

BINDING(sched_setattr)
{
	int pid, policy, nice, priority;
	int64_t flags, runtime, deadline, period;
	/* struct sched_attr as of Linux 3.14, in the header of libc since 2.41 only */
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} attr = {.size = sizeof(attr)};

	if (!get_int(ctx, argv[0], &pid) || !field_int(ctx, argv[1], "policy", &policy) ||
	    !field_int64(ctx, argv[1], "flags", &flags) || !field_int(ctx, argv[1], "nice", &nice) ||
	    !field_int(ctx, argv[1], "priority", &priority) || !field_int64(ctx, argv[1], "runtime", &runtime) ||
	    !field_int64(ctx, argv[1], "deadline", &deadline) || !field_int64(ctx, argv[1], "period", &period))
		return JS_EXCEPTION;
	attr.policy = (uint32_t)policy;
	attr.flags = (uint64_t)flags;
	attr.nice = nice;
	attr.priority = (uint32_t)priority;
	attr.runtime = (uint64_t)runtime;
	attr.deadline = (uint64_t)deadline;
	attr.period = (uint64_t)period;
	RETURN_NOTHING("sched_setattr", syscall(SYS_sched_setattr, pid, &attr, 0));
}

/* An array of small numbers as a bit mask; false with an exception pending. */
static bool get_mask(JSContext *ctx, JSValueConst value, unsigned long mask[MASK_WORDS])
{
	INTS(numbers);

	if (!get_ints(ctx, value, &numbers))
		return false;
	for (uint32_t i = 0; i < numbers.count; i++) {
		unsigned int number = (unsigned int)numbers.at[i];
		if (number >= MASK_BITS) {
			JS_ThrowRangeError(ctx, "number %u is beyond %d", number, MASK_BITS - 1);
			return false;
		}
		mask[number / WORD_BITS] |= 1UL << number % WORD_BITS;
	}
	return true;
}

BINDING(sched_setaffinity)
{
	int pid;
	unsigned long mask[MASK_WORDS] = {0};

	if (JS_IsNull(argv[1]))
		memset(mask, 0xff, sizeof(mask));
	if (!get_int(ctx, argv[0], &pid) || (!JS_IsNull(argv[1]) && !get_mask(ctx, argv[1], mask)))
		return JS_EXCEPTION;
	RETURN_NOTHING("sched_setaffinity", sched_setaffinity(pid, sizeof(mask), (const cpu_set_t *)mask));
}

BINDING(sched_getaffinity)
{
	int pid;
	uint32_t count = 0;
	unsigned long mask[MASK_WORDS] = {0};
	JSValue cpus;

	if (!get_int(ctx, argv[0], &pid))
		return JS_EXCEPTION;
	if (sched_getaffinity(pid, sizeof(mask), (cpu_set_t *)mask) == -1)
		return THROW("sched_getaffinity", errno);
	cpus = JS_NewArray(ctx);
	for (uint32_t cpu = 0; cpu < MASK_BITS; cpu++)
		if (mask[cpu / WORD_BITS] >> cpu % WORD_BITS & 1)
			JS_SetPropertyUint32(ctx, cpus, count++, JS_NewUint32(ctx, cpu));
	return complete(ctx, cpus);
}

BINDING(set_mempolicy)
{
	int mode;
	unsigned long mask[MASK_WORDS] = {0};

	if (!get_int(ctx, argv[0], &mode) || !get_mask(ctx, argv[1], mask))
		return JS_EXCEPTION;
	/* the kernel takes one bit less than it is told */
	RETURN_NOTHING("set_mempolicy", syscall(SYS_set_mempolicy, mode, mask, (unsigned long)MASK_BITS + 1));
}

BINDING(ioprio_set)
{
	int which, who, ioprio;

	if (!get_int(ctx, argv[0], &which) || !get_int(ctx, argv[1], &who) || !get_int(ctx, argv[2], &ioprio))
		return JS_EXCEPTION;
	RETURN_NOTHING("ioprio_set", syscall(SYS_ioprio_set, which, who, ioprio));
}

BINDING(setrlimit)
{
	int resource;
	int64_t soft, hard;
	struct rlimit limit;

	if (!get_int(ctx, argv[0], &resource) || !get_int64(ctx, argv[1], &soft) || !get_int64(ctx, argv[2], &hard))
		return JS_EXCEPTION;
	limit.rlim_cur = (uint64_t)soft;
	limit.rlim_max = (uint64_t)hard;
	RETURN_NOTHING("setrlimit", syscall(SYS_prlimit64, 0, resource, &limit, NULL));
}

BINDING(getrlimit)
{
	int resource;
	struct rlimit limit;
	JSValue result;

	if (!get_int(ctx, argv[0], &resource))
		return JS_EXCEPTION;
	if (syscall(SYS_prlimit64, 0, resource, NULL, &limit) == -1)
		return THROW("getrlimit", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "soft", JS_NewBigUint64(ctx, limit.rlim_cur));
	JS_SetPropertyStr(ctx, result, "hard", JS_NewBigUint64(ctx, limit.rlim_max));
	return complete(ctx, result);
}

BINDING(personality)
{
	int persona;

	if (!get_int(ctx, argv[0], &persona))
		return JS_EXCEPTION;
	RETURN_NUMBER("personality", personality((uint32_t)persona));
}

const JSCFunctionListEntry door_schedule[] = {
	ENTRY(setpriority, 3), ENTRY(sched_setattr, 2), ENTRY(sched_setaffinity, 2), ENTRY(sched_getaffinity, 1),
	ENTRY(set_mempolicy, 2), ENTRY(ioprio_set, 3), ENTRY(setrlimit, 3), ENTRY(getrlimit, 1), ENTRY(personality, 1),
};
const int door_schedule_count = sizeof(door_schedule) / sizeof(door_schedule[0]);
