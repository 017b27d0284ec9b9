/*
 * Mounts: mount(2) and its kin, and the mount API by descriptors (since Linux 5.2).
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

BINDING(mount)
{
	TEXT(source);
	TEXT(target);
	TEXT(type);
	TEXT(data);
	int64_t flags;

	if (!get_text_or_null(ctx, argv[0], &source) || !get_text(ctx, argv[1], &target) ||
	    !get_text_or_null(ctx, argv[2], &type) || !get_int64(ctx, argv[3], &flags) ||
	    !get_text_or_null(ctx, argv[4], &data))
		return JS_EXCEPTION;
	RETURN_NOTHING("mount", RETRY(syscall(SYS_mount, source.at, target.at, type.at, (unsigned long)flags, data.at)));
}

BINDING(umount2)
{
	TEXT(target);
	int flags;

	if (!get_text(ctx, argv[0], &target) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("umount2", syscall(SYS_umount2, target.at, flags));
}

BINDING(pivot_root)
{
	TEXT(new_root);
	TEXT(put_old);

	if (!get_text(ctx, argv[0], &new_root) || !get_text(ctx, argv[1], &put_old))
		return JS_EXCEPTION;
	RETURN_NOTHING("pivot_root", syscall(SYS_pivot_root, new_root.at, put_old.at));
}

BINDING(chroot)
{
	TEXT(path);

	if (!get_text(ctx, argv[0], &path))
		return JS_EXCEPTION;
	RETURN_NOTHING("chroot", chroot(path.at));
}

BINDING(open_tree)
{
	int dirfd, flags;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	RETURN_NUMBER("open_tree", syscall(SYS_open_tree, dirfd, path.at, (unsigned int)flags | OPEN_TREE_CLOEXEC));
}

BINDING(move_mount)
{
	int from_dir, to_dir, flags;
	TEXT(from);
	TEXT(to);

	if (!get_int(ctx, argv[0], &from_dir) || !get_text(ctx, argv[1], &from) || !get_int(ctx, argv[2], &to_dir) ||
	    !get_text(ctx, argv[3], &to) || !get_int(ctx, argv[4], &flags))
		return JS_EXCEPTION;
	RETURN_NOTHING("move_mount", syscall(SYS_move_mount, from_dir, from.at, to_dir, to.at, (unsigned int)flags));
}

BINDING(fsopen)
{
	TEXT(type);
	int flags;

	if (!get_text(ctx, argv[0], &type) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	RETURN_NUMBER("fsopen", syscall(SYS_fsopen, type.at, (unsigned int)flags | FSOPEN_CLOEXEC));
}

BINDING(fspick)
{
	int dirfd, flags;
	TEXT(path);

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	RETURN_NUMBER("fspick", syscall(SYS_fspick, dirfd, path.at, (unsigned int)flags | FSPICK_CLOEXEC));
}

BINDING(fsconfig)
{
	int fd, command, aux;
	TEXT(key);
	TEXT(value);

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &command) ||
	    !get_text_or_null(ctx, argv[2], &key) || !get_text_or_null(ctx, argv[3], &value) ||
	    !get_int(ctx, argv[4], &aux))
		return JS_EXCEPTION;
	RETURN_NOTHING("fsconfig", syscall(SYS_fsconfig, fd, (unsigned int)command, key.at, value.at, aux));
}

BINDING(fsmount)
{
	int fd, flags, attributes;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &flags) || !get_int(ctx, argv[2], &attributes))
		return JS_EXCEPTION;
	RETURN_NUMBER("fsmount", syscall(SYS_fsmount, fd, (unsigned int)flags | FSMOUNT_CLOEXEC, (unsigned int)attributes));
}

BINDING(mount_setattr)
{
	int dirfd, flags, userns_fd;
	int64_t set, clear, propagation;
	TEXT(path);
	struct mount_attr attributes = {0};

	if (!get_int(ctx, argv[0], &dirfd) || !get_text(ctx, argv[1], &path) || !get_int(ctx, argv[2], &flags) ||
	    !get_int64(ctx, argv[3], &set) || !get_int64(ctx, argv[4], &clear) ||
	    !get_int64(ctx, argv[5], &propagation) || !get_int(ctx, argv[6], &userns_fd))
		return JS_EXCEPTION;
	attributes.attr_set = (uint64_t)set;
	attributes.attr_clr = (uint64_t)clear;
	attributes.propagation = (uint64_t)propagation;
	attributes.userns_fd = (uint32_t)userns_fd;
	/* since Linux 5.12 */
	RETURN_NOTHING("mount_setattr",
		       syscall(SYS_mount_setattr, dirfd, path.at, (unsigned int)flags, &attributes, sizeof(attributes)));
}

const JSCFunctionListEntry door_mount[] = {
	ENTRY(mount, 5), ENTRY(umount2, 2), ENTRY(pivot_root, 2), ENTRY(chroot, 1), ENTRY(open_tree, 3),
	ENTRY(move_mount, 5), ENTRY(fsopen, 2), ENTRY(fspick, 3), ENTRY(fsconfig, 5), ENTRY(fsmount, 3),
	ENTRY(mount_setattr, 7),
};
const int door_mount_count = sizeof(door_mount) / sizeof(door_mount[0]);
