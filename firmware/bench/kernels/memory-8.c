// The memory kernel with a working set of 8 MiB.
// modes: m sv39
#define MEGABYTES 8
#define ACCESSES 6000000
#include "memory.h"

const char kernel_name[] = "memory-8";
