/* The JavaScript engine with our bytecode and our door in it. */
#ifndef ENGINE_H
#define ENGINE_H

/*
 * Runs main.js to its end and returns the exit status (main.js itself calls exit). A binary that has no image yet and is
 * called with the one argument --save-image writes its image to stdout instead: that is for the build.
 */
int engine_run(int argc, char **argv);

#endif
