/*
 * Processes and namespaces: clone, wait, prctl, names, keyrings.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

static int command_line_length;
static char **command_line;

void door_set_argv(int argc, char **argv)
{
	command_line_length = argc;
	command_line = argv;
}

static JSValue new_process(JSContext *ctx, pid_t pid, const char *key, int value)
{
	JSValue result = JS_NewObject(ctx);

	JS_SetPropertyStr(ctx, result, "pid", JS_NewInt32(ctx, pid));
	JS_SetPropertyStr(ctx, result, key, JS_NewInt32(ctx, value));
	return complete(ctx, result);
}

/*
 * As fork(2): without a stack of its own the child goes on here with a copy of all our memory. libc is not told;
 * with one thread it keeps nothing that a child must repair.
 */
BINDING(clone3)
{
	int64_t flags;
	int exit_signal, cgroup_fd, pidfd = -1;
	struct clone_args args = {0};
	long pid;

	if (!get_int64(ctx, argv[0], &flags) || !get_int(ctx, argv[1], &exit_signal) ||
	    !get_int(ctx, argv[2], &cgroup_fd))
		return JS_EXCEPTION;
	args.flags = (uint64_t)flags | CLONE_PIDFD;
	args.pidfd = (uintptr_t)&pidfd;
	args.exit_signal = (uint32_t)exit_signal;
	if (cgroup_fd >= 0) {
		/* since Linux 5.7 */
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint32_t)cgroup_fd;
	}
	/* since Linux 5.3; an older kernel is asked with the size it knows */
	pid = syscall(SYS_clone3, &args, cgroup_fd >= 0 ? sizeof(args) : CLONE_ARGS_SIZE_VER0);
	if (pid == -1)
		return THROW("clone3", errno);
	return new_process(ctx, (pid_t)pid, "pidfd", pid == 0 ? -1 : pidfd);
}

BINDING(unshare)
{
	int flags;

	if (!get_int(ctx, argv[0], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("unshare", unshare(flags));
}

BINDING(setns)
{
	int fd, flags;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("setns", setns(fd, flags));
}

BINDING(exit)
{
	int status;

	if (!get_int(ctx, argv[0], &status))
		return JS_EXCEPTION;
	_exit(status);
}

BINDING(wait4)
{
	int pid, options, status = 0;
	pid_t ended;

	if (!get_int(ctx, argv[0], &pid) || !get_int(ctx, argv[1], &options))
		return JS_EXCEPTION;
	ended = (pid_t)RETRY(wait4(pid, &status, options, NULL));
	if (ended == -1)
		return THROW("wait4", errno);
	return ended == 0 ? JS_NULL : new_process(ctx, ended, "status", status);
}

BINDING(kill)
{
	int pid, signal;

	if (!get_int(ctx, argv[0], &pid) || !get_int(ctx, argv[1], &signal))
		return JS_EXCEPTION;
	RETURN_NOTHING("kill", kill(pid, signal));
}

BINDING(pidfd_open)
{
	int pid, flags;

	if (!get_int(ctx, argv[0], &pid) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	/* since Linux 5.3; close-on-exec by itself */
	RETURN_NUMBER("pidfd_open", syscall(SYS_pidfd_open, pid, (unsigned int)flags));
}

BINDING(pidfd_send_signal)
{
	int pidfd, signal;

	if (!get_int(ctx, argv[0], &pidfd) || !get_int(ctx, argv[1], &signal))
		return JS_EXCEPTION;
	/* since Linux 5.1 */
	RETURN_NOTHING("pidfd_send_signal", syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0));
}

BINDING(pidfd_getfd)
{
	int pidfd, fd;

	if (!get_int(ctx, argv[0], &pidfd) || !get_int(ctx, argv[1], &fd))
		return JS_EXCEPTION;
	/* since Linux 5.6; close-on-exec by itself */
	RETURN_NUMBER("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

/* struct pidfd_info of linux/pidfd.h in its first size; the header of the build need not have it */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t exit_code;
};

/* since Linux 6.15, and only of a process that has been waited for while we held the descriptor */
BINDING(ioctl_pidfd_exit_code)
{
	const uint64_t exit_known = 1 << 3;
	struct exit_info info = { .mask = exit_known };
	int pidfd;

	if (!get_int(ctx, argv[0], &pidfd))
		return JS_EXCEPTION;
	if (ioctl(pidfd, _IOWR(0xff, 11, struct exit_info), &info) == -1)
		return THROW("ioctl", errno);
	return info.mask & exit_known ? JS_NewInt32(ctx, info.exit_code) : JS_NULL;
}

BINDING(prctl)
{
	int option;
	int64_t arg2, arg3, arg4, arg5;

	if (!get_int(ctx, argv[0], &option) || !get_int64(ctx, argv[1], &arg2) || !get_int64(ctx, argv[2], &arg3) ||
	    !get_int64(ctx, argv[3], &arg4) || !get_int64(ctx, argv[4], &arg5))
		return JS_EXCEPTION;
	RETURN_NUMBER("prctl", prctl(option, (unsigned long)arg2, (unsigned long)arg3, (unsigned long)arg4,
				     (unsigned long)arg5));
}

BINDING(prctl_set_name)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	RETURN_NOTHING("prctl", prctl(PR_SET_NAME, name.at));
}

BINDING(getpid)
{
	return JS_NewInt32(ctx, getpid());
}

BINDING(getppid)
{
	return JS_NewInt32(ctx, getppid());
}

BINDING(setsid)
{
	RETURN_NOTHING("setsid", setsid());
}

BINDING(sethostname)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	RETURN_NOTHING("sethostname", sethostname(name.at, strlen(name.at)));
}

BINDING(setdomainname)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	RETURN_NOTHING("setdomainname", setdomainname(name.at, strlen(name.at)));
}

BINDING(uname)
{
	struct utsname names;
	JSValue result;

	if (uname(&names) == -1)
		return THROW("uname", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "release", JS_NewString(ctx, names.release));
	JS_SetPropertyStr(ctx, result, "machine", JS_NewString(ctx, names.machine));
	JS_SetPropertyStr(ctx, result, "nodename", JS_NewString(ctx, names.nodename));
	return complete(ctx, result);
}

BINDING(keyctl_join_session_keyring)
{
	TEXT(name);

	if (!get_text(ctx, argv[0], &name))
		return JS_EXCEPTION;
	RETURN_NUMBER("keyctl", syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.at));
}

BINDING(keyctl_setperm)
{
	int key, permissions;

	if (!get_int(ctx, argv[0], &key) || !get_int(ctx, argv[1], &permissions))
		return JS_EXCEPTION;
	RETURN_NOTHING("keyctl", syscall(SYS_keyctl, KEYCTL_SETPERM, key, permissions));
}

BINDING(keyctl_describe)
{
	int key;
	/* KEY_MAX_DESC_SIZE after the numbers; into less the kernel copies nothing */
	char description[4096 + 128] = "";

	if (!get_int(ctx, argv[0], &key))
		return JS_EXCEPTION;
	if (syscall(SYS_keyctl, KEYCTL_DESCRIBE, key, description, sizeof(description)) == -1)
		return THROW("keyctl", errno);
	return JS_NewString(ctx, description);
}

BINDING(argv)
{
	return new_texts(ctx, command_line, (size_t)command_line_length);
}

BINDING(environ)
{
	size_t count = 0;

	while (environ && environ[count])
		count++;
	return new_texts(ctx, environ, count);
}

const JSCFunctionListEntry door_process[] = {
	ENTRY(clone3, 3), ENTRY(unshare, 1), ENTRY(setns, 2), ENTRY(exit, 1), ENTRY(wait4, 2),
	ENTRY(kill, 2), ENTRY(pidfd_open, 2), ENTRY(pidfd_send_signal, 2),
	ENTRY(pidfd_getfd, 2), ENTRY(ioctl_pidfd_exit_code, 1), ENTRY(prctl, 5), ENTRY(prctl_set_name, 1),
	ENTRY(getpid, 0), ENTRY(getppid, 0), ENTRY(setsid, 0), ENTRY(sethostname, 1), ENTRY(setdomainname, 1),
	ENTRY(uname, 0), ENTRY(keyctl_join_session_keyring, 1), ENTRY(keyctl_setperm, 2), ENTRY(keyctl_describe, 1),
	ENTRY(argv, 0), ENTRY(environ, 0),
};
const int door_process_count = sizeof(door_process) / sizeof(door_process[0]);
