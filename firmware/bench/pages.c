// Memory after the program.

#include "bench.h"

extern u8 _end[];

static u8 *next_page = _end;

void *take_pages(u64 n)
{
    void *taken = next_page;
    next_page += n * PAGE;
    return taken;
}
