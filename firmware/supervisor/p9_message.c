// The 9P client's messages: built in a page, sent through the virtio queue, waited for.

#include "p9_message.h"
#include "task.h"

static struct p9 shares[VIRTIO_MAX];
static u32 share_count;

static void open_share(u64 base, u32 interrupt)
{
    struct p9 *share = &shares[share_count];
    u32 length;

    if (!virtio_open(&share->device, base, interrupt))
        return;
    length = virtio_config8(&share->device, 0) | virtio_config8(&share->device, 1) << 8;
    length = MIN(length, (u32)sizeof(share->tag) - 1);
    for (u32 i = 0; i < length; i++)
        share->tag[i] = virtio_config8(&share->device, 2 + i);
    share->number = ++share_count;
}

void p9_start(void)
{
    for (u32 i = 0; i < platform.virtio_count; i++)
        if (virtio_kind(platform.virtio[i]) == VIRTIO_9P)
            open_share(platform.virtio[i], platform.virtio_interrupt[i]);
}

struct p9 *p9_find(const char *tag)
{
    for (u32 i = 0; i < share_count; i++)
        if (same(shares[i].tag, tag))
            return &shares[i];
    return NULL;
}

static void put(struct p9_request *request, u64 value, int bytes)
{
    for (; bytes > 0; bytes--, value >>= 8)
        if (request->size < PAGE)
            request->out[request->size++] = value;
}

void p9_put8(struct p9_request *request, u8 value) { put(request, value, 1); }
void p9_put32(struct p9_request *request, u32 value) { put(request, value, 4); }
void p9_put64(struct p9_request *request, u64 value) { put(request, value, 8); }

void p9_put_text(struct p9_request *request, const char *text)
{
    u64 length = strlen(text);

    put(request, length, 2);
    if (length <= PAGE - request->size)
        memcpy(request->out + request->size, text, length);
    request->size += length;
}

static u64 take(struct p9_request *request, int bytes)
{
    u64 value = 0;

    for (int i = 0; i < bytes; i++)
        if (request->at < PAGE)
            value |= (u64)request->in[request->at++] << 8 * i;
    return value;
}

u8 p9_get8(struct p9_request *request) { return take(request, 1); }
u16 p9_get16(struct p9_request *request) { return take(request, 2); }
u32 p9_get32(struct p9_request *request) { return take(request, 4); }
u64 p9_get64(struct p9_request *request) { return take(request, 8); }

// NULL if there is no memory for it.  One of the slots is always free: no more than all but one can
// be waiting for a reply that takes its time (p9_stream.c).
struct p9_request *p9_begin(struct p9 *share, enum p9_kind kind)
{
    struct p9_request *request = NULL;

    for (int i = 0; i < P9_SLOTS && request == NULL; i++)
        if (!share->slots[i].taken)
            request = &share->slots[i];
    if (request == NULL)
        return NULL;
    if (request->out == NULL) {
        u8 *out = allocate(PAGE), *in = allocate(PAGE);
        if (out == NULL || in == NULL) {
            release(out);
            release(in);
            return NULL;
        }
        request->out = out;
        request->in = in;
        request->share = share;
    }
    request->taken = true;
    request->done = request->abandoned = false;
    request->size = 4;
    put(request, kind, 1);
    put(request, request - share->slots, 2); // the tag
    return request;
}

void p9_end(struct p9_request *request)
{
    request->taken = false;
}

// Data that belongs to the request follows it; data of the reply goes behind its first 11 bytes.
void p9_send(struct p9_request *request, const struct part *data, u32 data_out, u32 data_in)
{
    struct part parts[P9_PARTS];
    u32 count = 0, size = request->size;

    parts[count++] = (struct part) { physical_of(request->out), request->size };
    for (u32 i = 0; i < data_out; i++) {
        parts[count++] = data[i];
        size += data[i].size;
    }
    parts[count++] = (struct part) { physical_of(request->in), data_in == 0 ? PAGE : 11 };
    for (u32 i = 0; i < data_in; i++)
        parts[count++] = data[i];
    for (int i = 0; i < 4; i++)
        request->out[i] = size >> 8 * i;
    virtio_put(&request->share->device, (request - request->share->slots) * P9_PARTS, parts,
               1 + data_out, 1 + data_in);
}

static void look(struct p9 *share)
{
    int first = virtio_done(&share->device);

    if (first < 0)
        return;
    virtio_acknowledge(&share->device);
    do {
        struct p9_request *request = &share->slots[first / P9_PARTS];
        request->done = true;
        if (request->abandoned)
            p9_end(request);
        else {
            wake(request);
            wake_polls(); // perhaps it is what a stream's readers wait for
        }
        first = virtio_done(&share->device);
    } while (first >= 0);
}

void p9_poll(void)
{
    for (u32 i = 0; i < share_count; i++) {
        look(&shares[i]);
        virtio_acknowledge(&shares[i].device);
    }
}

void p9_wait(struct p9_request *request)
{
    while (!request->done)
        look(request->share);
}

i64 p9_result(struct p9_request *request)
{
    u8 kind;

    request->at = 4;
    kind = take(request, 1);
    take(request, 2);
    if (kind == P9_ERROR_REPLY)
        return -(i64)MIN(p9_get32(request), 511u);
    return kind == request->out[4] + 1 ? 0 : -EPROTO;
}

i64 p9_call(struct p9_request *request)
{
    i64 error;

    if (request->size > PAGE) {
        p9_end(request);
        return -ENAMETOOLONG;
    }
    p9_send(request, NULL, 0, 0);
    p9_wait(request);
    error = p9_result(request);
    if (error != 0)
        p9_end(request);
    return error;
}
