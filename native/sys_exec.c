/*
 * Becoming another program: execve(2), and the last step of a container's process as one call.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"

BINDING(execve)
{
	int fd;
	TEXT(path);
	TEXTS(arguments);
	TEXTS(environment);
	char *const *args, *const *env;

	if (!get_int(ctx, argv[0], &fd) || !get_text(ctx, argv[1], &path) || !get_texts(ctx, argv[2], &arguments) ||
	    !get_texts(ctx, argv[3], &environment))
		return JS_EXCEPTION;
	args = (char *const *)arguments.at;
	env = (char *const *)environment.at;
	if (fd >= 0)
		RETURN_NOTHING("execveat", syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH));
	RETURN_NOTHING("execve", execve(path.at, args, env));
}

/* FinalExec of door.ts in C. */
struct program {
	int fd;
	struct text path;
	struct texts argv, envp;
	int first_closed_fd;
	bool set_capabilities;
	struct __user_cap_data_struct capabilities[_LINUX_CAPABILITY_U32S_3];
	uint64_t ambient;
	bool no_new_privileges;
	struct sock_fprog filter; /* no instructions: no filter */
	int filter_flags;
	struct text listener_message;
	int error_fd;
	struct text note;
};

static bool field_texts(JSContext *ctx, JSValueConst object, const char *name, struct texts *texts)
{
	JSValue value = JS_GetPropertyStr(ctx, object, name);
	bool converted = get_texts(ctx, value, texts);

	JS_FreeValue(ctx, value);
	return converted;
}

static bool field_text(JSContext *ctx, JSValueConst object, const char *name, struct text *text)
{
	JSValue value = JS_GetPropertyStr(ctx, object, name);
	bool converted = get_text(ctx, value, text);

	JS_FreeValue(ctx, value);
	return converted;
}

static bool field_bool(JSContext *ctx, JSValueConst object, const char *name, bool *result)
{
	JSValue value = JS_GetPropertyStr(ctx, object, name);
	bool converted = JS_IsBool(value);

	if (converted)
		*result = JS_VALUE_GET_BOOL(value);
	else
		JS_ThrowTypeError(ctx, "not a boolean");
	JS_FreeValue(ctx, value);
	return converted;
}

static bool get_capabilities(JSContext *ctx, JSValueConst object, struct program *program)
{
	JSValue sets = JS_GetPropertyStr(ctx, object, "capabilities");
	bool converted = JS_IsNull(sets) || get_capability_sets(ctx, sets, program->capabilities);

	program->set_capabilities = !JS_IsNull(sets);
	JS_FreeValue(ctx, sets);
	return converted;
}

/* A seccomp program as seccomp(2) wants it; the instructions stay in the ArrayBuffer. */
static bool get_filter(JSContext *ctx, JSValueConst object, struct program *program)
{
	JSValue value = JS_GetPropertyStr(ctx, object, "seccomp");
	size_t size = 0;
	uint8_t *instructions = JS_IsNull(value) ? NULL : JS_GetArrayBuffer(ctx, &size, value);
	bool converted = JS_IsNull(value) || instructions;

	if (size > BPF_MAXINSNS * sizeof(struct sock_filter)) {
		JS_ThrowRangeError(ctx, "more than %d instructions", BPF_MAXINSNS);
		converted = false;
	}
	program->filter.len = (unsigned short)(size / sizeof(struct sock_filter));
	program->filter.filter = (struct sock_filter *)(void *)instructions;
	JS_FreeValue(ctx, value);
	return converted;
}

static bool get_program(JSContext *ctx, JSValueConst object, struct program *program)
{
	int64_t ambient;

	if (!field_int(ctx, object, "fd", &program->fd) || !field_text(ctx, object, "path", &program->path) ||
	    !field_texts(ctx, object, "argv", &program->argv) || !field_texts(ctx, object, "envp", &program->envp) ||
	    !field_int(ctx, object, "firstClosedFd", &program->first_closed_fd) ||
	    !get_capabilities(ctx, object, program) || !field_int64(ctx, object, "ambient", &ambient) ||
	    !field_bool(ctx, object, "noNewPrivileges", &program->no_new_privileges) ||
	    !get_filter(ctx, object, program) ||
	    !field_int(ctx, object, "seccompFlags", &program->filter_flags) ||
	    !field_text(ctx, object, "listenerMessage", &program->listener_message) ||
	    !field_int(ctx, object, "errorFd", &program->error_fd) || !field_text(ctx, object, "note", &program->note))
		return false;
	program->ambient = (uint64_t)ambient;
	return true;
}

/* "<call> TAB <errno's name> TAB <its text> TAB <path> TAB <note>", without allocating. */
_Noreturn static void fail(const struct program *program, const char *call)
{
	char line[4096];
	int length = snprintf(line, sizeof(line), "%s\t%s\t%s\t%s\t%s", call, error_name(errno),
			      error_text(errno), program->path.at, program->note.at);

	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	if (program->error_fd >= 0 && write(program->error_fd, line, (size_t)length) == -1)
		_exit(1);
	_exit(1);
}

/* Marks rather than closes: the program's own descriptor and the one for errors are among them. */
static void close_from(int first)
{
	/* since Linux 5.11 */
	if (syscall(SYS_close_range, (unsigned int)first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* fs.nr_open, the highest number there can be; RLIMIT_NOFILE may have been lowered under an open one */
	for (int fd = first; fd < 1024 * 1024; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void set_capabilities(const struct program *program)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};

	if (program->set_capabilities) {
		if (syscall(SYS_capset, &header, program->capabilities) == -1)
			fail(program, "capset");
		/* since Linux 4.3; before it there is nothing to clear */
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	}
	for (unsigned long capability = 0; capability < 64; capability++)
		if (program->ambient >> capability & 1)
			prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
}

/* One message with the descriptor of a filter's listener, to whoever waits for the program. */
static void send_listener(const struct program *program, int listener)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(listener))] = {0};
	struct iovec payload = {.iov_base = (void *)(uintptr_t)program->listener_message.at,
				.iov_len = strlen(program->listener_message.at)};
	struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control,
				 .msg_controllen = sizeof(control)};
	struct cmsghdr *header = (struct cmsghdr *)control;

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(listener));
	memcpy(CMSG_DATA(header), &listener, sizeof(listener));
	if (sendmsg(program->error_fd, &message, MSG_NOSIGNAL) == -1)
		fail(program, "sendmsg");
}

static void load_filter(const struct program *program)
{
	long listener;

	if (program->filter.len == 0)
		return;
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->filter_flags, &program->filter);
	if (listener == -1)
		fail(program, "seccomp");
	if (program->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER)
		send_listener(program, (int)listener);
}

_Noreturn static void execute(const struct program *program)
{
	char *const *argv = (char *const *)program->argv.at;
	char *const *envp = (char *const *)program->envp.at;

	if (program->fd >= 0) {
		syscall(SYS_execveat, program->fd, "", argv, envp, AT_EMPTY_PATH);
		/* a script's interpreter would be told to read a descriptor that is closed by then: by name instead */
		if (errno != ENOENT)
			fail(program, "execveat");
	}
	execve(program->path.at, argv, envp);
	fail(program, "execve");
}

/*
 * From the first step on nothing is allocated and no line of TypeScript runs. The filter comes last, so that it has
 * to allow execve and, with a listener, sendmsg; no call but these two is ours any more.
 */
BINDING(final_exec)
{
	struct program program = {0};

	if (!get_program(ctx, argv[0], &program)) {
		text_free(&program.path);
		text_free(&program.listener_message);
		text_free(&program.note);
		texts_free(&program.argv);
		texts_free(&program.envp);
		return JS_EXCEPTION;
	}
	close_from(program.first_closed_fd);
	set_capabilities(&program);
	if (program.no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		fail(&program, "prctl");
	load_filter(&program);
	execute(&program);
}

const JSCFunctionListEntry door_exec[] = {
	ENTRY(execve, 4),
	ENTRY(final_exec, 1),
};
const int door_exec_count = sizeof(door_exec) / sizeof(door_exec[0]);
