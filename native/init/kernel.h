/*
 * The system calls of the init, without a C library: a static one is 700 kB, and hides the signals 32 to 34 from
 * the program. Each returns what the kernel does, -errno on failure. The numbers and structures are the kernel's own.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <asm/ioctls.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/time_types.h>
#include <linux/wait.h>
#include <stdbool.h>
#include <stddef.h>

#ifndef __x86_64__
#error "only x86-64 is known here: add the system call of this machine, and its entry in init.c"
#endif

#ifdef KERNEL_STANDS_IN /* test/fuzz/native */
long system_call(long number, long a, long b, long c, long d, long e, long f);
#else
static inline long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#endif

/* The kernel's set of signals: bit N-1 for signal N. */
typedef unsigned long signals;

static inline signals signal_bit(int signal)
{
	return 1UL << (signal - 1);
}

_Noreturn static inline void leave(int status)
{
	for (;;)
		system_call(__NR_exit_group, status, 0, 0, 0, 0, 0);
}

static inline long write_bytes(int fd, const char *bytes, size_t size)
{
	return system_call(__NR_write, fd, (long)bytes, (long)size, 0, 0, 0);
}

static inline long close_descriptor(int fd)
{
	return system_call(__NR_close, fd, 0, 0, 0, 0, 0);
}

static inline int own_pid(void)
{
	return (int)system_call(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

/* fork(2), but the parent goes on only when the child has executed its program or ended. */
static inline long fork_and_wait_for_exec(void)
{
	return system_call(__NR_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0, 0);
}

static inline long execute(const char *path, char **argv, char **envp)
{
	return system_call(__NR_execve, (long)path, (long)argv, (long)envp, 0, 0, 0);
}

static inline long wait_for_any(int *status)
{
	return system_call(__NR_wait4, -1, (long)status, WNOHANG, 0, 0, 0);
}

static inline long send_signal(int pid, int signal)
{
	return system_call(__NR_kill, pid, signal, 0, 0, 0, 0);
}

static inline long queue_signal(int pid, int signal, const siginfo_t *info)
{
	return system_call(__NR_rt_sigqueueinfo, pid, signal, (long)info, 0, 0, 0);
}

static inline long set_blocked(const signals *now)
{
	return system_call(__NR_rt_sigprocmask, SIG_SETMASK, (long)now, 0, sizeof(*now), 0, 0);
}

/* `timeout` null waits without end. */
static inline long take_signal(const signals *wanted, siginfo_t *info, const struct __kernel_timespec *timeout)
{
	return system_call(__NR_rt_sigtimedwait, (long)wanted, (long)info, (long)timeout, sizeof(*wanted), 0, 0);
}

static inline long new_session(void)
{
	return system_call(__NR_setsid, 0, 0, 0, 0, 0, 0);
}

static inline long terminal_control(unsigned long request)
{
	return system_call(__NR_ioctl, 0, (long)request, 0, 0, 0, 0);
}

static inline long process_control(int option, unsigned long argument)
{
	return system_call(__NR_prctl, option, (long)argument, 0, 0, 0, 0);
}

static inline long milliseconds(void)
{
	struct __kernel_timespec now = {0};

	system_call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&now, 0, 0, 0, 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A page that is shared with children; null when there is no memory. */
static inline void *shared_page(void)
{
	long page = system_call(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return page < 0 ? NULL : (void *)page;
}

#endif
