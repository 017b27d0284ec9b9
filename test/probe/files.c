/* What the process may do with one path. */
#define _GNU_SOURCE
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const char *type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFLNK: return "link";
	case S_IFCHR: return "char";
	case S_IFBLK: return "block";
	case S_IFIFO: return "fifo";
	default: return "socket";
	}
}

/* lstat(2), the link's target, and the file system that it is on. */
int do_stat(int argc, char **argv)
{
	struct stat file;
	struct statfs system = { 0 };
	char target[4096] = "";

	(void)argc;
	if (lstat(argv[2], &file) < 0)
		return outcome(1);
	statfs(argv[2], &system);
	printf("{\"type\":\"%s\",\"mode\":\"%04o\",\"uid\":%u,\"gid\":%u,\"size\":%jd,\"links\":%ju,\"inode\":%ju,"
	       "\"device\":\"%u:%u\",\"major\":%u,\"minor\":%u,\"magic\":\"%lx\",\"readonly\":%s",
	       type_of(file.st_mode), file.st_mode & 07777, file.st_uid, file.st_gid, (intmax_t)file.st_size,
	       (uintmax_t)file.st_nlink, (uintmax_t)file.st_ino, major(file.st_dev), minor(file.st_dev),
	       major(file.st_rdev), minor(file.st_rdev), (unsigned long)system.f_type,
	       system.f_flags & ST_RDONLY ? "true" : "false");
	if (S_ISLNK(file.st_mode) && readlink(argv[2], target, sizeof target - 1) > 0) {
		fputs(",\"target\":", stdout);
		json_string(target);
	}
	puts("}");
	return 0;
}

int do_read(int argc, char **argv)
{
	(void)argc;
	return copy_file(argv[2]);
}

/* write PATH TEXT: replaces the content; makes the file when there is none. */
int do_write(int argc, char **argv)
{
	size_t length = strlen(argv[3]);
	int file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);

	(void)argc;
	return outcome(file < 0 || write(file, argv[3], length) != (ssize_t)length || close(file) < 0);
}

/* open PATH [r|w|rw]: what the device cgroup lets through. */
int do_open(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "r";
	int flags = strcmp(how, "rw") == 0 ? O_RDWR : *how == 'w' ? O_WRONLY : O_RDONLY;

	return outcome(open(argv[2], flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) < 0);
}

int do_access(int argc, char **argv)
{
	static const struct { const char *name; int mode; } ways[] = { { "read", R_OK }, { "write", W_OK }, { "execute", X_OK } };

	(void)argc;
	for (int index = 0; index < 3; index++) {
		int failed = faccessat(AT_FDCWD, argv[2], ways[index].mode, AT_EACCESS) < 0;

		printf("%s\"%s\":\"%s\"", index ? "," : "{", ways[index].name, failed ? strerrorname_np(errno) : "OK");
	}
	puts("}");
	return 0;
}

static int visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* The names in a folder, sorted, as an array. */
int do_ls(int argc, char **argv)
{
	struct dirent **entries;
	int count = scandir(argc > 2 ? argv[2] : ".", &entries, visible, alphasort);

	if (count < 0)
		return outcome(1);
	putchar('[');
	for (int index = 0; index < count; index++) {
		if (index)
			putchar(',');
		json_string(entries[index]->d_name);
	}
	puts("]");
	return 0;
}

/* mknod PATH c|b|p MAJOR MINOR */
int do_mknod(int argc, char **argv)
{
	mode_t type = *argv[3] == 'b' ? S_IFBLK : *argv[3] == 'p' ? S_IFIFO : S_IFCHR;
	dev_t device = argc > 5 ? makedev((unsigned)atoi(argv[4]), (unsigned)atoi(argv[5])) : 0;

	return outcome(mknod(argv[2], type | 0600, device) < 0);
}
