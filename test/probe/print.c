/* How the probe prints: JSON by hand, "OK" or the errno's name for something tried, and files as they are. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void json_string(const char *text)
{
	putchar('"');
	for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if (*at < 0x20)
			printf("\\u%04x", *at);
		else
			putchar(*at);
	}
	putchar('"');
}

void json_strings(char *const *list)
{
	putchar('[');
	for (int index = 0; list[index]; index++) {
		if (index > 0)
			putchar(',');
		json_string(list[index]);
	}
	putchar(']');
}

/* {"name":"where the link points"} for the links of a folder of /proc, without the descriptor that reads it. */
void json_links(const char *directory)
{
	DIR *folder = opendir(directory);
	const char *comma = "";
	struct dirent *entry;
	char own[16];

	snprintf(own, sizeof own, "%d", folder ? dirfd(folder) : -1);
	putchar('{');
	while (folder && (entry = readdir(folder))) {
		char target[4096];
		ssize_t length = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);

		if (length < 0 || strcmp(entry->d_name, own) == 0)
			continue;
		target[length] = '\0';
		fputs(comma, stdout);
		json_string(entry->d_name);
		putchar(':');
		json_string(target);
		comma = ",";
	}
	putchar('}');
	if (folder)
		closedir(folder);
}

/* The result of something tried, on one line: "OK" and 0, or the name of errno and 1. */
int outcome(int failed)
{
	puts(failed ? strerrorname_np(errno) : "OK");
	return failed ? 1 : 0;
}

int dump(int from, int to)
{
	char buffer[65536];
	ssize_t length;

	while ((length = read(from, buffer, sizeof buffer)) > 0)
		for (ssize_t done = 0, part; done < length; done += part)
			if ((part = write(to, buffer + done, (size_t)(length - done))) < 0)
				return -1;
	return length < 0 ? -1 : 0;
}

int copy_file(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return file < 0 || dump(file, STDOUT_FILENO) < 0 ? outcome(1) : 0;
}

/* A process that waits must have said so first: what was printed goes out at once. */
void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

_Noreturn void wait_forever(void)
{
	fflush(stdout);
	for (;;)
		pause();
}

int number_of_signal(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (int number = 1; number < SIGRTMIN; number++) {
		const char *known = sigabbrev_np(number);

		if (known && strcmp(known, name) == 0)
			return number;
	}
	return atoi(name);
}

const char *name_of_signal(int number)
{
	static char realtime[16];
	const char *known = sigabbrev_np(number);

	snprintf(realtime, sizeof realtime, "%d", number);
	return known ? known : realtime;
}
