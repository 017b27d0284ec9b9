/*
 * A seccomp agent on the host's side: takes the filters' descriptors from `linux.seccomp.listenerPath` and decides the
 * calls that SCMP_ACT_NOTIFY hands to it (seccomp_unotify(2)).
 *
 *   agent SOCKET CONNECTIONS ERRNO
 *
 * "listening" first; then, as one line of JSON each, what comes with a connection {"fds":N,"state":…} and the calls
 * {"call":NUMBER}, which fail with ERRNO, or go on when that is 0. It ends when that many connections have come and all
 * processes behind them have gone.
 */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 16 };

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, MOST) < 0 ? -1 : server;
}

/* The whole message, up to the end of the connection; the last descriptor of it, or -1. */
static int take_connection(int server)
{
	static char state[1 << 20];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec payload = { .iov_base = state, .iov_len = sizeof state - 1 };
	struct msghdr message = { .msg_iov = &payload, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	int peer = accept(server, NULL, NULL), listener = -1;
	ssize_t length = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		count += (header->cmsg_len - CMSG_LEN(0)) / sizeof listener;
		memcpy(&listener, CMSG_DATA(header), sizeof listener);
	}
	state[length > 0 ? length : 0] = '\0';
	printf("{\"fds\":%zu,\"rest\":%zd,\"state\":%s}\n", count, read(peer, control, sizeof control), *state ? state : "null");
	fflush(stdout);
	close(peer);
	return listener;
}

static void decide(int listener, int error)
{
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp answer = { .error = -error };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	printf("{\"call\":%d}\n", call.data.nr);
	fflush(stdout);
	answer.id = call.id;
	answer.flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

int do_agent(int argc, char **argv)
{
	struct pollfd items[MOST + 1] = { { .fd = listen_at(argv[2]), .events = POLLIN } };
	int expected = atoi(argv[3]), error = atoi(argv[4]), alive = 0, count = 1;

	(void)argc;
	if (items[0].fd < 0)
		return outcome(1);
	say("listening");
	while ((count <= expected || alive > 0) && poll(items, (nfds_t)count, -1) > 0) {
		for (int index = 1; index < count; index++) {
			if (items[index].revents & POLLIN)
				decide(items[index].fd, error);
			else if (items[index].revents)
				items[index].fd = -1, alive--;
		}
		if (items[0].revents && count <= MOST) {
			items[count++] = (struct pollfd){ .fd = take_connection(items[0].fd), .events = POLLIN };
			alive++;
		}
	}
	return 0;
}
