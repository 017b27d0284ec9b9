/*
 * Functions that the engine is compiled to call in place of libc's (renames.h), in the binary and in
 * the build's compiler alike.
 */
#define _GNU_SOURCE
#include "substitutes.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

bool engine_time_stands;

int engine_gettimeofday(struct timeval *time, void *zone)
{
	if (!engine_time_stands)
		return gettimeofday(time, zone);
	*time = (struct timeval){.tv_sec = 1};
	return 0;
}

struct tm *engine_no_zone(const time_t *time, struct tm *parts)
{
	(void)time;
	*parts = (struct tm){.tm_gmtoff = 0};
	return parts;
}

double engine_no_angle(double number)
{
	return number - number + NAN;
}

double engine_no_angles(double y, double x)
{
	return engine_no_angle(y) + x;
}

#ifndef __GLIBC__
/* The checked printf of glibc: Debian's libseccomp was compiled to call it where it prints a filter as text, which we do not ask for. */
int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
	va_list arguments;

	(void)flag;
	va_start(arguments, format);
	int length = vfprintf(stream, format, arguments);
	va_end(arguments);
	return length;
}
#endif
