/*
 * A command in a session of its own: it may be shot at as a group from its first moment, its job control works, and
 * the stop key of the terminal cannot stop it for good (no shell would be there to continue it; setpgid(2), POSIX's
 * "orphaned process group").
 */
#include "start.h"

#include <linux/limits.h>

#include "text.h"

/* The first entry that begins like this; null when there is none. */
static char **find(char **environment, const char *beginning)
{
	for (; *environment; environment++) {
		const char *entry = *environment, *at = beginning;

		for (; *at && *at == *entry; at++)
			entry++;
		if (!*at)
			return environment;
	}
	return NULL;
}

static const char listen_pid[] = "LISTEN_PID=";

/* sd_listen_fds(3): sockets are for the process whose pid this is. They were not meant for us. */
static void hand_over_sockets(const struct surroundings *around)
{
	static char entry[sizeof(listen_pid) + 24];
	char **there = find(around->environment, listen_pid);
	size_t length = 0;

	if (!there || !same(*there + sizeof(listen_pid) - 1, decimal(around->pid)))
		return;
	for (; listen_pid[length]; length++)
		entry[length] = listen_pid[length];
	for (const char *digit = decimal(own_pid()); *digit; digit++)
		entry[length++] = *digit;
	*there = entry;
}

/* Adds text to a path; what is too long for the kernel stays out of it. */
static size_t append(char *path, size_t length, const char *from, const char *to)
{
	while (from != to && *from && length < PATH_MAX)
		path[length++] = *from++;
	return length;
}

/* execvp(3), without its shell for files that are no program: the runtime has none either. */
static long search(char **argv, char **environment)
{
	char **entry = find(environment, "PATH=");
	const char *at = entry ? *entry + sizeof("PATH=") - 1 : NULL;
	long worst = ENOENT;

	while (at) {
		char path[PATH_MAX + 1];
		const char *end = at;

		while (*end && *end != ':')
			end++;
		size_t length = append(path, 0, end == at ? "." : at, end == at ? NULL : end);
		length = append(path, length, "/", NULL);
		path[append(path, length, argv[0], NULL)] = '\0';
		long error = -execute(path, argv, environment);
		if (error == EACCES)
			worst = EACCES;
		else if (error != ENOENT && error != ENOTDIR)
			return error;
		at = *end ? end + 1 : NULL;
	}
	return worst;
}

static bool has_slash(const char *name)
{
	while (*name && *name != '/')
		name++;
	return *name == '/';
}

_Noreturn static void become(const struct command *command, const struct surroundings *around)
{
	const char *path = command->path ? command->path : command->argv[0];
	const signals none = 0;
	long error;

	new_session();
	if (around->terminal)
		terminal_control(TIOCSCTTY);
	if (around->pid != 1)
		process_control(PR_SET_PDEATHSIG, SIGKILL);
	/* the program of the container, not one of those beside it */
	if (command->path)
		hand_over_sockets(around);
	set_blocked(&none);
	if (has_slash(path))
		error = -execute(path, command->argv, around->environment);
	else
		error = search(command->argv, around->environment);
	say_failed("exec", path, error);
	*around->exec_error = error == ENOENT || error == ENOTDIR ? 127 : 126;
	leave(*around->exec_error);
}

int start(struct command *command, const struct surroundings *around)
{
	*around->exec_error = 0;
	long pid = fork_and_wait_for_exec();

	if (pid == 0)
		become(command, around);
	if (pid < 0) {
		say_failed("start", command->argv[0], -pid);
		leave(1);
	}
	command->pid = (int)pid;
	return *around->exec_error;
}
