/* Where a process goes on that has ended: the next input. */
#ifndef FUZZ_EXIT_H
#define FUZZ_EXIT_H

#include <setjmp.h>

extern jmp_buf after_exit;

#endif
