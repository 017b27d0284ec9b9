/* Words and numbers for people, without printf(3). */
#include "text.h"

#include "kernel.h"

bool same(const char *one, const char *other)
{
	for (; *one && *one == *other; one++, other++)
		;
	return *one == *other;
}

const char *decimal(long number)
{
	static char digits[24];
	char *at = digits + sizeof(digits) - 1;

	do
		*--at = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return at;
}

/* One write for a line, so that lines of others do not get into it; what is too long is cut. */
struct line {
	size_t length;
	char bytes[512];
};

static void append(struct line *line, const char *text)
{
	while (*text && line->length < sizeof(line->bytes) - 1)
		line->bytes[line->length++] = *text++;
}

static void end(struct line *line)
{
	line->bytes[line->length++] = '\n';
	write_bytes(2, line->bytes, line->length);
}

void say(const char *what, const char *about)
{
	struct line line;

	line.length = 0;
	append(&line, "tsrun-init: ");
	append(&line, what);
	append(&line, about);
	end(&line);
}

static const char *describe(long error)
{
	switch (error) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
		return "permission denied";
	case EPERM:
		return "operation not permitted";
	case ENOEXEC:
		return "exec format error";
	case ENOTDIR:
		return "not a directory";
	case ELOOP:
		return "too many levels of symbolic links";
	case ETXTBSY:
		return "text file busy";
	case E2BIG:
		return "argument list too long";
	case ENOMEM:
		return "cannot allocate memory";
	case EAGAIN:
		return "resource temporarily unavailable";
	default:
		return decimal(error);
	}
}

void say_failed(const char *what, const char *about, long error)
{
	struct line line;

	line.length = 0;
	append(&line, "tsrun-init: ");
	append(&line, what);
	append(&line, " \"");
	append(&line, about);
	append(&line, "\": ");
	append(&line, describe(error));
	end(&line);
}
