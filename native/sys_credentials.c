/*
 * Credentials: user and group ids, capabilities.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

/* NGROUPS_MAX of linux/limits.h; a libc may have a smaller one */
#define MOST_GROUPS 65536

BINDING(getuid)
{
	return JS_NewUint32(ctx, getuid());
}

BINDING(geteuid)
{
	return JS_NewUint32(ctx, geteuid());
}

BINDING(getgid)
{
	return JS_NewUint32(ctx, getgid());
}

BINDING(getegid)
{
	return JS_NewUint32(ctx, getegid());
}

BINDING(getgroups)
{
	MEMORY(memory);
	gid_t *gids = get_memory(ctx, MOST_GROUPS * sizeof(*gids), &memory);
	int count = gids ? getgroups(MOST_GROUPS, gids) : 0;
	JSValue result;

	if (!gids)
		return JS_EXCEPTION;
	if (count == -1)
		return THROW("getgroups", errno);
	result = JS_NewArray(ctx);
	for (int i = 0; i < count; i++)
		JS_SetPropertyUint32(ctx, result, (uint32_t)i, JS_NewUint32(ctx, gids[i]));
	return complete(ctx, result);
}

BINDING(setgroups)
{
	INTS(gids);

	if (!get_ints(ctx, argv[0], &gids))
		return JS_EXCEPTION;
	RETURN_NOTHING("setgroups", syscall(SYS_setgroups, (size_t)gids.count, gids.at));
}

BINDING(setresuid)
{
	int real, effective, saved;

	if (!get_int(ctx, argv[0], &real) || !get_int(ctx, argv[1], &effective) || !get_int(ctx, argv[2], &saved))
		return JS_EXCEPTION;
	RETURN_NOTHING("setresuid", syscall(SYS_setresuid, real, effective, saved));
}

BINDING(setresgid)
{
	int real, effective, saved;

	if (!get_int(ctx, argv[0], &real) || !get_int(ctx, argv[1], &effective) || !get_int(ctx, argv[2], &saved))
		return JS_EXCEPTION;
	RETURN_NOTHING("setresgid", syscall(SYS_setresgid, real, effective, saved));
}

/* A set of 64 bits, which the kernel keeps in two words. */
static JSValue new_set(JSContext *ctx, uint32_t low, uint32_t high)
{
	return JS_NewBigUint64(ctx, (uint64_t)high << 32 | low);
}

BINDING(capget)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	JSValue result;

	if (syscall(SYS_capget, &header, sets) == -1)
		return THROW("capget", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "effective", new_set(ctx, sets[0].effective, sets[1].effective));
	JS_SetPropertyStr(ctx, result, "permitted", new_set(ctx, sets[0].permitted, sets[1].permitted));
	JS_SetPropertyStr(ctx, result, "inheritable", new_set(ctx, sets[0].inheritable, sets[1].inheritable));
	return complete(ctx, result);
}

BINDING(capset)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

	if (!get_capability_sets(ctx, argv[0], sets))
		return JS_EXCEPTION;
	RETURN_NOTHING("capset", syscall(SYS_capset, &header, sets));
}

const JSCFunctionListEntry door_credentials[] = {
	ENTRY(getuid, 0), ENTRY(geteuid, 0), ENTRY(getgid, 0), ENTRY(getegid, 0), ENTRY(getgroups, 0),
	ENTRY(setgroups, 1), ENTRY(setresuid, 3), ENTRY(setresgid, 3), ENTRY(capget, 0), ENTRY(capset, 1),
};
const int door_credentials_count = sizeof(door_credentials) / sizeof(door_credentials[0]);
