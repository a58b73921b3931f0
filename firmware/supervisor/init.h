// The start of the system and the first process's files.
#pragma once

#include "types.h"

void complain(const char *format, ...); // to standard error of the first process
struct file *trampoline_file(void);
extern bool trace_calls;
extern u64 program_base;
struct file *standard_terminal(bool writing); // of the first process; NULL: it has none
