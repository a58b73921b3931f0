// What the files with system calls share.
#pragma once

#include "task.h"

// A timespec from a process, as a time of the `time` CSR; 0 if there is none.
i64 deadline_in(u64 from, bool absolute, u64 *deadline);
i64 deadline_of_clock(u64 from, u64 clock, bool absolute, u64 *deadline);
i64 set_mask_for_call(u64 set, u64 size);
i64 path_in(u64 from, char **path);  // to be released
i64 folder_of(i64 descriptor, const char *path, struct entry **folder);
// What a path means: `entry` is NULL for what has no name, `inode` for a pipe and the like, which `id` tells apart.
struct found {
    struct entry *entry;
    struct inode *inode;
    u64 id;
};
// What (descriptor, path) means; an empty path is the descriptor's own file if allowed.  It is given back with
// found_done.
i64 find_path(u64 descriptor, u64 path_at, u32 how, bool may_be_empty, struct found *found);
void found_done(struct found *found);
i64 wait_for_child(i64 pid, u32 options, u32 *status, u64 times[2], bool keep);
u32 file_poll(struct file *file);
