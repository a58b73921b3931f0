// Time: the `time` CSR since the start, and the real-time clock.
#pragma once

#include "file.h"

void clock_start(void);
u64 clock_nanoseconds(void);              // since the start
struct timestamp clock_real(void);
struct timestamp clock_since_start(void);
u64 clock_ticks(u64 nanoseconds);         // rounded up
u64 ticks_nanoseconds(u64 ticks);
