/* See errors.c. Both answer with constants, for any number, and allocate nothing. */
#ifndef ERRORS_H
#define ERRORS_H

/* "ENOENT"; "EUNKNOWN" for a number without a name. */
const char *error_name(int error);

/* "No such file or directory". */
const char *error_text(int error);

#endif
