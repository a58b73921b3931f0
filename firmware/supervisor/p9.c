// The 9P file system: each operation on an inode is a request to the host (p9_requests.c).

#include "p9_message.h"

#define NO_FID 0xffffffffu
static const struct inode_operations operations;

static struct p9 *share_of(const struct inode *inode)
{
    return inode->system;
}

// Brings what we know of a file up to date.  If somebody else has changed it, its pages go.
static void note(struct inode *inode, const struct attributes *attributes)
{
    bool changed = inode->modified.seconds != attributes->modified.seconds
                || inode->modified.nanoseconds != attributes->modified.nanoseconds;

    if (IS(inode->mode, S_IFREG) && attributes->size != inode->size)
        cache_resize(inode, attributes->size);
    if (changed && inode->refs == 0)
        cache_drop(inode, 0);
    inode->mode = attributes->mode;
    inode->links = attributes->links;
    inode->modified = attributes->modified;
}

// The inode of a fid, which it takes over.
static i64 inode_of(struct p9 *share, u32 fid, struct inode **found)
{
    struct attributes attributes;
    struct qid qid;
    struct inode *inode;
    i64 error = p9_attributes(share, fid, &qid, &attributes);

    if (error != 0) {
        p9_clunk(share, fid);
        return error;
    }
    inode = inode_find(share, qid.path);
    if (inode != NULL && (inode->mode & S_IFMT) == (attributes.mode & S_IFMT)) {
        note(inode, &attributes);
        p9_clunk(share, inode->fid); // its path may be an old one
        inode->fid = fid;
        *found = inode_keep(inode);
        return 0;
    }
    inode = inode_new(share, qid.path, attributes.mode, &operations);
    if (inode == NULL) {
        p9_clunk(share, fid);
        return -ENOMEM;
    }
    inode->fid = fid;
    inode->io_fid = NO_FID;
    inode->size = attributes.size;
    inode->links = attributes.links;
    inode->modified = attributes.modified;
    inode->device = share->number;
    inode->kept = true;
    *found = inode;
    return 0;
}

static i64 lookup(struct inode *folder, const char *name, struct inode **found)
{
    u32 fid;
    i64 error = p9_walk(share_of(folder), folder->fid, name, &fid);

    return error != 0 ? error : inode_of(share_of(folder), fid, found);
}

static i64 make(struct inode *folder, const char *name, u32 mode, const char *target, struct inode **made)
{
    struct p9 *share = share_of(folder);
    bool plain = target == NULL && IS(mode, S_IFREG);
    u32 fid = folder->fid;
    i64 error = share->read_only ? -EROFS : 0;

    if (error == 0 && plain)
        error = p9_walk(share, folder->fid, NULL, &fid); // Tlcreate turns the fid into the new file's
    if (error != 0)
        return error;
    BEGIN(share, target != NULL ? P9_SYMLINK : plain ? P9_CREATE : IS(mode, S_IFDIR) ? P9_FOLDER : P9_NODE);
    p9_put32(request, fid);
    p9_put_text(request, name);
    if (target != NULL) {
        p9_put_text(request, target);
    } else if (plain) {
        p9_put32(request, O_RDWR | O_EXCL);
        p9_put32(request, mode & 07777);
    } else {
        p9_put32(request, IS(mode, S_IFDIR) ? mode & 07777 : mode);
        if (!IS(mode, S_IFDIR)) {
            p9_put32(request, 0);
            p9_put32(request, 0);
        }
    }
    p9_put32(request, 0); // the group
    error = p9_call(request);
    if (plain && error != 0)
        p9_clunk(share, fid);
    if (error != 0)
        return error;
    p9_end(request);
    error = lookup(folder, name, made);
    if (plain) {
        if (error == 0 && (*made)->io_fid == NO_FID) {
            (*made)->io_fid = fid;
            (*made)->io_writable = true;
        } else {
            p9_clunk(share, fid);
        }
    }
    return error;
}

static i64 link(struct inode *folder, const char *name, struct inode *inode)
{
    BEGIN(share_of(folder), P9_LINK);
    i64 error;

    p9_put32(request, folder->fid);
    p9_put32(request, inode->fid);
    p9_put_text(request, name);
    error = p9_call(request);
    if (error == 0)
        p9_end(request);
    return error;
}

// The fid through which a file's pages are read and written.
static i64 open_io(struct inode *inode, bool writing)
{
    struct p9 *share = share_of(inode);
    u32 fid;
    i64 error;

    if (inode->io_fid != NO_FID && (inode->io_writable || !writing))
        return 0;
    error = p9_open_fid(share, inode->fid, writing ? O_RDWR : 0, &fid);
    if (error != 0)
        return error;
    if (inode->io_fid != NO_FID)
        p9_clunk(share, inode->io_fid);
    inode->io_fid = fid;
    inode->io_writable = writing;
    return 0;
}

static i64 unlink(struct inode *folder, const char *name, struct inode *inode, bool is_folder)
{
    // Who has it open goes on using it.
    if (!is_folder && inode->refs > 1 && IS(inode->mode, S_IFREG))
        open_io(inode, false);
    BEGIN(share_of(folder), P9_UNLINK);
    i64 error;

    p9_put32(request, folder->fid);
    p9_put_text(request, name);
    p9_put32(request, is_folder ? AT_REMOVEDIR : 0);
    error = p9_call(request);
    if (error == 0) {
        p9_end(request);
        inode->links -= inode->links != 0;
    }
    return error;
}

static i64 rename(struct inode *from, const char *name, struct inode *to, const char *new_name)
{
    BEGIN(share_of(from), P9_RENAME);
    i64 error;

    p9_put32(request, from->fid);
    p9_put_text(request, name);
    p9_put32(request, to->fid);
    p9_put_text(request, new_name);
    error = p9_call(request);
    if (error == 0)
        p9_end(request);
    return error;
}

static i64 attributes(struct inode *inode, struct attributes *attributes)
{
    struct qid qid;
    u32 fid = inode->links == 0 && inode->io_fid != NO_FID ? inode->io_fid : inode->fid;
    i64 error = p9_attributes(share_of(inode), fid, &qid, attributes);

    if (error == 0)
        note(inode, attributes);
    return error;
}

static i64 change(struct inode *inode, const struct change *change)
{
    u32 fid = inode->links == 0 && inode->io_fid != NO_FID ? inode->io_fid : inode->fid;
    BEGIN(share_of(inode), P9_SET_ATTRIBUTES);
    i64 error;

    p9_put32(request, fid);
    p9_put32(request, change->valid);
    p9_put32(request, change->mode);
    p9_put32(request, change->user);
    p9_put32(request, change->group);
    p9_put64(request, change->size);
    p9_put64(request, change->accessed.seconds);
    p9_put64(request, change->accessed.nanoseconds);
    p9_put64(request, change->modified.seconds);
    p9_put64(request, change->modified.nanoseconds);
    error = p9_call(request);
    if (error == 0)
        p9_end(request);
    return error;
}

// A folder that is read keeps its fid: the server's positions hold for one opening of it.
static i64 list(struct inode *folder, u64 position, take_name take, void *context)
{
    struct p9 *share = share_of(folder);
    bool more = true;
    i64 error = 0;

    if (position == 0 && folder->io_fid != NO_FID) {
        p9_clunk(share, folder->io_fid);
        folder->io_fid = NO_FID;
    }
    if (folder->io_fid == NO_FID)
        error = p9_open_fid(share, folder->fid, O_DIRECTORY, &folder->io_fid);
    if (error != 0)
        folder->io_fid = NO_FID;
    while (error == 0 && more) {
        struct p9_request *request = p9_begin(share, P9_LIST);
        u32 size;

        if (request == NULL) {
            error = -ENOMEM;
            break;
        }
        p9_put32(request, folder->io_fid);
        p9_put64(request, position);
        p9_put32(request, PAGE - 64);
        error = p9_call(request);
        if (error != 0)
            break;
        size = MIN(p9_get32(request), (u32)PAGE - 11);
        more = size != 0;
        while (more && request->at < 11 + size) {
            struct qid qid = p9_get_qid(request);
            u64 next = p9_get64(request), length;
            u8 kind = p9_get8(request);

            length = MIN((u32)p9_get16(request), PAGE - request->at);
            more = take(context, (char *)request->in + request->at, length, qid.path, kind, next);
            request->at += length;
            position = next;
        }
        p9_end(request);
    }
    return error;
}

static i64 read_pages(struct inode *inode, u64 first, const u64 *physical, u64 count)
{
    i64 error = open_io(inode, false);
    u64 done = 0;

    while (error == 0 && done < count) {
        struct part parts[P9_PARTS];
        u64 got;
        BEGIN(share_of(inode), P9_READ);

        for (u64 i = done; i < count; i++)
            parts[i - done] = (struct part) { physical[i], PAGE };
        p9_put32(request, inode->io_fid);
        p9_put64(request, (first + done) * PAGE);
        p9_put32(request, (count - done) * PAGE);
        p9_send(request, parts, 0, count - done);
        p9_wait(request);
        error = p9_result(request);
        got = error == 0 ? p9_get32(request) : 0;
        p9_end(request);
        // A short answer that is not the end: ask for the rest, by whole pages.
        if (got < (count - done) * PAGE && got >= PAGE && (first + done) * PAGE + got < inode->size) {
            done += got / PAGE;
            continue;
        }
        for (; error == 0 && done < count; done++, got -= MIN(got, (u64)PAGE))
            if (got < PAGE)
                memset((u8 *)direct(physical[done]) + got, 0, PAGE - got);
    }
    return error;
}

static i64 write(struct inode *inode, u64 offset, const void *from, u64 size)
{
    i64 error = open_io(inode, true);

    return error != 0 ? error : p9_write(share_of(inode), inode->io_fid, offset, from, size);
}

static i64 sync(struct inode *inode)
{
    i64 error;

    if (inode->io_fid == NO_FID || !inode->io_writable)
        return 0;
    BEGIN(share_of(inode), P9_SYNC);
    p9_put32(request, inode->io_fid);
    p9_put32(request, 0);
    error = p9_call(request);
    if (error == 0)
        p9_end(request);
    return error;
}

static i64 open(struct inode *inode, struct file *file)
{
    if (share_of(inode)->read_only && (file->flags & O_ACCMODE) != 0 && IS(inode->mode, S_IFREG))
        return -EROFS;
    if (IS(inode->mode, S_IFREG))
        return open_io(inode, (file->flags & O_ACCMODE) != 0);
    if (!IS(inode->mode, S_IFDIR))
        return p9_open_stream(inode, file->flags, file);
    return 0;
}

static void end(struct inode *inode)
{
    p9_clunk(share_of(inode), inode->fid);
    if (inode->io_fid != NO_FID)
        p9_clunk(share_of(inode), inode->io_fid);
}

static i64 read_link(struct inode *inode, char *to, u64 room)
{
    return p9_read_link(share_of(inode), inode->fid, to, room);
}

static i64 file_system(struct inode *inode, struct file_system *about)
{
    return p9_file_system(share_of(inode), inode->fid, about);
}

static const struct inode_operations operations = {
    .lookup = lookup, .make = make, .link = link, .unlink = unlink, .rename = rename,
    .read_link = read_link, .attributes = attributes, .change = change, .list = list,
    .read_pages = read_pages, .write = write, .sync = sync, .open = open,
    .file_system = file_system, .end = end,
};

void p9_read_only(struct p9 *share)
{
    share->read_only = true;
}

// Begins a session and gives the folder itself; NULL if the host refuses.
struct inode *p9_root(struct p9 *share)
{
    struct p9_request *request = p9_begin(share, P9_VERSION);

    if (share->root != NULL)
        return inode_keep(share->root);
    if (request == NULL)
        return NULL;
    request->out[5] = request->out[6] = 0xff; // no tag
    p9_put32(request, P9_MESSAGE_MAX);
    p9_put_text(request, "9P2000.L");
    if (p9_call(request) != 0)
        return NULL;
    share->message_max = p9_get32(request);
    p9_end(request);
    request = p9_begin(share, P9_ATTACH);
    p9_put32(request, share->next_fid);
    p9_put32(request, NO_FID);
    p9_put_text(request, "root");
    p9_put_text(request, "");
    p9_put32(request, 0);
    if (p9_call(request) != 0)
        return NULL;
    p9_end(request);
    if (inode_of(share, share->next_fid++, &share->root) != 0)
        return NULL;
    return inode_keep(share->root);
}
