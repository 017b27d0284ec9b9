/*
 * door: the calls of the runtime's door that safe paths need, made for a program that cannot make them itself. The code
 * under test runs on Node and asks here; the kernel, and the seccomp filter that this process may be under, are real.
 *
 * Request: "CALL DIRFD FLAGS MODE RESOLVE LENGTH\n" and LENGTH bytes of path. Answer: "ERRNO LENGTH\n" and LENGTH bytes.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

struct request {
	char call[16];
	int dirfd;
	unsigned flags, mode, resolve;
	char path[1 << 16];
};

/* The call's result as text; negative when it failed. */
static int make_call(const struct request *request, char *result, size_t size)
{
	const char *call = request->call, *path = request->path;
	int dirfd = request->dirfd, fd;

	*result = '\0';
	if (strcmp(call, "openat") == 0 || strcmp(call, "openat2") == 0) {
		struct open_how how = { .flags = request->flags, .mode = request->mode, .resolve = request->resolve };

		fd = call[6] ? (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how)
			     : openat(dirfd, path, (int)request->flags, request->mode);
		return fd < 0 ? -1 : snprintf(result, size, "%d", fd);
	}
	if (strcmp(call, "readlinkat") == 0) {
		ssize_t length = readlinkat(dirfd, path, result, size - 1);

		if (length >= 0)
			result[length] = '\0';
		return (int)length;
	}
	if (strcmp(call, "fstat") == 0) {
		struct stat file;

		return fstat(dirfd, &file) < 0 ? -1
					       : snprintf(result, size, "%ju %ju %u", (uintmax_t)file.st_dev,
							  (uintmax_t)file.st_ino, file.st_mode);
	}
	if (strcmp(call, "fstatfs") == 0) {
		struct statfs system;

		return fstatfs(dirfd, &system) < 0
			       ? -1
			       : snprintf(result, size, "%lu %lu", (unsigned long)system.f_type,
					  (unsigned long)system.f_flags);
	}
	if (strcmp(call, "mount_id") == 0) {
		struct statx file;

		return statx(dirfd, "", AT_EMPTY_PATH, STATX_MNT_ID, &file) < 0
			       ? -1
			       : snprintf(result, size, "%ju", (uintmax_t)file.stx_mnt_id);
	}
	if (strcmp(call, "mkdirat") == 0)
		return mkdirat(dirfd, path, request->mode);
	if (strcmp(call, "close") == 0)
		return close(dirfd);
	errno = ENOSYS;
	return -1;
}

int do_door(int argc, char **argv)
{
	static struct request request;
	static char result[8192];
	size_t length;

	(void)argc, (void)argv;
	umask(0);
	while (scanf("%15s %d %u %u %u %zu", request.call, &request.dirfd, &request.flags, &request.mode,
		     &request.resolve, &length) == 6) {
		int failed;

		getchar();
		if (length >= sizeof request.path || fread(request.path, 1, length, stdin) != length)
			return 1;
		request.path[length] = '\0';
		failed = make_call(&request, result, sizeof result) < 0;
		printf("%d %zu\n%s", failed ? errno : 0, failed ? 0 : strlen(result), failed ? "" : result);
		fflush(stdout);
	}
	return 0;
}
