/*
 * Files: open, read, write, stat, make, rename, remove, list.
 */
#define _GNU_SOURCE
#include "door.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

BINDING(openat)
{
	int dirfd, flags, mode;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags) ||
	    !get_int(ctx, argv[3], &mode))
		return JS_EXCEPTION;
	RETURN_NUMBER("openat", RETRY(openat(dirfd, path.at, flags | O_CLOEXEC, (mode_t)mode)));
}

BINDING(openat2)
{
	int dirfd, flags, mode, resolve;
	TEXT(path);
	struct open_how how = {0};

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags) ||
	    !get_int(ctx, argv[3], &mode) || !get_int(ctx, argv[4], &resolve))
		return JS_EXCEPTION;
	how.flags = (uint32_t)(flags | O_CLOEXEC);
	how.mode = (uint32_t)mode;
	how.resolve = (uint32_t)resolve;
	/* since Linux 5.6 */
	RETURN_NUMBER("openat2", RETRY(syscall(SYS_openat2, dirfd, path.at, &how, sizeof(how))));
}

BINDING(close)
{
	int fd;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	/* not again after EINTR: Linux has closed it already, and the number may be another file's by now */
	RETURN_NOTHING("close", close(fd) == -1 && errno != EINTR ? -1 : 0);
}

BINDING(close_range)
{
	int first, last, flags;

	if (!get_int(ctx, argv[0], &first) || !get_int(ctx, argv[1], &last) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	/* since Linux 5.9, CLOSE_RANGE_CLOEXEC since 5.11 */
	RETURN_NOTHING("close_range", syscall(SYS_close_range, (unsigned int)first, (unsigned int)last, flags));
}

/* Reads up to argv[1] bytes of argv[0]; -1 with a pending exception. */
static ssize_t read_into(JSContext *ctx, int argc, JSValueConst *argv, struct memory *buffer)
{
	int fd;
	int64_t size;
	ssize_t length;

	if (!get_int(ctx, argv[0], &fd) || !get_int64(ctx, argv[1], &size) || !get_memory(ctx, (size_t)size, buffer))
		return -1;
	length = RETRY(read(fd, buffer->at, (size_t)size));
	if (length == -1)
		THROW("read", errno);
	return length;
}

BINDING(read)
{
	MEMORY(buffer);
	ssize_t length = read_into(ctx, argc, argv, &buffer);

	return length == -1 ? JS_EXCEPTION : JS_NewStringLen(ctx, buffer.at, (size_t)length);
}

BINDING(read_bytes)
{
	MEMORY(buffer);
	ssize_t length = read_into(ctx, argc, argv, &buffer);

	return length == -1 ? JS_EXCEPTION : JS_NewArrayBufferCopy(ctx, buffer.at, (size_t)length);
}

/* Text is UTF-16 for the caller, who could not tell where a short write ended: it goes out whole. */
static ssize_t write_all(int fd, const uint8_t *bytes, size_t length)
{
	size_t done = 0;

	do {
		ssize_t count = RETRY(write(fd, bytes + done, length - done));

		if (count < 0)
			return -1;
		done += (size_t)count;
	} while (done < length);
	return (ssize_t)done;
}

BINDING(write)
{
	int fd;
	BYTES(data);

	if (!get_int(ctx, argv[0], &fd) || !get_bytes(ctx, argv[1], &data))
		return JS_EXCEPTION;
	if (JS_IsString(argv[1]))
		RETURN_NUMBER("write", write_all(fd, data.at, data.length));
	RETURN_NUMBER("write", RETRY(write(fd, data.at, data.length)));
}

BINDING(lseek)
{
	int fd, whence;
	int64_t offset;

	if (!get_int(ctx, argv[0], &fd) || !get_int64(ctx, argv[1], &offset) || !get_int(ctx, argv[2], &whence))
		return JS_EXCEPTION;
	RETURN_NUMBER("lseek", lseek(fd, offset, whence));
}

BINDING(ftruncate)
{
	int fd;
	int64_t length;

	if (!get_int(ctx, argv[0], &fd) || !get_int64(ctx, argv[1], &length))
		return JS_EXCEPTION;
	RETURN_NOTHING("ftruncate", RETRY(ftruncate(fd, length)));
}

BINDING(copy_file_range)
{
	int from, to;
	int64_t size;

	if (!get_int(ctx, argv[0], &from) || !get_int(ctx, argv[1], &to) || !get_int64(ctx, argv[2], &size))
		return JS_EXCEPTION;
	RETURN_NUMBER("copy_file_range", RETRY(copy_file_range(from, NULL, to, NULL, (size_t)size, 0)));
}

BINDING(dup2)
{
	int fd, target;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &target))
		return JS_EXCEPTION;
	/* onto itself dup2(2) does nothing, and the descriptor would not be inherited */
	if (fd == target)
		RETURN_NOTHING("dup2", fcntl(fd, F_SETFD, 0));
	RETURN_NOTHING("dup2", RETRY(dup2(fd, target)));
}

BINDING(fcntl)
{
	int fd, command, argument;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &command) || !get_int(ctx, argv[2], &argument))
		return JS_EXCEPTION;
	RETURN_NUMBER("fcntl", RETRY(fcntl(fd, command, argument)));
}

static JSValue new_stat(JSContext *ctx, const struct stat *stat)
{
	JSValue result = JS_NewObject(ctx);

	JS_SetPropertyStr(ctx, result, "dev", new_unsigned(ctx, stat->st_dev));
	JS_SetPropertyStr(ctx, result, "ino", new_unsigned(ctx, stat->st_ino));
	JS_SetPropertyStr(ctx, result, "mode", JS_NewUint32(ctx, stat->st_mode));
	JS_SetPropertyStr(ctx, result, "nlink", new_unsigned(ctx, stat->st_nlink));
	JS_SetPropertyStr(ctx, result, "uid", JS_NewUint32(ctx, stat->st_uid));
	JS_SetPropertyStr(ctx, result, "gid", JS_NewUint32(ctx, stat->st_gid));
	JS_SetPropertyStr(ctx, result, "size", new_integer(ctx, stat->st_size));
	JS_SetPropertyStr(ctx, result, "major", JS_NewUint32(ctx, major(stat->st_rdev)));
	JS_SetPropertyStr(ctx, result, "minor", JS_NewUint32(ctx, minor(stat->st_rdev)));
	return complete(ctx, result);
}

BINDING(fstat)
{
	int fd;
	struct stat stat;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	return fstat(fd, &stat) == -1 ? THROW("fstat", errno) : new_stat(ctx, &stat);
}

BINDING(fstatat)
{
	int dirfd, flags;
	TEXT(path);
	struct stat stat;

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	return fstatat(dirfd, path.at, &stat, flags) == -1 ? THROW("newfstatat", errno) : new_stat(ctx, &stat);
}

/* struct statx of linux/stat.h with what is read of it; the header of libc need not have it */
struct mount_id {
	uint32_t mask;
	uint8_t before[140];
	uint64_t mount_id;
	uint8_t after[104];
};

BINDING(statx_mount_id)
{
	const unsigned int mount_id_known = 0x1000;
	int dirfd, flags;
	TEXT(path);
	struct mount_id result = {0};

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	if (syscall(SYS_statx, dirfd, path.at, flags, mount_id_known, &result) == -1)
		return THROW("statx", errno);
	/* since Linux 5.8; an older kernel leaves the bit out of the answer */
	if (!(result.mask & mount_id_known))
		return THROW("statx", ENOSYS);
	return new_unsigned(ctx, result.mount_id);
}

BINDING(fstatfs)
{
	int fd;
	struct statfs statfs;
	JSValue result;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	if (RETRY(fstatfs(fd, &statfs)) == -1)
		return THROW("fstatfs", errno);
	result = JS_NewObject(ctx);
	/* a signed word, where linux/magic.h has positive numbers of 32 bits */
	JS_SetPropertyStr(ctx, result, "type", JS_NewUint32(ctx, (uint32_t)statfs.f_type));
	JS_SetPropertyStr(ctx, result, "flags", new_integer(ctx, statfs.f_flags));
	return complete(ctx, result);
}

BINDING(mkdirat)
{
	int dirfd, mode;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &mode))
		return JS_EXCEPTION;
	RETURN_NOTHING("mkdirat", mkdirat(dirfd, path.at, (mode_t)mode));
}

BINDING(mknodat)
{
	int dirfd, mode, device_major, device_minor;
	TEXT(path);
	dev_t device;

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &mode) ||
	    !get_int(ctx, argv[3], &device_major) || !get_int(ctx, argv[4], &device_minor))
		return JS_EXCEPTION;
	device = makedev((unsigned int)device_major, (unsigned int)device_minor);
	RETURN_NOTHING("mknodat", mknodat(dirfd, path.at, (mode_t)mode, device));
}

BINDING(symlinkat)
{
	int dirfd;
	TEXT(target);
	TEXT(path);

	if (!get_text(ctx, argv[0], &target) || !get_int(ctx, argv[1], &dirfd) || !get_text(ctx, argv[2], &path))
		return JS_EXCEPTION;
	RETURN_NOTHING("symlinkat", symlinkat(target.at, dirfd, path.at));
}

BINDING(renameat2)
{
	int from_dir, to_dir, flags;
	TEXT(from);
	TEXT(to);

	if (!get_int(ctx, argv[0], &from_dir) || !get_text(ctx, argv[1], &from) || !get_int(ctx, argv[2], &to_dir) ||
	    !get_text(ctx, argv[3], &to) || !get_int(ctx, argv[4], &flags))
		return JS_EXCEPTION;
	/* the raw call: the wrapper hides a kernel or file system that has no flags behind renameat(2) */
	RETURN_NOTHING("renameat2", syscall(SYS_renameat2, from_dir, from.at, to_dir, to.at, flags));
}

BINDING(unlinkat)
{
	int dirfd, flags;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("unlinkat", unlinkat(dirfd, path.at, flags));
}

BINDING(readlinkat)
{
	int dirfd;
	TEXT(path);
	char target[PATH_MAX];
	ssize_t length;

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path))
		return JS_EXCEPTION;
	length = readlinkat(dirfd, path.at, target, sizeof(target));
	return length == -1 ? THROW("readlinkat", errno) : JS_NewStringLen(ctx, target, (size_t)length);
}

static JSValue new_directory_entry(JSContext *ctx, const struct dirent *entry)
{
	JSValue result = JS_NewObject(ctx);

	JS_SetPropertyStr(ctx, result, "name", JS_NewString(ctx, entry->d_name));
	JS_SetPropertyStr(ctx, result, "type", JS_NewInt32(ctx, entry->d_type));
	return result;
}

BINDING(getdents64)
{
	int fd;
	uint32_t count = 0;
	JSValue result;
	_Alignas(struct dirent) char buffer[32768];

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	result = JS_NewArray(ctx);
	/* a batch of "." and ".." alone is not the end */
	while (count == 0) {
		ssize_t length = RETRY(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)));
		if (length == -1) {
			JS_FreeValue(ctx, result);
			return THROW("getdents64", errno);
		}
		if (length == 0)
			break;
		for (ssize_t at = 0; at < length;) {
			const struct dirent *entry = (const void *)(buffer + at);
			at += entry->d_reclen;
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				JS_SetPropertyUint32(ctx, result, count++, new_directory_entry(ctx, entry));
		}
	}
	return complete(ctx, result);
}

BINDING(fchmod)
{
	int fd, mode;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &mode))
		return JS_EXCEPTION;
	RETURN_NOTHING("fchmod", fchmod(fd, (mode_t)mode));
}

BINDING(fchown)
{
	int fd, uid, gid;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &uid) || !get_int(ctx, argv[2], &gid))
		return JS_EXCEPTION;
	RETURN_NOTHING("fchown", fchown(fd, (uid_t)uid, (gid_t)gid));
}

BINDING(fchownat)
{
	int dirfd, uid, gid, flags;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &uid) ||
	    !get_int(ctx, argv[3], &gid) || !get_int(ctx, argv[4], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("fchownat", fchownat(dirfd, path.at, (uid_t)uid, (gid_t)gid, flags));
}

BINDING(faccessat2)
{
	int dirfd, mode, flags;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &mode) ||
	    !get_int(ctx, argv[3], &flags))
		return JS_EXCEPTION;
	/* since Linux 5.8; the wrapper of faccessat(3) would guess from the mode bits where it is missing */
	RETURN_NOTHING("faccessat2", syscall(SYS_faccessat2, dirfd, path.at, mode, flags));
}

BINDING(chdir)
{
	TEXT(path);

	if (!get_text(ctx, argv[0], &path))
		return JS_EXCEPTION;
	RETURN_NOTHING("chdir", chdir(path.at));
}

BINDING(fchdir)
{
	int fd;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	RETURN_NOTHING("fchdir", fchdir(fd));
}

BINDING(getcwd)
{
	char path[PATH_MAX];

	/* the raw call: of a directory outside our root the kernel says "(unreachable)/…", the wrapper hides it */
	if (syscall(SYS_getcwd, path, sizeof(path)) == -1)
		return THROW("getcwd", errno);
	return JS_NewString(ctx, path);
}

BINDING(umask)
{
	int mask;

	if (!get_int(ctx, argv[0], &mask))
		return JS_EXCEPTION;
	return JS_NewUint32(ctx, umask((mode_t)mask));
}

BINDING(memfd_create)
{
	int flags;
	TEXT(name);

	if (!get_text(ctx, argv[0], &name) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	RETURN_NUMBER("memfd_create", memfd_create(name.at, (unsigned int)flags | MFD_CLOEXEC));
}

const JSCFunctionListEntry door_fs[] = {
	ENTRY(openat, 4), ENTRY(openat2, 5), ENTRY(close, 1), ENTRY(close_range, 3), ENTRY(read, 2),
	ENTRY(read_bytes, 2), ENTRY(write, 2), ENTRY(lseek, 3), ENTRY(ftruncate, 2), ENTRY(copy_file_range, 3),
	ENTRY(dup2, 2), ENTRY(fcntl, 3), ENTRY(fstat, 1), ENTRY(fstatat, 3), ENTRY(statx_mount_id, 3),
	ENTRY(fstatfs, 1), ENTRY(mkdirat, 3), ENTRY(mknodat, 5), ENTRY(symlinkat, 3), ENTRY(renameat2, 5),
	ENTRY(unlinkat, 3), ENTRY(readlinkat, 2), ENTRY(getdents64, 1), ENTRY(fchmod, 2),
	ENTRY(fchown, 3), ENTRY(fchownat, 5), ENTRY(faccessat2, 4), ENTRY(chdir, 1), ENTRY(fchdir, 1),
	ENTRY(getcwd, 0), ENTRY(umask, 1), ENTRY(memfd_create, 2),
};
const int door_fs_count = sizeof(door_fs) / sizeof(door_fs[0]);
