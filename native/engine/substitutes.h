/* See substitutes.c. */
#ifndef SUBSTITUTES_H
#define SUBSTITUTES_H

#include <stdbool.h>
#include <sys/time.h>
#include <time.h>

/* True while the engine is saved: QuickJS seeds its random numbers with the time, and the image must not depend on it. */
extern bool engine_time_stands;

int engine_gettimeofday(struct timeval *time, void *zone);

/* Times are told in UTC. libc would read time zones, with functions that are a twelfth of the binary. */
struct tm *engine_no_zone(const time_t *time, struct tm *parts);

/* Math.sin and its kin would be an eighth of the binary, and no container needs them: they answer NaN. */
double engine_no_angle(double number);
double engine_no_angles(double y, double x);

#endif
