// ELF files: which of their bytes go where.  Segments become areas of an address space, and nothing is
// read but the headers; pages come when they are touched.

#include "exec.h"

enum { LOAD = 1, INTERPRETER = 3 };
enum { TYPE_EXECUTABLE = 2, TYPE_SHARED = 3, MACHINE_RISCV = 243 };
enum { SEGMENTS_MAX = 64 };

struct elf_header {
    u8 magic[16];
    u16 type, machine;
    u32 version;
    u64 entry, segments, sections;
    u32 flags;
    u16 size, segment_size, segment_count, section_size, section_count, names;
};
struct segment {
    u32 kind, flags;
    u64 offset, address, physical, file_size, size, align;
};
_Static_assert(sizeof(struct segment) == SEGMENT_SIZE, "Elf64_Phdr has 56 bytes");

static u8 rights_of(u32 flags)
{
    return (flags >> 2 & 1) | (flags & 2) | (flags & 1) << 2; // PF_X, PF_W, PF_R
}

static i64 read_headers(struct file *file, struct elf_header *header, struct segment *segments)
{
    struct inode *inode = file->inode;
    u64 size;

    if (cache_read(inode, 0, header, sizeof(*header)) != sizeof(*header)
        || memcmp(header->magic, "\177ELF\2\1", 6) != 0 || header->machine != MACHINE_RISCV
        || (header->type != TYPE_EXECUTABLE && header->type != TYPE_SHARED)
        || header->segment_size != sizeof(struct segment) || header->segment_count == 0
        || header->segment_count > SEGMENTS_MAX)
        return -ENOEXEC;
    size = header->segment_count * sizeof(struct segment);
    return cache_read(inode, header->segments, segments, size) == (i64)size ? 0 : -ENOEXEC;
}

// The part of a segment behind the file's bytes is zero, to the end of the page: a C library's dynamic
// loader takes its first memory from what is left of its last page, and expects zeros there.
static i64 map_zeros(struct space *space, const struct segment *segment, u64 base, u8 rights)
{
    u64 start = base + segment->address + segment->file_size, end = base + segment->address + segment->size;
    u64 page = ROUND_UP(start, PAGE);
    i64 error;

    if (segment->file_size != 0 && end > start && page != start && (rights & RIGHT_WRITE) != 0
        && clear_out(start, page - start) != 0)
        return -EFAULT;
    if (segment->file_size == 0)
        page = ROUND_DOWN(start, PAGE);
    end = ROUND_UP(end, PAGE);
    if (end <= page)
        return 0;
    error = unmap_area(space, page, end - page); // an earlier segment may be there
    return error != 0 ? error : map_area(space, page, end - page, rights, 0, NULL, 0);
}

static i64 map_segment(struct space *space, struct file *file, const struct segment *segment, u64 base)
{
    u64 start = ROUND_DOWN(base + segment->address, PAGE);
    u64 end = ROUND_UP(base + segment->address + segment->file_size, PAGE);
    u8 rights = rights_of(segment->flags);
    i64 error = 0;

    if (!user_range(base + segment->address, segment->size) || segment->file_size > segment->size
        || segment->address % PAGE != segment->offset % PAGE || base + segment->address < PAGE
        || segment->offset + segment->file_size < segment->offset
        || base + segment->address + segment->size > TRAMPOLINE - (16UL << 20)) // the stack's place
        return -ENOEXEC;
    if (segment->file_size != 0) {
        error = unmap_area(space, start, end - start);
        if (error == 0)
            error = map_area(space, start, end - start, rights, 0, file, segment->offset / PAGE);
    }
    return error != 0 ? error : map_zeros(space, segment, base, rights);
}

i64 map_program(struct space *space, struct file *file, u64 base, struct program *program)
{
    struct segment *segments = allocate(SEGMENTS_MAX * sizeof(*segments));
    struct elf_header header;
    u64 lowest = USER_END, highest = 0;
    i64 error = segments == NULL ? -ENOMEM : read_headers(file, &header, segments);

    if (error == 0 && header.type == TYPE_EXECUTABLE)
        base = 0;
    for (int i = 0; error == 0 && i < header.segment_count; i++) {
        struct segment *segment = &segments[i];
        if (segment->kind == INTERPRETER && segment->file_size < sizeof(program->interpreter_path)) {
            if (cache_read(file->inode, segment->offset, program->interpreter_path, segment->file_size) < 1)
                error = -ENOEXEC;
        }
        if (segment->kind != LOAD || segment->size == 0)
            continue;
        error = map_segment(space, file, segment, base);
        if (segment->offset <= header.segments && header.segments < segment->offset + segment->file_size)
            program->segments = base + segment->address + header.segments - segment->offset;
        lowest = MIN(lowest, ROUND_DOWN(base + segment->address, PAGE));
        highest = MAX(highest, base + segment->address + segment->size);
    }
    if (error == 0) {
        program->entry = base + header.entry;
        program->start = lowest;
        program->segment_count = header.segment_count;
        if (space->heap_start == 0)
            space->heap_start = space->heap_end = ROUND_UP(highest, PAGE);
    }
    release(segments);
    return error;
}
