/* The few words that the init says, on stderr. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>

bool same(const char *one, const char *other);

/* One line: "tsrun-init: " and both parts. */
void say(const char *what, const char *about);

/* The same about a failed call: `exec "name": no such file or directory`. */
void say_failed(const char *what, const char *about, long error);

/* In decimal, in memory that the next call uses again. */
const char *decimal(long number);

#endif
