// Folders of the host, through 9P2000.L.
#pragma once

#include "file.h"

struct p9;
void p9_start(void);
struct p9 *p9_find(const char *tag);
struct inode *p9_root(struct p9 *share);
void p9_poll(void);        // looks for replies
void p9_read_only(struct p9 *share);
i64 p9_open_stream(struct inode *inode, u32 flags, struct file *file);
