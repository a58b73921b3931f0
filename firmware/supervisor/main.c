// The kernel's start in the upper half, part after part.

#include "blk.h"
#include "clock.h"
#include "csr.h"
#include "fdt.h"
#include "init.h"
#include "p9.h"
#include "task.h"

void enter_first(struct registers *registers) __attribute__((noreturn));

void main(u64 hart)
{
    platform_read(hart);
    if (platform.ram_end == 0)
        panic("the device tree names no memory around 0x80200000");
    map_memory();
    random_start();
    clock_start();
    spaces_start();
    blk_start();
    swap_start();
    p9_start();
    schedule_start();
    first_process();
    enter_first(current->registers);
}
