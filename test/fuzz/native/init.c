/*
 * The built-in init under libFuzzer, all of it: an input is its command line and what the kernel answers. It is one
 * process without a C library; here its system calls come to a kernel of ours, and when it leaves, the next input begins.
 */
#ifndef KERNEL_STANDS_IN
#define KERNEL_STANDS_IN
#endif
#include "../../../native/init/init.c"

#include <setjmp.h>
#include <stdint.h>
#include <string.h>

/* of stdlib.h, which does not go together with the kernel's own headers */
void *calloc(size_t count, size_t size);
void *malloc(size_t size);
void free(void *memory);

#define MOST_WORDS 96
#define MOST_CALLS 2000

static const uint8_t *input;
static size_t left;
static unsigned int calls;
static jmp_buf left_by;

/* Answers come from the end of the input, words from its beginning. */
static unsigned int next(void)
{
	return left > 0 ? input[--left] : 0;
}

static void read_all(const void *from, size_t size)
{
	static volatile uint8_t sum;

	for (size_t at = 0; at < size; at++)
		sum ^= ((const uint8_t *)from)[at];
}

static void read_texts(char **texts)
{
	for (; *texts; texts++)
		read_all(*texts, strlen(*texts) + 1);
}

static long signal_arrives(siginfo_t *info)
{
	static const int codes[] = {SI_USER, SI_QUEUE, SI_KERNEL, CLD_EXITED};

	if (next() % 16 == 0)
		return -EAGAIN;
	*info = (siginfo_t){0};
	info->si_signo = (int)(1 + next() % LAST_SIGNAL);
	info->si_code = codes[next() % 4];
	info->si_pid = (int)(next() % 4);
	return info->si_signo;
}

long system_call(long number, long a, long b, long c, long d, long e, long f)
{
	static char page[4096];

	(void)d, (void)e, (void)f;
	if (number == __NR_exit_group || ++calls > MOST_CALLS || left == 0)
		longjmp(left_by, 1);
	switch (number) {
	case __NR_write:
		read_all((const void *)b, (size_t)c);
		return c;
	case __NR_clone: /* 0: what follows is the child's */
		return next() % 3 == 0 ? 0 : next() % 8 == 0 ? -EAGAIN : (long)(2 + next() % 4);
	case __NR_execve:
		read_all((const void *)a, strlen((const char *)a) + 1);
		read_texts((char **)b);
		read_texts((char **)c);
		return -(long)(1 + next() % 133);
	case __NR_wait4:
		*(int *)b = (int)(next() << 8 | next());
		return next() % 4 == 0 ? -ECHILD : (long)(next() % 6);
	case __NR_rt_sigqueueinfo:
		read_all((const void *)c, sizeof(siginfo_t));
		return next() % 2 ? 0 : -EPERM;
	case __NR_rt_sigprocmask:
		read_all((const void *)b, sizeof(signals));
		return 0;
	case __NR_rt_sigtimedwait:
		if (c)
			read_all((const void *)c, sizeof(struct __kernel_timespec));
		return signal_arrives((siginfo_t *)b);
	case __NR_clock_gettime:
		((struct __kernel_timespec *)b)->tv_sec = next();
		return 0;
	case __NR_getpid:
		return 1 + (next() % 4 == 0);
	case __NR_mmap:
		return next() % 16 == 0 ? -ENOMEM : (long)page;
	case __NR_prctl:
		if (a == PR_SET_NAME)
			read_all((const void *)b, strlen((const char *)b) + 1);
		return 0;
	case __NR_close:
	case __NR_ioctl:
	case __NR_kill:
	case __NR_setsid:
		return next() % 2 ? 0 : -EPERM;
	default: /* the init has a call that this does not know */
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What it understands, and numbers; any other word is spelled out. */
static char *word_at(const uint8_t **at, const uint8_t *end, char *spelled)
{
	static char *const known[] = {
		"remap", "deadline", "stop", "fds", "setup", "watched", "helper", "--", "0", "1", "2", "3", "64", "65",
		"10=12", "15=0", "0=0", "65=1", "9=", "2147483648", "9999999999999999999", "true", "/bin/true", "",
	};
	unsigned int kind = *(*at)++;
	size_t length = 0;

	if (kind < 240)
		return known[kind % (sizeof(known) / sizeof(*known))];
	while (*at < end && **at != 0)
		spelled[length++] = (char)*(*at)++;
	spelled[length] = '\0';
	return spelled;
}

/* The stack of a new process: argc, the words, null, the environment, null. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[] = "PATH=/bin::/usr/bin", sockets[] = "LISTEN_PID=1";
	static char *const modes[] = {"forward", "group", "graceful", "supervise", "pause", "none", NULL};
	size_t words = size - size / 3;
	const uint8_t *at = data + 1, *end = data + words;
	long *stack;
	char *spelled;
	int count = 1;

	if (size == 0)
		return 0;
	stack = calloc(MOST_WORDS + 6, sizeof(*stack));
	/* no word is longer than what spells it */
	spelled = malloc(words * (MOST_WORDS + 1));
	stack[1] = (long)"tsrun-init";
	stack[2] = (long)modes[data[0] % (sizeof(modes) / sizeof(*modes))];
	while (stack[2] && at < end && count < MOST_WORDS) {
		count++;
		stack[1 + count] = (long)word_at(&at, end, spelled + (size_t)count * words);
	}
	stack[0] = stack[2] ? count + 1 : 1;
	stack[2 + stack[0]] = (long)path;
	stack[3 + stack[0]] = (long)sockets;
	plan = (struct plan){0};
	around = (struct surroundings){0};
	end_of_patience = asked_by = exit_status = ending = false;
	input = data + words;
	left = size / 3;
	calls = 0;
	if (setjmp(left_by) == 0)
		begin(stack);
	free(spelled);
	free(stack);
	return 0;
}
