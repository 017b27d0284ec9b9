/*
 * tsrun-init: process 1 of a container whose program was not written to be one (docs/init.md).
 *
 * The kernel gives that process two duties and one privilege. It has to wait for every process whose parent has gone,
 * it is the one that a signal to the container reaches, and a signal for which it has no handler does not reach it at
 * all (pid_namespaces(7)). So this one handles all of them, by blocking them and taking them one by one: nothing can
 * happen between looking and waiting.
 */
#include "plan.h"
#include "start.h"
#include "text.h"

static struct plan plan;
static struct surroundings around;

/* Time on the clock when it is over; 0 before anybody has asked for the end. */
static long end_of_patience;
/* The signal that asked for the end. */
static int asked_by;
/* The container's exit status is known: what is left is to wait for the others. */
static bool ending;
static int exit_status;

static void begin_deadline(void)
{
	if (plan.linger && end_of_patience == 0)
		end_of_patience = milliseconds() + plan.deadline;
}

/* As shells tell it. */
static int status_of(int wait_status)
{
	int signal = wait_status & 0x7f;

	return signal ? 128 + signal : wait_status >> 8 & 0xff;
}

/* A command has ended that the container does not outlive. When this process leaves, the kernel kills all others. */
static void end_with(int status, int pid)
{
	if (ending)
		return;
	if (plan.group)
		send_signal(-pid, SIGTERM);
	if (!plan.linger)
		leave(status);
	ending = true;
	exit_status = status;
	begin_deadline();
	/* process 1 reaches with it every other process of the namespace */
	send_signal(-1, SIGTERM);
}

/* The next set-up command when there is one, else all others; they are in this order. */
static void start_next(int from)
{
	for (int index = from; index < plan.count && !ending; index++) {
		struct command *command = &plan.commands[index];
		int failed = start(command, &around);

		if (command->kind == SETUP)
			return;
		if (failed)
			end_with(failed, command->pid);
	}
	for (int fd = 3; fd < 3 + plan.fds; fd++)
		close_descriptor(fd);
}

static void command_ended(struct command *command, int status)
{
	int pid = command->pid;

	command->pid = 0;
	switch (command->kind) {
	case SETUP:
		if (status != 0)
			say("set-up command failed: ", command->argv[0]);
		if (status == 0 && asked_by)
			status = 128 + asked_by;
		if (status != 0)
			end_with(status, pid);
		else
			start_next((int)(command - plan.commands) + 1);
		break;
	case WATCHED:
		end_with(status, pid);
		break;
	case HELPER:
		break;
	}
}

/* Waits for whatever has ended, its own or adopted. */
static void reap(void)
{
	int wait_status;
	long pid;

	while ((pid = wait_for_any(&wait_status)) > 0)
		for (int index = 0; index < plan.count; index++)
			if (plan.commands[index].pid == pid)
				command_ended(&plan.commands[index], status_of(wait_status));
	if (pid == -ECHILD && ending)
		leave(exit_status);
}

static void deliver(int pid, int signal, const siginfo_t *info)
{
	/* sigqueue(3): the value goes with it, which kill(2) would lose */
	if (!plan.group && info->si_code == SI_QUEUE && queue_signal(pid, signal, info) == 0)
		return;
	send_signal(plan.group ? -pid : pid, signal);
}

static void forward(const siginfo_t *info)
{
	int signal = plan.remap[info->si_signo];

	if (plan.stop & signal_bit(info->si_signo)) {
		asked_by = info->si_signo;
		begin_deadline();
	}
	if (signal == 0)
		return;
	if (ending) {
		send_signal(-1, signal);
		return;
	}
	for (int index = 0; index < plan.count; index++)
		if (plan.commands[index].pid != 0)
			deliver(plan.commands[index].pid, signal, info);
}

/* Sent by a process, not by the kernel. */
static bool sent(const siginfo_t *info)
{
	return info->si_code <= 0;
}

static void handle(const siginfo_t *info)
{
	if (info->si_signo == SIGCHLD) {
		reap();
		if (!sent(info))
			return;
	}
	if (plan.count == 0) {
		if (info->si_signo == SIGTERM || info->si_signo == SIGINT)
			leave(0);
		return;
	}
	/* the hang-up for giving up the terminal comes from whoever gave it up: nobody else is meant */
	if (info->si_code == SI_USER && info->si_pid == around.pid)
		return;
	forward(info);
}

_Noreturn static void give_up(void)
{
	say("what has not ended by the deadline is killed; it had milliseconds: ", decimal(plan.deadline));
	leave(ending ? exit_status : 128 + SIGKILL);
}

/* The time that is left, or null for all the time there is. */
static const struct __kernel_timespec *time_left(struct __kernel_timespec *left)
{
	if (end_of_patience == 0)
		return NULL;
	long rest = end_of_patience - milliseconds();

	if (rest < 0)
		rest = 0;
	left->tv_sec = rest / 1000;
	left->tv_nsec = rest % 1000 * 1000000;
	return left;
}

_Noreturn static void refuse(const char *why)
{
	say(why, "");
	leave(1);
}

static void become_init(char **argv, char **environment)
{
	const signals all = ~0UL;

	/* the runtime has blocked most of them already, so that none is lost before this */
	set_blocked(&all);
	process_control(PR_SET_NAME, (unsigned long)"tsrun-init");
	read_plan(&plan, argv);
	around.environment = environment;
	around.pid = own_pid();
	around.exec_error = shared_page();
	if (!around.exec_error)
		refuse("no memory for a page");
	if (around.pid != 1 && plan.linger)
		refuse("not process 1, which alone may ask all others to end");
	/* in a namespace of others, orphans come to us all the same */
	if (around.pid != 1)
		process_control(PR_SET_CHILD_SUBREAPER, 1);
	around.terminal = plan.count > 0 && terminal_control(TIOCNOTTY) == 0;
}

_Noreturn __attribute__((used)) static void begin(long *stack)
{
	char **argv = (char **)(stack + 1);
	const signals all = ~0UL;

	become_init(argv, argv + stack[0] + 1);
	start_next(0);
	for (;;) {
		struct __kernel_timespec left;
		siginfo_t info;
		long signal = take_signal(&all, &info, time_left(&left));

		if (signal > 0)
			handle(&info);
		else if (signal == -EAGAIN)
			give_up();
	}
}

#ifndef KERNEL_STANDS_IN
/* What the kernel leaves on the stack: argc, argv, the environment. */
__asm__(".globl _start\n"
	"_start:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call begin\n");
#endif
