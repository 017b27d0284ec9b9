/*
 * Sockets: connections of the local machine, descriptors sent through them, an interface switched on.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* SCM_MAX_FD of the kernel: no message carries more. */
#define MAX_FDS 253

BINDING(socket)
{
	int domain, type, protocol;

	if (!get_int(ctx, argv[0], &domain) || !get_int(ctx, argv[1], &type) || !get_int(ctx, argv[2], &protocol))
		return JS_EXCEPTION;
	RETURN_NUMBER("socket", socket(domain, type | SOCK_CLOEXEC, protocol));
}

BINDING(socketpair)
{
	int domain, type, fds[2];

	if (!get_int(ctx, argv[0], &domain) || !get_int(ctx, argv[1], &type))
		return JS_EXCEPTION;
	if (socketpair(domain, type | SOCK_CLOEXEC, 0, fds) == -1)
		return THROW("socketpair", errno);
	return new_ints(ctx, fds, 2);
}

/* unix(7): a path that begins with NUL is a name of the abstract namespace, and its length counts. */
static int unix_address(const struct bytes *path, struct sockaddr_un *address, socklen_t *length)
{
	bool is_abstract = path->length > 0 && path->at[0] == 0;

	if (path->length + !is_abstract > sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(address->sun_path, path->at, path->length);
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path->length + !is_abstract);
	return 0;
}

BINDING(connect_unix)
{
	int fd;
	BYTES(path);
	struct sockaddr_un address;
	socklen_t length;

	if (!get_int(ctx, argv[0], &fd) || !get_bytes(ctx, argv[1], &path))
		return JS_EXCEPTION;
	if (unix_address(&path, &address, &length) == -1)
		return THROW("connect", errno);
	RETURN_NOTHING("connect", RETRY(connect(fd, (const struct sockaddr *)&address, length)));
}

BINDING(bind_unix)
{
	int fd;
	BYTES(path);
	struct sockaddr_un address;
	socklen_t length;

	if (!get_int(ctx, argv[0], &fd) || !get_bytes(ctx, argv[1], &path))
		return JS_EXCEPTION;
	if (unix_address(&path, &address, &length) == -1)
		return THROW("bind", errno);
	RETURN_NOTHING("bind", bind(fd, (const struct sockaddr *)&address, length));
}

BINDING(listen)
{
	int fd, backlog;

	if (!get_int(ctx, argv[0], &fd) || !get_int(ctx, argv[1], &backlog))
		return JS_EXCEPTION;
	RETURN_NOTHING("listen", listen(fd, backlog));
}

BINDING(accept4)
{
	int fd;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	RETURN_NUMBER("accept4", RETRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC)));
}

BINDING(sendmsg)
{
	int fd;
	BYTES(data);
	INTS(fds);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_FDS * sizeof(int))] = {0};
	struct iovec payload;
	struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1};

	if (!get_int(ctx, argv[0], &fd) || !get_bytes(ctx, argv[1], &data) || !get_ints(ctx, argv[2], &fds))
		return JS_EXCEPTION;
	if (fds.count > MAX_FDS)
		return THROW("sendmsg", EINVAL);
	payload = (struct iovec){.iov_base = (void *)(uintptr_t)data.at, .iov_len = data.length};
	if (fds.count > 0) {
		struct cmsghdr *header = (struct cmsghdr *)control;
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fds.count * sizeof(int));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(fds.count * sizeof(int));
		memcpy(CMSG_DATA(header), fds.at, fds.count * sizeof(int));
	}
	RETURN_NUMBER("sendmsg", RETRY(sendmsg(fd, &message, MSG_NOSIGNAL)));
}

/* The descriptors that came along. */
static JSValue new_received_fds(JSContext *ctx, struct msghdr *message)
{
	JSValue result = JS_NewArray(ctx);
	uint32_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= header->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			int fd;
			memcpy(&fd, CMSG_DATA(header) + at, sizeof(fd));
			JS_SetPropertyUint32(ctx, result, count++, JS_NewInt32(ctx, fd));
		}
	}
	return result;
}

static JSValue receive(JSContext *ctx, int argc, JSValueConst *argv, bool as_text)
{
	int fd;
	int64_t size;
	MEMORY(data);
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_FDS * sizeof(int))];
	struct iovec payload;
	struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control};
	ssize_t length;
	JSValue result;

	if (!get_int(ctx, argv[0], &fd) || !get_int64(ctx, argv[1], &size) || !get_memory(ctx, (size_t)size, &data))
		return JS_EXCEPTION;
	payload = (struct iovec){.iov_base = data.at, .iov_len = (size_t)size};
	message.msg_controllen = sizeof(control);
	length = RETRY(recvmsg(fd, &message, MSG_CMSG_CLOEXEC));
	if (length == -1)
		return THROW("recvmsg", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "data",
			  as_text ? JS_NewStringLen(ctx, data.at, (size_t)length)
				  : JS_NewArrayBufferCopy(ctx, (const uint8_t *)data.at, (size_t)length));
	JS_SetPropertyStr(ctx, result, "fds", new_received_fds(ctx, &message));
	return complete(ctx, result);
}

BINDING(recvmsg)
{
	return receive(ctx, argc, argv, true);
}

BINDING(recvmsg_bytes)
{
	return receive(ctx, argc, argv, false);
}

/* An interface's name in the request of netdevice(7); false with an exception pending. */
static bool get_interface(JSContext *ctx, JSValueConst value, struct ifreq *request)
{
	TEXT(name);

	if (!get_text(ctx, value, &name))
		return false;
	if (strlen(name.at) >= sizeof(request->ifr_name)) {
		JS_ThrowRangeError(ctx, "interface name longer than %zu bytes", sizeof(request->ifr_name) - 1);
		return false;
	}
	strcpy(request->ifr_name, name.at);
	return true;
}

BINDING(ioctl_get_interface_flags)
{
	int fd;
	struct ifreq request = {0};

	if (!get_int(ctx, argv[0], &fd) || !get_interface(ctx, argv[1], &request))
		return JS_EXCEPTION;
	if (ioctl(fd, SIOCGIFFLAGS, &request) == -1)
		return THROW("ioctl", errno);
	return JS_NewInt32(ctx, (unsigned short)request.ifr_flags);
}

BINDING(ioctl_set_interface_flags)
{
	int fd, flags;
	struct ifreq request = {0};

	if (!get_int(ctx, argv[0], &fd) || !get_interface(ctx, argv[1], &request) || !get_int(ctx, argv[2], &flags))
		return JS_EXCEPTION;
	request.ifr_flags = (short)flags;
	RETURN_NOTHING("ioctl", ioctl(fd, SIOCSIFFLAGS, &request));
}

/* What a failing call throws, for a refusal of the kernel that came as data: netlink(7) answers with an errno. */
BINDING(throw_errno)
{
	TEXT(syscall);
	int error;

	if (!get_text(ctx, argv[0], &syscall) || !get_int(ctx, argv[1], &error))
		return JS_EXCEPTION;
	return throw_errno(ctx, syscall.at, error, 0, NULL);
}

const JSCFunctionListEntry door_network[] = {
	ENTRY(socket, 3), ENTRY(socketpair, 2), ENTRY(connect_unix, 2), ENTRY(bind_unix, 2), ENTRY(listen, 2),
	ENTRY(accept4, 1), ENTRY(sendmsg, 3), ENTRY(recvmsg, 2), ENTRY(recvmsg_bytes, 2), ENTRY(ioctl_get_interface_flags, 2),
	ENTRY(ioctl_set_interface_flags, 3), ENTRY(throw_errno, 2),
};
const int door_network_count = sizeof(door_network) / sizeof(door_network[0]);
