/*
 * Functions that the engine is compiled to call in place of libc's (renames.h), in the binary and in
 * the build's compiler alike.
 */
#include "substitutes.h"

#include <math.h>
#include <stddef.h>

bool engine_time_stands;

int engine_gettimeofday(struct timeval *time, void *zone)
{
	if (!engine_time_stands)
		return gettimeofday(time, zone);
	*time = (struct timeval){.tv_sec = 1};
	return 0;
}

double engine_no_angle(double number)
{
	return number - number + NAN;
}

double engine_no_angles(double y, double x)
{
	return engine_no_angle(y) + x;
}
