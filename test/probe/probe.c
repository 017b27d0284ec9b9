/*
 * The probe: runs inside a container, looks at what argv[1] names, and prints what it sees.
 *
 * A look prints JSON, or the kernel's own file as it is. Something tried prints "OK" or the errno's name ("EPERM")
 * and ends with 0 or 1. The tests start it as /probe; it is static, so it needs nothing else in the root filesystem.
 */
#include "probe.h"

#include <stdio.h>
#include <string.h>

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	int needs; /* arguments after the name */
	const char *usage;
};

static const struct command commands[];

static int usage(void)
{
	fputs("usage: probe COMMAND [ARGUMENT…]\n", stderr);
	for (const struct command *one = commands; one->name; one++)
		fprintf(stderr, "  %s%s%s\n", one->name, *one->usage ? " " : "", one->usage);
	return 2;
}

int main(int argc, char **argv)
{
	for (const struct command *one = commands; argc > 1 && one->name; one++)
		if (strcmp(one->name, argv[1]) == 0 && argc - 2 >= one->needs)
			return one->run(argc, argv);
	return usage();
}

static const struct command commands[] = {
	{ "id", do_id, 0, "" },
	{ "caps", do_caps, 0, "" },
	{ "rlimits", do_rlimits, 0, "" },
	{ "sched", do_sched, 0, "" },
	{ "nnp", do_nnp, 0, "" },
	{ "seccomp", do_seccomp, 0, "" },
	{ "personality", do_personality, 0, "" },
	{ "oom-score", do_oom_score, 0, "" },
	{ "keyring", do_keyring, 0, "" },

	{ "args", do_args, 0, "[ARGUMENT…]" },
	{ "env", do_env, 0, "" },
	{ "cwd", do_cwd, 0, "" },
	{ "fds", do_fds, 0, "" },
	{ "namespaces", do_namespaces, 0, "" },
	{ "mounts", do_mounts, 0, "" },
	{ "status", do_status, 0, "" },
	{ "cgroup", do_cgroup, 0, "" },
	{ "hostname", do_hostname, 0, "" },
	{ "sysctl", do_sysctl, 1, "NAME" },
	{ "tty", do_tty, 0, "" },
	{ "interfaces", do_interfaces, 0, "" },
	{ "hook", do_hook, 1, "FILE [EXIT] [SECONDS]" },

	{ "stat", do_stat, 1, "PATH" },
	{ "read", do_read, 1, "PATH" },
	{ "write", do_write, 2, "PATH TEXT" },
	{ "open", do_open, 1, "PATH [r|w|rw]" },
	{ "access", do_access, 1, "PATH" },
	{ "ls", do_ls, 0, "[PATH]" },
	{ "mknod", do_mknod, 2, "PATH c|b|p [MAJOR MINOR]" },

	{ "signals", do_signals, 0, "" },
	{ "kill-self", do_kill_self, 1, "SIGNAL" },
	{ "trap", do_trap, 1, "SIGNAL[=EXIT]…" },
	{ "deaf", do_deaf, 1, "PROGRAM [ARGUMENT…]" },
	{ "every-signal", do_every_signal, 0, "" },
	{ "linger", do_linger, 2, "NAME MILLISECONDS" },
	{ "queue", do_queue, 3, "PID SIGNAL VALUE" },

	{ "exit", do_exit, 1, "STATUS" },
	{ "sleep", do_sleep, 0, "" },
	{ "print-ready-then-wait", do_ready, 0, "" },
	{ "echo-stdin", do_echo_stdin, 0, "" },
	{ "flood", do_flood, 1, "BYTES" },
	{ "alloc", do_alloc, 1, "BYTES [hold]" },
	{ "cpu", do_cpu, 1, "MILLISECONDS" },
	{ "exec", do_exec, 1, "PROGRAM [ARGUMENT…]" },
	{ "fork-orphans", do_fork_orphans, 1, "COUNT" },
	{ "zombie", do_zombie, 0, "" },
	{ "orphans-that-end", do_orphans_that_end, 1, "COUNT" },
	{ "in-namespaces", do_in_namespaces, 2, "NUMBER,… PROGRAM [ARGUMENT…]" },
	{ "listen", do_listen, 1, "PORT" },
	{ "connect", do_connect, 2, "PORT TEXT" },
	{ "notify", do_notify, 1, "TEXT" },
	{ "manager", do_manager, 1, "PATH" },
	{ "reaper", do_reaper, 1, "PROGRAM [ARGUMENT…]" },

	{ "agent", do_agent, 3, "SOCKET CONNECTIONS ERRNO" },
	{ "syscall", do_syscall, 1, "NAME|NUMBER" },
	{ "syscall32", do_syscall32, 1, "NUMBER" },
	{ "door", do_door, 0, "" },
	{ "exchange", do_exchange, 2, "A B" },
	{ "hunt", do_hunt, 1, "NAME" },
	{ "inherited", do_inherited, 0, "[FILE]" },
	{ "nasty", do_nasty, 1, "PROGRAM [ARGUMENT…]" },
	{ "refuse", do_refuse, 3, "ERRNO CALL[,CALL…] PROGRAM [ARGUMENT…]" },
	{ 0 },
};
