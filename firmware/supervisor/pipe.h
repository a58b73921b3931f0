// A ring of bytes with an end to read and an end to write.
#pragma once

#include "file.h"

struct pipe;
struct pipe *pipe_new(void);
i64 pipe_read(struct pipe *pipe, bool wait, u64 to, u64 size);
i64 pipe_write(struct pipe *pipe, bool wait, u64 from, u64 size);
u32 pipe_poll(const struct pipe *pipe, bool writing);
void pipe_hang_up(struct pipe *pipe, bool writing);
void pipe_leave(struct pipe *pipe, bool writing);
i64 fifo_open(struct inode *inode, struct file *file); // of a file system in memory
