/*
 * A terminal for the tests, on the host's side: Node can neither make a pty nor receive a descriptor.
 *
 *   pty run  [--size ROWSxCOLUMNS] PROGRAM [ARGUMENT…]   runs PROGRAM on a new pty and ends with its status
 *   pty recv [--size ROWSxCOLUMNS] SOCKET                a console socket: takes one pty and ends when that is closed
 *
 * Both copy stdin to the pty and the pty to stdout. A line "ROWS COLUMNS" on descriptor 3 resizes the pty. `recv` says
 * on stderr when it listens ("listening") and what it was sent ("received NAME", with the message's text).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

enum { CONTROL = 3 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "pty: %s: %s\n", what, strerror(errno));
	exit(125);
}

static void resize(int master, const char *text)
{
	struct winsize size = { 0 };

	/* 0x0 leaves it as it is */
	if (sscanf(text, "%hu%*[x ]%hu", &size.ws_row, &size.ws_col) == 2 && size.ws_row > 0 && ioctl(master, TIOCSWINSZ, &size) < 0)
		die("TIOCSWINSZ");
}

/* One step of a copy; false at the end of the input. A closed pty answers EIO. */
static int copy(int from, int to)
{
	char buffer[65536];
	ssize_t length = read(from, buffer, sizeof buffer);

	if (length < 0 && (errno == EINTR || errno == EAGAIN))
		return 1;
	for (ssize_t done = 0, part; done < length; done += part)
		if ((part = write(to, buffer + done, (size_t)(length - done))) < 0)
			return 0;
	return length > 0;
}

static int obey(int master)
{
	char line[64] = "";

	if (read(CONTROL, line, sizeof line - 1) <= 0)
		return 0;
	resize(master, line);
	return 1;
}

/* Copies until the pty is closed or `until` is readable; then takes what is still in the pty. */
static void relay(int master, int until)
{
	struct pollfd fds[] = {
		{ .fd = master, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = CONTROL, .events = POLLIN },
		{ .fd = until, .events = POLLIN },
	};

	while (poll(fds, 4, -1) >= 0 || errno == EINTR) {
		if (fds[0].revents && !copy(master, STDOUT_FILENO))
			return;
		if (fds[1].revents && !copy(STDIN_FILENO, master))
			fds[1].fd = -1;
		if (fds[2].revents && !obey(master))
			fds[2].fd = -1;
		if (fds[3].revents)
			break;
	}
	while (poll(fds, 1, 0) > 0 && copy(master, STDOUT_FILENO))
		;
}

static int run(const char *size, char **argv)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
	sigset_t child_ended;
	pid_t child;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		die("posix_openpt");
	resize(master, size);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	sigemptyset(&child_ended);
	sigaddset(&child_ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child_ended, NULL);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		sigprocmask(SIG_UNBLOCK, &child_ended, NULL);
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		for (int stream = 0; stream < 3; stream++)
			dup2(slave, stream);
		execvp(*argv, argv);
		die(*argv);
	}
	close(slave);
	relay(master, signalfd(-1, &child_ended, SFD_CLOEXEC));
	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The console socket of runc's terminal documents: one message, its text the pty's name, its descriptor the master. */
static int receive(int connection)
{
	char name[4096] = "", control[CMSG_SPACE(sizeof(int))];
	struct iovec text = { .iov_base = name, .iov_len = sizeof name - 1 };
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *header;
	int master;

	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC) < 0)
		die("recvmsg");
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
		fputs("pty: the message holds no descriptor, or several\n", stderr);
		exit(125);
	}
	memcpy(&master, CMSG_DATA(header), sizeof master);
	fprintf(stderr, "received %s\n", name);
	return master;
}

static int recv_console(const char *size, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), connection, master;

	if (strlen(path) >= sizeof address.sun_path) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(address.sun_path, path);
	if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 1) < 0)
		die(path);
	fputs("listening\n", stderr);
	connection = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0)
		die("accept");
	master = receive(connection);
	close(connection);
	resize(master, size);
	relay(master, -1);
	return 0;
}

/* Without a control descriptor from the caller, the number is taken by one that says nothing. */
static void secure_control(void)
{
	while (fcntl(CONTROL, F_SETFD, FD_CLOEXEC) < 0)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			die("/dev/null");
}

int main(int argc, char **argv)
{
	const char *size = "24x80";
	int at = 2;

	if (argc > 3 && strcmp(argv[2], "--size") == 0) {
		size = argv[3];
		at = 4;
	}
	secure_control();
	if (argc > at && strcmp(argv[1], "run") == 0)
		return run(size, argv + at);
	if (argc == at + 1 && strcmp(argv[1], "recv") == 0)
		return recv_console(size, argv[at]);
	fputs("usage: pty run|recv [--size ROWSxCOLUMNS] PROGRAM [ARGUMENT…]|SOCKET\n", stderr);
	return 2;
}
