// Nothing: what an emulator takes to start and to end.
// modes: m

#include "../bench.h"

const char kernel_name[] = "empty";
const u64 memory_needed = 0;

u64 kernel(void)
{
    return 0;
}
