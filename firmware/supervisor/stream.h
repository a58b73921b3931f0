// Standard input and output.
#pragma once

#include "file.h"

i64 stream_write(struct file *file, const char *text, u64 size);
void stream_is_terminal(struct file *file);
i64 terminal_control(u64 request, u64 argument);
bool terminal_echoes(void);
bool terminal_is_canonical(void);
struct file *serial_open(u32 flags);
i64 serial_write(const char *text, u64 size);
extern u16 window_rows, window_columns;
