/*
 * Seccomp: filters made by libseccomp; sys_exec.c loads them.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The filters being made: their handle in TypeScript is the place here. */
static scmp_filter_ctx filters[16];
#define FILTER_COUNT (sizeof(filters) / sizeof(filters[0]))

/* The filter of a handle; false with an exception pending. Not all functions of libseccomp look whether there is one. */
static bool get_filter(JSContext *ctx, JSValueConst value, scmp_filter_ctx *filter)
{
	int handle;

	if (!get_int(ctx, value, &handle))
		return false;
	*filter = (unsigned int)handle < FILTER_COUNT ? filters[handle] : NULL;
	if (!*filter)
		JS_ThrowRangeError(ctx, "not a filter: %d", handle);
	return *filter != NULL;
}

/* libseccomp returns the errno negated. */
static JSValue return_from_library(JSContext *ctx, int result, const char *name, int argc, JSValueConst *argv)
{
	return result < 0 ? throw_errno(ctx, name, -result, argc, argv) : JS_UNDEFINED;
}

BINDING(seccomp_action_available)
{
	int action;

	if (!get_int(ctx, argv[0], &action))
		return JS_EXCEPTION;
	/* since Linux 4.14 */
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0)
		return JS_TRUE;
	return errno == EOPNOTSUPP ? JS_FALSE : THROW("seccomp", errno);
}

BINDING(seccomp_init)
{
	int action;
	uint32_t handle = 0;

	if (!get_int(ctx, argv[0], &action))
		return JS_EXCEPTION;
	while (handle < FILTER_COUNT && filters[handle])
		handle++;
	if (handle == FILTER_COUNT)
		return THROW("seccomp_init", EMFILE);
	filters[handle] = seccomp_init((uint32_t)action);
	return filters[handle] ? JS_NewUint32(ctx, handle) : THROW("seccomp_init", EINVAL);
}

BINDING(seccomp_attr_set)
{
	scmp_filter_ctx filter;
	int attribute, value;

	if (!get_filter(ctx, argv[0], &filter) || !get_int(ctx, argv[1], &attribute) || !get_int(ctx, argv[2], &value))
		return JS_EXCEPTION;
	return return_from_library(ctx, seccomp_attr_set(filter, (enum scmp_filter_attr)attribute, (uint32_t)value),
				   "seccomp_attr_set", argc, argv);
}

BINDING(seccomp_arch_resolve_name)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	return JS_NewUint32(ctx, seccomp_arch_resolve_name(name.at));
}

BINDING(seccomp_arch_native)
{
	return JS_NewUint32(ctx, seccomp_arch_native());
}

BINDING(seccomp_arch_add)
{
	scmp_filter_ctx filter;
	int architecture;

	if (!get_filter(ctx, argv[0], &filter) || !get_int(ctx, argv[1], &architecture))
		return JS_EXCEPTION;
	return return_from_library(ctx, seccomp_arch_add(filter, (uint32_t)architecture), "seccomp_arch_add", argc,
				   argv);
}

BINDING(seccomp_syscall_resolve_name)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	return JS_NewInt32(ctx, seccomp_syscall_resolve_name(name.at));
}

BINDING(seccomp_syscall_resolve_name_arch)
{
	uint32_t architecture;
	TEXT(name);

	if (JS_ToUint32(ctx, &architecture, argv[0]) || !get_text(ctx, argv[1], &name))
		return JS_EXCEPTION;
	return JS_NewInt32(ctx, seccomp_syscall_resolve_name_arch(architecture, name.at));
}

/* An array of SeccompComparison; false with an exception pending. */
static bool get_comparisons(JSContext *ctx, JSValueConst value, struct scmp_arg_cmp *comparisons, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		JSValue item = JS_GetPropertyUint32(ctx, value, i);
		int index = 0, op = 0;
		int64_t first = 0, second = 0;
		bool converted = field_int(ctx, item, "index", &index) && field_int(ctx, item, "op", &op) &&
				 field_int64(ctx, item, "value", &first) && field_int64(ctx, item, "valueTwo", &second);
		comparisons[i] = (struct scmp_arg_cmp){(unsigned int)index, (enum scmp_compare)op, (uint64_t)first,
						       (uint64_t)second};
		JS_FreeValue(ctx, item);
		if (!converted)
			return false;
	}
	return true;
}

BINDING(seccomp_rule_add)
{
	scmp_filter_ctx filter;
	int action, number;
	uint32_t count;
	MEMORY(comparisons);

	if (!get_filter(ctx, argv[0], &filter) || !get_int(ctx, argv[1], &action) || !get_int(ctx, argv[2], &number) ||
	    !get_count(ctx, argv[3], &count) ||
	    !get_memory(ctx, count * sizeof(struct scmp_arg_cmp), &comparisons) ||
	    !get_comparisons(ctx, argv[3], comparisons.at, count))
		return JS_EXCEPTION;
	return return_from_library(
		ctx, seccomp_rule_add_array(filter, (uint32_t)action, number, count, comparisons.at),
		"seccomp_rule_add", argc, argv);
}

/* libseccomp before 2.6 writes the program into a file only: one in memory, read back. */
static int export_through_file(scmp_filter_ctx filter, int fd, struct memory *program, JSContext *ctx, size_t *size)
{
	int result = seccomp_export_bpf(filter, fd);
	off_t end = lseek(fd, 0, SEEK_END);

	if (result < 0)
		return result;
	if (end == -1)
		return -errno;
	*size = (size_t)end;
	if (!get_memory(ctx, *size, program))
		return -ENOMEM;
	return pread(fd, program->at, *size, 0) == end ? 0 : -EIO;
}

BINDING(seccomp_export_bpf)
{
	scmp_filter_ctx filter;
	MEMORY(program);
	size_t size = 0;
	int fd, result;

	if (!get_filter(ctx, argv[0], &filter))
		return JS_EXCEPTION;
	fd = memfd_create("seccomp", MFD_CLOEXEC);
	if (fd == -1)
		return THROW("memfd_create", errno);
	result = export_through_file(filter, fd, &program, ctx, &size);
	close(fd);
	if (result < 0)
		return THROW("seccomp_export_bpf", -result);
	return JS_NewArrayBufferCopy(ctx, program.at, size);
}

BINDING(seccomp_release)
{
	scmp_filter_ctx filter;

	if (!get_filter(ctx, argv[0], &filter))
		return JS_EXCEPTION;
	for (size_t handle = 0; handle < FILTER_COUNT; handle++)
		if (filters[handle] == filter)
			filters[handle] = NULL;
	seccomp_release(filter);
	return JS_UNDEFINED;
}

BINDING(seccomp_version)
{
	const struct scmp_version *version = seccomp_version();
	char text[48];

	snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor, version->micro);
	return JS_NewString(ctx, text);
}

const JSCFunctionListEntry door_seccomp[] = {
	ENTRY(seccomp_action_available, 1), ENTRY(seccomp_init, 1), ENTRY(seccomp_attr_set, 3),
	ENTRY(seccomp_arch_resolve_name, 1), ENTRY(seccomp_arch_native, 0), ENTRY(seccomp_arch_add, 2),
	ENTRY(seccomp_syscall_resolve_name, 1), ENTRY(seccomp_syscall_resolve_name_arch, 2),
	ENTRY(seccomp_rule_add, 4), ENTRY(seccomp_export_bpf, 1),
	ENTRY(seccomp_release, 1), ENTRY(seccomp_version, 0),
};
const int door_seccomp_count = sizeof(door_seccomp) / sizeof(door_seccomp[0]);
