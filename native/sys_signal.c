/*
 * Signals: masks, dispositions, and their arrival on a descriptor.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's set has 64 signals, and the system calls want that size named. */
#define KERNEL_SIGSET_SIZE 8

/* An array of signal numbers as the kernel's set, since libc keeps some to itself; false with an exception pending. */
static bool get_signals(JSContext *ctx, JSValueConst value, uint64_t *set)
{
	INTS(signals);

	if (!get_ints(ctx, value, &signals))
		return false;
	*set = 0;
	for (uint32_t i = 0; i < signals.count; i++) {
		if (signals.at[i] < 1 || signals.at[i] > 64) {
			JS_ThrowRangeError(ctx, "not a signal: %d", signals.at[i]);
			return false;
		}
		*set |= UINT64_C(1) << (signals.at[i] - 1);
	}
	return true;
}

BINDING(sigprocmask)
{
	int how;
	uint64_t set;

	if (!get_int(ctx, argv[0], &how) || !get_signals(ctx, argv[1], &set))
		return JS_EXCEPTION;
	RETURN_NOTHING("rt_sigprocmask", syscall(SYS_rt_sigprocmask, how, &set, NULL, KERNEL_SIGSET_SIZE));
}

BINDING(signals_reset)
{
	/* zeros are SIG_DFL and no flags */
	const unsigned long zeros[8] = {0};

	for (int signal = 1; signal <= 64; signal++)
		if (signal != SIGKILL && signal != SIGSTOP &&
		    syscall(SYS_rt_sigaction, signal, zeros, NULL, KERNEL_SIGSET_SIZE) == -1)
			return THROW("rt_sigaction", errno);
	RETURN_NOTHING("rt_sigprocmask", syscall(SYS_rt_sigprocmask, SIG_SETMASK, zeros, NULL, KERNEL_SIGSET_SIZE));
}

BINDING(signal_ignore)
{
	int signal;
	struct sigaction action = {0};

	if (!get_int(ctx, argv[0], &signal))
		return JS_EXCEPTION;
	action.sa_handler = JS_ToBool(ctx, argv[1]) ? SIG_IGN : SIG_DFL;
	RETURN_NOTHING("sigaction", sigaction(signal, &action, NULL));
}

BINDING(signalfd4)
{
	uint64_t set;

	if (!get_signals(ctx, argv[0], &set))
		return JS_EXCEPTION;
	/* non-blocking, so that read_siginfo can answer that there is none */
	RETURN_NUMBER("signalfd4", syscall(SYS_signalfd4, -1, &set, KERNEL_SIGSET_SIZE, SFD_CLOEXEC | SFD_NONBLOCK));
}

BINDING(read_siginfo)
{
	int fd;
	struct signalfd_siginfo info;
	JSValue result;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	if (RETRY(read(fd, &info, sizeof(info))) == -1)
		return errno == EAGAIN ? JS_NULL : THROW("read", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "signal", JS_NewUint32(ctx, info.ssi_signo));
	JS_SetPropertyStr(ctx, result, "pid", JS_NewUint32(ctx, info.ssi_pid));
	return complete(ctx, result);
}

const JSCFunctionListEntry door_signal[] = {
	ENTRY(sigprocmask, 2), ENTRY(signals_reset, 0), ENTRY(signal_ignore, 2), ENTRY(signalfd4, 1),
	ENTRY(read_siginfo, 1),
};
const int door_signal_count = sizeof(door_signal) / sizeof(door_signal[0]);
