// How a request of 9P is made and its reply taken apart.
#pragma once

#include "p9.h"
#include "virtio.h"

enum { P9_SLOTS = 6, P9_PARTS = 20, P9_HEADER = 7, P9_MESSAGE_MAX = 128 << 10 };
enum p9_kind {
    P9_ERROR_REPLY = 7, P9_STATFS = 8, P9_OPEN = 12, P9_CREATE = 14, P9_SYMLINK = 16, P9_NODE = 18,
    P9_READ_LINK = 22, P9_GET_ATTRIBUTES = 24, P9_SET_ATTRIBUTES = 26, P9_LIST = 40, P9_SYNC = 50,
    P9_LINK = 70, P9_FOLDER = 72, P9_RENAME = 74, P9_UNLINK = 76, P9_VERSION = 100, P9_ATTACH = 104,
    P9_WALK = 110, P9_READ = 116, P9_WRITE = 118, P9_CLUNK = 120,
};

// A request and its reply, of a page each.  Data goes beside them, without a copy.
struct p9_request {
    struct p9 *share;
    u8 *out, *in;
    u32 size;          // of the request
    u32 at;            // in the reply
    bool taken, done, abandoned;
};

struct p9 {
    struct virtio device;
    char tag[64];
    bool read_only;
    u32 next_fid;
    u32 message_max;
    u32 number;
    struct p9_request slots[P9_SLOTS];
    struct inode *root;
};

struct p9_request *p9_begin(struct p9 *share, enum p9_kind kind);
void p9_put8(struct p9_request *request, u8 value);
void p9_put32(struct p9_request *request, u32 value);
void p9_put64(struct p9_request *request, u64 value);
void p9_put_text(struct p9_request *request, const char *text);
u8 p9_get8(struct p9_request *request);
u16 p9_get16(struct p9_request *request);
u32 p9_get32(struct p9_request *request);
u64 p9_get64(struct p9_request *request);
void p9_send(struct p9_request *request, const struct part *data, u32 data_out, u32 data_in);
i64 p9_result(struct p9_request *request); // 0 or a negative error; the reply's fields come next
i64 p9_call(struct p9_request *request);   // send, wait, result; an error ends the request
void p9_end(struct p9_request *request);
void p9_wait(struct p9_request *request);

// Begins a request, or leaves the function.  A page is the most that a text in it may take.
#define BEGIN(share, kind) \
    struct p9_request *request = p9_begin(share, kind); \
    if (request == NULL) \
        return -ENOMEM

// p9_requests.c
struct qid { u8 kind; u32 version; u64 path; };
struct qid p9_get_qid(struct p9_request *request);
void p9_clunk(struct p9 *share, u32 fid);
// Makes a fid for a name in a folder, or with NULL another one for the folder itself.
i64 p9_walk(struct p9 *share, u32 from, const char *name, u32 *fid);
i64 p9_attributes(struct p9 *share, u32 fid, struct qid *qid, struct attributes *attributes);
i64 p9_open_fid(struct p9 *share, u32 from, u32 flags, u32 *fid); // another fid for the file, open
i64 p9_write(struct p9 *share, u32 fid, u64 offset, const void *from, u64 size);
i64 p9_read_link(struct p9 *share, u32 fid, char *to, u64 room);
i64 p9_file_system(struct p9 *share, u32 fid, struct file_system *about);
