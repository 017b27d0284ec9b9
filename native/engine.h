/* The JavaScript engine with our bytecode and our door in it. */
#ifndef ENGINE_H
#define ENGINE_H

#include <stddef.h>

/* A file in the binary: a module's bytecode, or a source map as text. The table ends with a null name. */
struct embedded_file {
	const char *name;
	const unsigned char *bytes;
	size_t size;
};

extern const struct embedded_file embedded_files[];

/* Runs main.js to its end and returns the exit status (main.js itself calls exit). */
int engine_run(int argc, char **argv);

#endif
