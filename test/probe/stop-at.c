/*
 * stop-at: runs a command and, before the N-th system call of one of its processes, kills that process with SIGKILL
 * or makes the call fail. From outside, by ptrace(2): the program under test knows nothing of it.
 *
 *   stop-at [-p PROCESS] [-k N | -f N ERRNO] REPORT COMMAND [ARGUMENT…]
 *
 * PROCESS 0 is the command itself, 1 the first process that it or its children clone, and so on. Without -k or -f
 * nothing is changed. REPORT gets a line for each call of that process up to the point: its number, its name, four
 * arguments, and the path that it names, if it names one. The exit status is the command's, or 128 + its signal.
 *
 * Orphans of the command are waited for in the background: not every machine's first process does so at once, and
 * a pid namespace does not end before the last process that was put into it has been waited for.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum deed { LOOK, KILL, FAIL };

struct request {
	int process; /* by the order of creation */
	enum deed deed;
	unsigned long at; /* the call's number, from 1 */
	int error;
	FILE *report;
};

/* Processes in the order of their creation; more than any command under test has. */
struct family {
	pid_t pids[64];
	int count;
};

_Noreturn static void fatal(const char *what)
{
	fprintf(stderr, "stop-at: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* The place of a process in the family; a new one comes last. */
static int place_of(struct family *family, pid_t pid)
{
	for (int place = 0; place < family->count; place++)
		if (family->pids[place] == pid)
			return place;
	if (family->count == (int)(sizeof family->pids / sizeof *family->pids)) {
		errno = E2BIG;
		fatal("too many processes");
	}
	family->pids[family->count] = pid;
	return family->count++;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), size = strlen(end);

	return length >= size && strcmp(text + length - size, end) == 0;
}

/* Which argument of the call is a path; -1: none. */
static int path_argument(const char *name)
{
	static const char *const first[] = { "chdir", "chroot", "execve", "mount", "open", "readlink", "umount2" };

	for (size_t one = 0; one < sizeof first / sizeof *first; one++)
		if (strcmp(name, first[one]) == 0)
			return 0;
	return ends_with(name, "at") || ends_with(name, "at2") || strcmp(name, "open_tree") == 0 ? 1 : -1;
}

/* A path of the other process; what cannot be read is left out. */
static void print_path(FILE *report, pid_t pid, uint64_t address)
{
	char path[256] = "";
	struct iovec here = { path, sizeof path - 1 }, there = { (void *)(uintptr_t)address, sizeof path - 1 };

	/* a short string may end just before a page that is not there */
	while (process_vm_readv(pid, &here, 1, &there, 1, 0) < 0 && here.iov_len > 1)
		here.iov_len = there.iov_len = here.iov_len / 2;
	for (char *each = path; *each; each++)
		if (*each < ' ')
			*each = '?';
	fprintf(report, " %s", path);
}

static void print_call(FILE *report, pid_t pid, unsigned long number, const struct __ptrace_syscall_info *info)
{
	char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)info->entry.nr);
	int path = name ? path_argument(name) : -1;

	fprintf(report, "%lu %s", number, name ? name : "?");
	for (int argument = 0; argument < 4; argument++)
		fprintf(report, " %#llx", (unsigned long long)info->entry.args[argument]);
	if (path >= 0)
		print_path(report, pid, info->entry.args[path]);
	fputc('\n', report);
	free(name);
}

static void change_register(pid_t pid, size_t offset, long value)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_POKEUSER, pid, offset, value) < 0)
		fatal("change a register");
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	struct iovec all = { &registers, sizeof registers };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) < 0)
		fatal("read the registers");
	memcpy((char *)&registers + offset, &value, sizeof value);
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) < 0)
		fatal("change a register");
#endif
}

/* At the entry: the call becomes one that does not exist. brk(2), which never says no, only tells where the break is. */
static void skip_call(pid_t pid, uint64_t call)
{
#if defined(__x86_64__)
	if (call == SYS_brk)
		change_register(pid, offsetof(struct user_regs_struct, rdi), 0);
	else
		change_register(pid, offsetof(struct user_regs_struct, orig_rax), -1);
#elif defined(__aarch64__)
	int none = -1;
	struct iovec number = { &none, sizeof none };

	if (call == SYS_brk)
		change_register(pid, offsetof(struct user_regs_struct, regs), 0);
	else if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &number) < 0)
		fatal("change the call");
#endif
}

static void set_result(pid_t pid, long result)
{
#if defined(__x86_64__)
	change_register(pid, offsetof(struct user_regs_struct, rax), result);
#elif defined(__aarch64__)
	change_register(pid, offsetof(struct user_regs_struct, regs), result);
#endif
}

/* A stop at the entry or exit of a call of the process in question. True: nothing more is to be seen of it. */
static bool at_call(const struct request *request, pid_t pid, unsigned long *calls)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0)
		return true; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		print_call(request->report, pid, ++*calls, &info);
		if (*calls == request->at && request->deed == KILL)
			kill(pid, SIGKILL);
		if (*calls == request->at && request->deed == FAIL)
			skip_call(pid, info.entry.nr);
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && *calls == request->at && request->deed == FAIL) {
		if (info.exit.rval == -ENOSYS)
			set_result(pid, -request->error);
		return true;
	}
	return false;
}

static pid_t start(char **command, long options)
{
	int go[2];
	pid_t child;

	if (pipe(go) < 0 || (child = fork()) < 0)
		fatal("start the command");
	if (child == 0) {
		char byte;

		close(go[1]);
		if (read(go[0], &byte, 1) == 1) {
			close(go[0]);
			execvp(command[0], command);
		}
		fatal(command[0]);
	}
	if (ptrace(PTRACE_SEIZE, child, 0, options) < 0)
		fatal("trace the command");
	if (write(go[1], "", 1) != 1)
		fatal("start the command");
	close(go[0]);
	close(go[1]);
	return child;
}

/* Lets a stopped process go on as the kind of its stop demands. */
static void resume(pid_t pid, int status, bool watched)
{
	int signal = WSTOPSIG(status), event = status >> 16;
	bool group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;

	if (group_stop)
		ptrace(PTRACE_LISTEN, pid, 0, 0);
	else
		ptrace(watched ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0,
		       event || signal == (SIGTRAP | 0x80) ? 0L : (long)signal);
}

/* Until the last process has ended. The command's own wait status is told as soon as it is known. */
static void attend(const struct request *request, pid_t command, int tell)
{
	struct family family = { { command }, 1 };
	unsigned long calls = 0;
	bool executed = false, done = false;

	for (;;) {
		int status, place;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			return;
		if (!WIFSTOPPED(status)) {
			if (pid != command)
				continue;
			done = true;
			if (fclose(request->report) != 0 || write(tell, &status, sizeof status) < 0)
				fatal("report");
			/* whoever reads the command's output waits for its end */
			for (int stream = 0; stream < 3; stream++)
				close(stream);
			continue;
		}
		place = done ? -1 : place_of(&family, pid);
		executed = executed || status >> 16 == PTRACE_EVENT_EXEC;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && executed && !done)
			done = at_call(request, pid, &calls);
		resume(pid, status, place == request->process && !done);
	}
}

/* The tracer is a child of ours, which may stay longer than the command. Returns the command's wait status. */
static int run_traced(const struct request *request, char **command)
{
	/* the command alone is not asked to show its children: it then runs as fast as it can */
	const long children = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | (request->process > 0 ? children : 0);
	int told[2], status;

	if (pipe2(told, O_CLOEXEC) < 0)
		fatal("pipe");
	switch (fork()) {
	case -1:
		fatal("fork");
	case 0:
		prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
		attend(request, start(command, options), told[1]);
		_exit(0);
	default:
		close(told[1]);
		if (read(told[0], &status, sizeof status) != sizeof status)
			exit(125);
		return status;
	}
}

int main(int argc, char **argv)
{
	struct request request = { 0 };
	int option, status;

	while ((option = getopt(argc, argv, "+p:k:f:")) != -1) {
		if (option == 'p') {
			request.process = atoi(optarg);
		} else if (option == 'k' || option == 'f') {
			request.deed = option == 'k' ? KILL : FAIL;
			request.at = strtoul(optarg, NULL, 10);
			if (option == 'f' && argv[optind])
				request.error = atoi(argv[optind++]);
		} else {
			return 125;
		}
	}
	if (argc - optind < 2) {
		fputs("usage: stop-at [-p PROCESS] [-k N | -f N ERRNO] REPORT COMMAND [ARGUMENT…]\n", stderr);
		return 125;
	}
	request.report = fopen(argv[optind], "we");
	if (!request.report)
		fatal(argv[optind]);
	status = run_traced(&request, argv + optind + 1);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
