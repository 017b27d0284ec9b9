/*
 * BPF: programs that decide about a cgroup's device nodes (bpf(2)). Its descriptors are close-on-exec by themselves.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* BPF_CGROUP_MAX_PROGS of the kernel: no cgroup has more of one type. */
#define MAX_PROGRAMS 64
#define LOG_SIZE 65536

static long bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Loads again for the verifier's word on the program, which a successful load does not pay for. */
static JSValue throw_verdict(JSContext *ctx, union bpf_attr *attr, int argc, JSValueConst *argv)
{
	int error = errno;
	MEMORY(log);

	if (!get_memory(ctx, LOG_SIZE, &log))
		return JS_EXCEPTION;
	*(char *)log.at = 0;
	attr->log_level = 1;
	attr->log_size = LOG_SIZE;
	attr->log_buf = (uintptr_t)log.at;
	RETRY(bpf(BPF_PROG_LOAD, attr));
	return throw_errno_detail(ctx, "bpf", error, log.at, argc, argv);
}

BINDING(bpf_prog_load)
{
	int type;
	BYTES(instructions);
	TEXT(license);
	union bpf_attr attr;
	long fd;

	if (!get_int(ctx, argv[0], &type) || !get_bytes(ctx, argv[1], &instructions) ||
	    !get_text(ctx, argv[2], &license))
		return JS_EXCEPTION;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = (uint32_t)type;
	attr.insn_cnt = (uint32_t)(instructions.length / sizeof(struct bpf_insn));
	attr.insns = (uintptr_t)instructions.at;
	attr.license = (uintptr_t)license.at;
	/* EAGAIN: the verifier was interrupted by a signal */
	do
		fd = bpf(BPF_PROG_LOAD, &attr);
	while (fd == -1 && (errno == EINTR || errno == EAGAIN));
	return fd == -1 ? throw_verdict(ctx, &attr, argc, argv) : JS_NewInt64(ctx, fd);
}

BINDING(bpf_prog_attach)
{
	int target, program, type, flags;
	union bpf_attr attr;

	if (!get_int(ctx, argv[0], &target) || !get_int(ctx, argv[1], &program) || !get_int(ctx, argv[2], &type) ||
	    !get_int(ctx, argv[3], &flags))
		return JS_EXCEPTION;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)target;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = (uint32_t)type;
	attr.attach_flags = (uint32_t)flags;
	RETURN_NOTHING("bpf", bpf(BPF_PROG_ATTACH, &attr));
}

BINDING(bpf_prog_detach)
{
	int target, program, type;
	union bpf_attr attr;

	if (!get_int(ctx, argv[0], &target) || !get_int(ctx, argv[1], &program) || !get_int(ctx, argv[2], &type))
		return JS_EXCEPTION;
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = (uint32_t)target;
	attr.attach_bpf_fd = (uint32_t)program;
	attr.attach_type = (uint32_t)type;
	RETURN_NOTHING("bpf", bpf(BPF_PROG_DETACH, &attr));
}

BINDING(bpf_prog_query)
{
	int target, type;
	uint32_t ids[MAX_PROGRAMS];
	union bpf_attr attr;
	JSValue result;

	if (!get_int(ctx, argv[0], &target) || !get_int(ctx, argv[1], &type))
		return JS_EXCEPTION;
	memset(&attr, 0, sizeof(attr));
	attr.query.target_fd = (uint32_t)target;
	attr.query.attach_type = (uint32_t)type;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = MAX_PROGRAMS;
	if (bpf(BPF_PROG_QUERY, &attr) == -1)
		return THROW("bpf", errno);
	result = JS_NewArray(ctx);
	for (uint32_t i = 0; i < attr.query.prog_cnt; i++)
		JS_SetPropertyUint32(ctx, result, i, JS_NewUint32(ctx, ids[i]));
	return complete(ctx, result);
}

BINDING(bpf_prog_get_fd_by_id)
{
	int id;
	union bpf_attr attr;

	if (!get_int(ctx, argv[0], &id))
		return JS_EXCEPTION;
	memset(&attr, 0, sizeof(attr));
	attr.prog_id = (uint32_t)id;
	RETURN_NUMBER("bpf", bpf(BPF_PROG_GET_FD_BY_ID, &attr));
}

const JSCFunctionListEntry door_bpf[] = {
	ENTRY(bpf_prog_load, 3), ENTRY(bpf_prog_attach, 4), ENTRY(bpf_prog_detach, 3), ENTRY(bpf_prog_query, 2),
	ENTRY(bpf_prog_get_fd_by_id, 1),
};
const int door_bpf_count = sizeof(door_bpf) / sizeof(door_bpf[0]);
