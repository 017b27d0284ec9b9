/*
 * CVE-2019-5736: a container may reach the host's runtime file through /proc/PID/exe and write to it. So whatever
 * enters a container runs from an image that cannot be written: a detached read-only mount of our own file (Linux
 * 5.12, needs CAP_SYS_ADMIN; no copy, and no namespace in which it could be remounted), else a sealed memory copy.
 */
#define _GNU_SOURCE
#include "seal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* since Linux 6.3 */
#endif

static const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

bool seal_needed(int argc, char **argv)
{
	/* any argument of that name will do: sealing once too often costs a fraction of a millisecond */
	static const char *const verbs[] = {"create", "run", "exec", "restore"};
	for (int i = 1; i < argc; i++)
		for (size_t verb = 0; verb < sizeof verbs / sizeof *verbs; verb++)
			if (!strcmp(argv[i], verbs[verb]))
				return true;
	return false;
}

static bool is_sealed(int self)
{
	struct statvfs mount;
	if (fstatvfs(self, &mount) == 0 && (mount.f_flag & ST_RDONLY))
		return true;
	int have = fcntl(self, F_GET_SEALS);
	return have >= 0 && (have & seals) == seals;
}

static void exec_fd(int fd, char **argv)
{
	extern char **environ;
	syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static int readonly_mount(void)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/proc/self/exe", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0)
		return -1;
	struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0) {
		close(tree);
		return -1;
	}
	return tree;
}

static int sealed_copy(int self)
{
	struct stat file;
	int copy = memfd_create("tsrun", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	if (copy < 0 && errno == EINVAL)
		copy = memfd_create("tsrun", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (copy < 0 || fstat(self, &file) < 0)
		return -1;
	for (off_t done = 0; done < file.st_size;)
		if (sendfile(copy, self, &done, (size_t)(file.st_size - done)) <= 0)
			return -1;
	return fcntl(copy, F_ADD_SEALS, seals) < 0 ? -1 : copy;
}

int seal_self(char **argv)
{
	int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (self < 0) {
		fprintf(stderr, "open \"/proc/self/exe\": %s%s\n", error_text(errno),
			errno == ENOENT ? ": mount a proc file system at /proc" : "");
		return -1;
	}
	if (is_sealed(self)) {
		close(self);
		return 0;
	}
	int image = readonly_mount();
	if (image >= 0)
		exec_fd(image, argv);
	image = sealed_copy(self);
	if (image >= 0)
		exec_fd(image, argv);
	fprintf(stderr, "cannot run from a read-only copy of the runtime (CVE-2019-5736): %s\n", error_text(errno));
	return -1;
}
