/*
 * A seccomp agent on the host's side: takes the filters' descriptors from `linux.seccomp.listenerPath` and decides the
 * calls that SCMP_ACT_NOTIFY hands to it (seccomp_unotify(2)).
 *
 *   agent SOCKET CONNECTIONS ERRNO
 *
 * "listening" first; then, as one line of JSON each, what comes with a connection {"fds":N,"state":…}, how many bytes
 * come after that {"rest":0} once it is closed, and the calls {"call":NUMBER}, which fail with ERRNO. It ends when that
 * many connections have come and all processes behind them have gone.
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

enum { MOST = 32 };

struct agent {
	struct pollfd items[MOST];
	int is_listener[MOST];
	int count, connections, listeners, error;
};

static void add(struct agent *agent, int fd, int is_listener)
{
	if (agent->count == MOST || fd < 0)
		abort();
	agent->items[agent->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	agent->is_listener[agent->count++] = is_listener;
	agent->listeners += is_listener;
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, MOST) < 0 ? -1 : server;
}

/* One message is all that comes; the last descriptor in it is the filter's. */
static void take_connection(struct agent *agent)
{
	static char state[1 << 20];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec payload = { .iov_base = state, .iov_len = sizeof state - 1 };
	struct msghdr message = { .msg_iov = &payload, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	int peer = accept(agent->items[0].fd, NULL, NULL), listener = -1;
	ssize_t length = recvmsg(peer, &message, MSG_CMSG_CLOEXEC);
	size_t count = 0;

	for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
		count += (header->cmsg_len - CMSG_LEN(0)) / sizeof listener;
		memcpy(&listener, CMSG_DATA(header), sizeof listener);
	}
	state[length > 0 ? length : 0] = '\0';
	/* what is between its tokens is no part of it; in its strings there is no newline */
	for (char *each = state; *each; each++)
		if (*each == '\n')
			*each = ' ';
	printf("{\"fds\":%zu,\"state\":%s}\n", count, *state ? state : "null");
	agent->connections++;
	add(agent, peer, 0);
	add(agent, listener, 1);
}

/* Its processes have gone when nothing is left to read. */
static void decide(struct agent *agent, int index)
{
	struct pollfd *item = &agent->items[index];
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp answer = { .error = -agent->error };

	if (!(item->revents & POLLIN)) {
		item->fd = -1;
		agent->listeners--;
	} else if (ioctl(item->fd, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
		printf("{\"call\":%d}\n", call.data.nr);
		answer.id = call.id;
		ioctl(item->fd, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
}

static void note_end(struct pollfd *item)
{
	char byte[64];

	printf("{\"rest\":%zd}\n", read(item->fd, byte, sizeof byte));
	close(item->fd);
	item->fd = -1;
}

int do_agent(int argc, char **argv)
{
	struct agent agent = { .error = atoi(argv[4]) };
	int expected = atoi(argv[3]);

	(void)argc;
	add(&agent, listen_at(argv[2]), 0);
	say("listening");
	while (agent.connections < expected || agent.listeners > 0) {
		int ready = agent.count;

		poll(agent.items, (nfds_t)ready, -1);
		for (int index = 1; index < ready; index++) {
			if (agent.items[index].revents && agent.is_listener[index])
				decide(&agent, index);
			else if (agent.items[index].revents)
				note_end(&agent.items[index]);
		}
		if (agent.items[0].revents)
			take_connection(&agent);
		fflush(stdout);
	}
	return 0;
}
