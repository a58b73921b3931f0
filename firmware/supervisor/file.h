// Files: inodes (a file), entries (a name in a folder), open files, the page cache.
#pragma once

#include "errno.h"
#include "memory.h"

// Linux's numbers.
enum {
    O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0100, O_EXCL = 0200, O_NOCTTY = 0400,
    O_TRUNC = 01000, O_APPEND = 02000, O_NONBLOCK = 04000, O_DIRECTORY = 0200000,
    O_NOFOLLOW = 0400000, O_CLOEXEC = 02000000, O_PATH = 010000000, O_TMPFILE = 020000000,
};
enum {
    S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000, S_IFBLK = 060000,
    S_IFDIR = 040000, S_IFCHR = 020000, S_IFIFO = 010000,
};
#define IS(mode, kind) (((mode) & S_IFMT) == (kind))
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };
enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_REMOVEDIR = 0x200, AT_SYMLINK_FOLLOW = 0x400,
       AT_EMPTY_PATH = 0x1000 };

struct timestamp { i64 seconds, nanoseconds; };
struct attributes {
    u32 mode, links, user, group;
    u64 device, id, size, blocks, special; // special: the device's number
    struct timestamp accessed, modified, changed;
};
enum { SET_MODE = 1, SET_USER = 2, SET_GROUP = 4, SET_SIZE = 8, SET_ACCESSED = 16, SET_MODIFIED = 32,
       SET_CHANGED = 64, SET_ACCESSED_TO = 128, SET_MODIFIED_TO = 256 };
struct change {
    u32 valid, mode, user, group;
    u64 size;
    struct timestamp accessed, modified;
};

struct file_system { // what statfs tells
    u64 kind, block_size, blocks, free, available, files, files_free, id, name_length, fragment_size, room[5];
};

struct inode;
struct file;
// Takes one name of a folder; false when there is no more room.
typedef bool (*take_name)(void *context, const char *name, u64 length, u64 id, u8 kind, u64 next);

// What a file system can do.  A missing function gives the error in brackets.
struct inode_operations {
    i64 (*lookup)(struct inode *folder, const char *name, struct inode **found); // [ENOTDIR]
    // A file, folder, node or (with `target`) a symbolic link. [EROFS]
    i64 (*make)(struct inode *folder, const char *name, u32 mode, const char *target, struct inode **made);
    i64 (*link)(struct inode *folder, const char *name, struct inode *inode); // [EPERM]
    i64 (*unlink)(struct inode *folder, const char *name, struct inode *inode, bool is_folder); // [EROFS]
    i64 (*rename)(struct inode *from, const char *name, struct inode *to, const char *new_name); // [EROFS]
    i64 (*read_link)(struct inode *inode, char *to, u64 room); // [EINVAL]
    i64 (*attributes)(struct inode *inode, struct attributes *attributes);
    i64 (*change)(struct inode *inode, const struct change *change); // [EPERM]
    i64 (*list)(struct inode *folder, u64 position, take_name take, void *context); // [ENOTDIR]
    // Reads whole pages; what is behind the end is zero.
    i64 (*read_pages)(struct inode *inode, u64 first, const u64 *physical, u64 count);
    i64 (*write)(struct inode *inode, u64 offset, const void *from, u64 size); // NULL: memory only
    i64 (*sync)(struct inode *inode);
    i64 (*open)(struct inode *inode, struct file *file);
    i64 (*file_system)(struct inode *inode, struct file_system *about); // [what memory has]
    void (*end)(struct inode *inode); // the last reference is gone, its pages are dropped
};

struct inode {
    u32 refs, mode;
    const struct inode_operations *operations;
    void *system;          // its file system: inodes are told apart by this and `id`
    u64 id, size;
    u32 device, links;
    struct inode *next, *next_unused, *previous_unused;
    struct frame *pages;   // in the cache
    u32 page_count, version;
    u64 pages_away;        // on the swap disk (shared_swap.c)
    u32 fid, io_fid;       // p9.c
    bool io_writable, mapped_shared, kept; // kept: stays when nobody uses it
    struct node *node;     // memory_files.c
    struct file_lock *locks;
    void *data;            // a device or a made-up file: which
    struct timestamp modified, changed, accessed;
};

struct entry {
    u32 refs;
    bool pinned, unlinked;
    struct entry *parent;  // the root is its own
    struct inode *inode;
    struct entry *next, *next_unused, *previous_unused;
    char *name;
};

struct file_operations {
    i64 (*read)(struct file *file, u64 to, u64 size, u64 *position);
    i64 (*write)(struct file *file, u64 from, u64 size, u64 *position);
    u32 (*poll)(struct file *file);
    i64 (*control)(struct file *file, u64 request, u64 argument);
    void (*close)(struct file *file);
};

struct file {
    u32 refs, flags;
    bool watched;          // by an epoll
    const struct file_operations *operations;
    struct entry *entry;   // NULL: a pipe and the like
    struct inode *inode;
    u64 position;
    void *data;
};

// inode.c
struct inode *inode_find(void *system, u64 id);
struct inode *inode_new(void *system, u64 id, u32 mode, const struct inode_operations *operations);
struct inode *inode_keep(struct inode *inode);
void inode_drop(struct inode *inode);
void inodes_sync(void);

// entry.c
extern struct entry *root_entry;
struct entry *entry_new(struct entry *parent, const char *name, struct inode *inode, bool pinned);
struct entry *entry_keep(struct entry *entry);
void entry_drop(struct entry *entry);
i64 entry_child(struct entry *folder, const char *name, struct entry **found);
void entry_forget(struct entry *folder, const char *name);
void entry_moved(struct entry *folder, const char *name, struct entry *to, const char *new_name);
i64 entry_path(struct entry *entry, char *to, u64 room);
void entries_pinned(struct entry *folder, u64 from, take_name take, void *context);

// path.c
enum { FOLLOW = 1, WANT_FOLDER = 2, STOP_AT_DESCRIPTOR = 4 }; // the last: at a link in /proc/self/fd
#define PATH_MAX 4096
#define NAME_MAX 255
i64 resolve(struct entry *base, const char *path, u32 how, struct entry **found);
i64 resolve_parent(struct entry *base, const char *path, struct entry **folder, char *name, bool *wants_folder);
i64 open_path(struct entry *base, const char *path, u32 flags, u32 mode, struct file **opened);
i64 open_entry(struct entry *entry, u32 flags, struct file **opened);
void epoll_forget(struct file *file); // epoll.c
void locks_drop(struct inode *inode, const void *owner); // locks.c: the owner is a process or an open file
struct file *file_new(const struct file_operations *operations, u32 flags);
struct file *file_keep(struct file *file);
void file_drop(struct file *file);

// shared_swap.c
bool shared_swap_out(struct frame *frame);
bool shared_swap_has(struct inode *inode, u64 index);
i64 shared_swap_in(struct inode *inode, u64 index, u64 physical);
void shared_swap_cut(struct inode *inode, u64 from_page);

// cache.c
struct frame *cache_find(struct inode *inode, u64 index);
i64 cache_get(struct inode *inode, u64 index, struct frame **found);
i64 cache_read(struct inode *inode, u64 offset, void *to, u64 size);
i64 cache_read_out(struct inode *inode, u64 offset, u64 to, u64 size);
i64 cache_write(struct inode *inode, u64 offset, u64 from, u64 size);
i64 cache_write_kernel(struct inode *inode, u64 offset, const void *from, u64 size);
i64 cache_resize(struct inode *inode, u64 size);
i64 cache_sync(struct inode *inode);
void cache_drop(struct inode *inode, u64 from_page);
i64 cache_write_frame(struct frame *frame);
void cache_remove(struct frame *frame);

i64 inode_change(struct inode *inode, const struct change *change);
i64 inode_attributes(struct inode *inode, struct attributes *attributes);
extern const struct file_operations regular_operations, folder_operations;

// File systems.
struct inode *memory_folder(void);
struct inode *memory_file(void);
void devices_start(void);
void proc_start(void);
bool is_stream(const struct file *file); // stream.c

// What tells apart open files that have no inode: pipes.
static inline u64 file_id(const struct file *file)
{
    return (u64)file->data & 0xffffffff;
}

struct file *proc_descriptor(const struct inode *inode);
