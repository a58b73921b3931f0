// 9P's requests, one function each, where more than one place needs them or their reply has many fields.

#include "p9_message.h"

struct qid p9_get_qid(struct p9_request *request)
{
    struct qid qid;

    qid.kind = p9_get8(request);
    qid.version = p9_get32(request);
    qid.path = p9_get64(request);
    return qid;
}

static struct timestamp get_time(struct p9_request *request)
{
    struct timestamp time;

    time.seconds = p9_get64(request);
    time.nanoseconds = p9_get64(request);
    return time;
}

void p9_clunk(struct p9 *share, u32 fid)
{
    struct p9_request *request = p9_begin(share, P9_CLUNK);

    if (request == NULL)
        return;
    p9_put32(request, fid);
    if (p9_call(request) == 0)
        p9_end(request);
}

// Makes a fid for a name in a folder, or with NULL another one for the folder itself.
i64 p9_walk(struct p9 *share, u32 from, const char *name, u32 *fid)
{
    BEGIN(share, P9_WALK);
    i64 error;

    *fid = share->next_fid++;
    p9_put32(request, from);
    p9_put32(request, *fid);
    p9_put8(request, name != NULL);
    p9_put8(request, 0);
    if (name != NULL)
        p9_put_text(request, name);
    error = p9_call(request);
    if (error != 0)
        return error;
    error = p9_get16(request) == (name != NULL) ? 0 : -ENOENT;
    p9_end(request);
    return error;
}

i64 p9_attributes(struct p9 *share, u32 fid, struct qid *qid, struct attributes *attributes)
{
    BEGIN(share, P9_GET_ATTRIBUTES);
    i64 error;

    p9_put32(request, fid);
    p9_put64(request, 0x7ff); // the basic ones
    error = p9_call(request);
    if (error != 0)
        return error;
    p9_get64(request);
    *qid = p9_get_qid(request);
    attributes->mode = p9_get32(request);
    attributes->user = p9_get32(request);
    attributes->group = p9_get32(request);
    attributes->links = p9_get64(request);
    attributes->special = p9_get64(request);
    attributes->size = p9_get64(request);
    p9_get64(request);
    attributes->blocks = p9_get64(request);
    attributes->accessed = get_time(request);
    attributes->modified = get_time(request);
    attributes->changed = get_time(request);
    attributes->id = qid->path;
    attributes->device = share->number;
    p9_end(request);
    return 0;
}

i64 p9_open_fid(struct p9 *share, u32 from, u32 flags, u32 *fid)
{
    struct p9_request *request;
    i64 error = p9_walk(share, from, NULL, fid);

    if (error != 0)
        return error;
    request = p9_begin(share, P9_OPEN);
    if (request == NULL) {
        p9_clunk(share, *fid);
        return -ENOMEM;
    }
    p9_put32(request, *fid);
    p9_put32(request, flags);
    error = p9_call(request);
    if (error == 0)
        p9_end(request);
    else
        p9_clunk(share, *fid);
    return error;
}

// How much the host took.
i64 p9_write(struct p9 *share, u32 fid, u64 offset, const void *from, u64 size)
{
    struct part part = { physical_of(from), size };
    i64 result;
    BEGIN(share, P9_WRITE);

    p9_put32(request, fid);
    p9_put64(request, offset);
    p9_put32(request, size);
    p9_send(request, &part, 1, 0);
    p9_wait(request);
    result = p9_result(request);
    if (result == 0)
        result = p9_get32(request);
    p9_end(request);
    return result;
}

i64 p9_read_link(struct p9 *share, u32 fid, char *to, u64 room)
{
    BEGIN(share, P9_READ_LINK);
    u64 length;
    i64 error;

    p9_put32(request, fid);
    error = p9_call(request);
    if (error != 0)
        return error;
    length = p9_get16(request);
    length = MIN(MIN(length, room), (u64)PAGE - request->at);
    memcpy(to, request->in + request->at, length);
    p9_end(request);
    return length;
}

i64 p9_file_system(struct p9 *share, u32 fid, struct file_system *about)
{
    BEGIN(share, P9_STATFS);
    i64 error;

    p9_put32(request, fid);
    error = p9_call(request);
    if (error != 0)
        return error;
    about->kind = p9_get32(request);
    about->block_size = p9_get32(request);
    about->blocks = p9_get64(request);
    about->free = p9_get64(request);
    about->available = p9_get64(request);
    about->files = p9_get64(request);
    about->files_free = p9_get64(request);
    about->id = p9_get64(request);
    about->name_length = p9_get32(request);
    p9_end(request);
    return 0;
}
