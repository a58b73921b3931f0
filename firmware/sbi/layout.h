// Sizes that C and assembly must agree on.
#pragma once

// Harts 0 to 7 may run; any other waits for ever.
#define MAX_HARTS 8
#define STACK_SIZE 8192

// Where struct frame (trap.h) holds mepc and mstatus, after x0 to x31.
#define FRAME_MEPC (32 * 8)
#define FRAME_MSTATUS (33 * 8)
#define FRAME_SIZE (34 * 8)
