/*
 * Terminals: modes, window size, the two ends of a pty.
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

BINDING(isatty)
{
	int fd;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	return JS_NewBool(ctx, isatty(fd));
}

BINDING(tcgetattr)
{
	int fd;
	struct termios modes;
	JSValue result;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	if (tcgetattr(fd, &modes) == -1)
		return THROW("tcgetattr", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "iflag", JS_NewUint32(ctx, modes.c_iflag));
	JS_SetPropertyStr(ctx, result, "oflag", JS_NewUint32(ctx, modes.c_oflag));
	JS_SetPropertyStr(ctx, result, "cflag", JS_NewUint32(ctx, modes.c_cflag));
	JS_SetPropertyStr(ctx, result, "lflag", JS_NewUint32(ctx, modes.c_lflag));
	JS_SetPropertyStr(ctx, result, "cc", JS_NewArrayBufferCopy(ctx, modes.c_cc, sizeof(modes.c_cc)));
	return complete(ctx, result);
}

/* Exactly as many control characters as there are; false with an exception pending. */
static bool get_control_characters(JSContext *ctx, JSValueConst object, cc_t characters[NCCS])
{
	JSValue value = JS_GetPropertyStr(ctx, object, "cc");
	size_t size;
	const uint8_t *bytes = JS_GetArrayBuffer(ctx, &size, value);
	bool complete = bytes && size == NCCS;

	if (complete)
		memcpy(characters, bytes, NCCS);
	else if (bytes)
		JS_ThrowRangeError(ctx, "not %d control characters", NCCS);
	JS_FreeValue(ctx, value);
	return complete;
}

BINDING(tcsetattr)
{
	int fd, iflag, oflag, cflag, lflag;
	struct termios modes = {0}; /* the line discipline 0 is N_TTY; the speed is part of c_cflag */

	if (!get_int(ctx, argv[0], &fd) || !field_int(ctx, argv[1], "iflag", &iflag) ||
	    !field_int(ctx, argv[1], "oflag", &oflag) || !field_int(ctx, argv[1], "cflag", &cflag) ||
	    !field_int(ctx, argv[1], "lflag", &lflag) || !get_control_characters(ctx, argv[1], modes.c_cc))
		return JS_EXCEPTION;
	modes.c_iflag = (tcflag_t)iflag;
	modes.c_oflag = (tcflag_t)oflag;
	modes.c_cflag = (tcflag_t)cflag;
	modes.c_lflag = (tcflag_t)lflag;
	RETURN_NOTHING("tcsetattr", RETRY(tcsetattr(fd, TCSANOW, &modes)));
}

BINDING(ioctl_winsize_get)
{
	int fd;
	struct winsize size;
	JSValue result;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	if (ioctl(fd, TIOCGWINSZ, &size) == -1)
		return THROW("ioctl", errno);
	result = JS_NewObject(ctx);
	JS_SetPropertyStr(ctx, result, "rows", JS_NewInt32(ctx, size.ws_row));
	JS_SetPropertyStr(ctx, result, "columns", JS_NewInt32(ctx, size.ws_col));
	return complete(ctx, result);
}

BINDING(ioctl_winsize_set)
{
	int fd, rows, columns;
	struct winsize size = {0};

	if (!get_int(ctx, argv[0], &fd) || !field_int(ctx, argv[1], "rows", &rows) ||
	    !field_int(ctx, argv[1], "columns", &columns))
		return JS_EXCEPTION;
	size.ws_row = (unsigned short)rows;
	size.ws_col = (unsigned short)columns;
	RETURN_NOTHING("ioctl", ioctl(fd, TIOCSWINSZ, &size));
}

BINDING(ioctl_unlock_pty)
{
	int master;
	const int unlocked = 0;

	if (!get_int(ctx, argv[0], &master))
		return JS_EXCEPTION;
	RETURN_NOTHING("ioctl", ioctl(master, TIOCSPTLCK, &unlocked));
}

BINDING(ioctl_pty_peer)
{
	int master, flags;

	if (!get_int(ctx, argv[0], &master) || !get_int(ctx, argv[1], &flags))
		return JS_EXCEPTION;
	/* since Linux 4.13 */
	RETURN_NUMBER("ioctl", ioctl(master, TIOCGPTPEER, flags | O_CLOEXEC));
}

BINDING(ioctl_pty_number)
{
	int master;
	unsigned int number;

	if (!get_int(ctx, argv[0], &master))
		return JS_EXCEPTION;
	if (ioctl(master, TIOCGPTN, &number) == -1)
		return THROW("ioctl", errno);
	return JS_NewUint32(ctx, number);
}

BINDING(ioctl_set_controlling_terminal)
{
	int fd;

	if (!get_int(ctx, argv[0], &fd))
		return JS_EXCEPTION;
	RETURN_NOTHING("ioctl", ioctl(fd, TIOCSCTTY, 0));
}

const JSCFunctionListEntry door_tty[] = {
	ENTRY(isatty, 1), ENTRY(tcgetattr, 1), ENTRY(tcsetattr, 2), ENTRY(ioctl_winsize_get, 1),
	ENTRY(ioctl_winsize_set, 2), ENTRY(ioctl_unlock_pty, 1), ENTRY(ioctl_pty_peer, 2), ENTRY(ioctl_pty_number, 1),
	ENTRY(ioctl_set_controlling_terminal, 1),
};
const int door_tty_count = sizeof(door_tty) / sizeof(door_tty[0]);
