// Where things are in virtual memory (Sv39).  The lower half belongs to the process; the upper half
// is the kernel's and the same in every address space.
#pragma once

#define PAGE 4096
#define LARGE_PAGE 0x200000
#define GIB 0x40000000

#define USER_END 0x4000000000

// All of physical memory, RAM and devices: physical address + DIRECT.
#define DIRECT 0xffffffc000000000
#define DIRECT_SIZE 0x2000000000
// The kernel's stacks, each with a guard page below it that is never mapped.
#define STACKS 0xfffffff000000000
#define STACK_STRIDE 16384
#define STACKS_MAX 4096
// The kernel's image: its physical address + IMAGE_OFFSET.
#define IMAGE 0xffffffff80200000
#define IMAGE_OFFSET 0xffffffff00000000

// struct registers, as assembly sees it.
#define REGISTERS_PC 0
#define REGISTERS_STATUS 256
#define REGISTERS_SIZE 272
