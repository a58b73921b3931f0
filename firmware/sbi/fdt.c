// Reading a flattened device tree.  Every offset is checked: a broken tree gives no devices, but no
// wrong access either.

#include "fdt.h"

enum {
    MAGIC = 0xd00dfeed,
    HEADER_SIZE = 40,
    VERSION = 17,
};
enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };

u32 fdt_read32(const u8 *at)
{
    return (u32)at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

void fdt_write32(u8 *at, u32 value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = value;
}

static bool inside(u32 offset, u32 size, u32 whole)
{
    return offset <= whole && size <= whole - offset;
}

// Whether the header's numbers hold together.  Everything else counts on it.
static bool good_header(const struct fdt *fdt, const u8 *header)
{
    return fdt->size >= HEADER_SIZE && fdt->size <= FDT_MAX_SIZE
        && fdt_read32(header + 20) >= VERSION && fdt_read32(header + 24) <= VERSION
        && fdt->structure % 4 == 0 && fdt->structure_size % 4 == 0 && fdt->reserved % 8 == 0
        && inside(fdt->reserved, 16, fdt->size)
        && inside(fdt->structure, fdt->structure_size, fdt->size)
        && inside(fdt->strings, fdt->strings_size, fdt->size);
}

// A tree that is refused leaves fdt->blob NULL: a walk of it finds no node.
void fdt_open(struct fdt *fdt, u64 address)
{
    const u8 *header = (const u8 *)address;

    memset(fdt, 0, sizeof(*fdt));
    if (address == 0 || address % 8 != 0 || fdt_read32(header) != MAGIC)
        return;
    fdt->size = fdt_read32(header + 4);
    fdt->structure = fdt_read32(header + 8);
    fdt->strings = fdt_read32(header + 12);
    fdt->reserved = fdt_read32(header + 16);
    fdt->strings_size = fdt_read32(header + 32);
    fdt->structure_size = fdt_read32(header + 36);
    if (good_header(fdt, header))
        fdt->blob = header;
}

// One step in the structure block: gives what stands at *at, END for the end and for anything
// broken.  *content is then where a node's name, or a property's size, name and value, stand.
static u32 token(const struct fdt *fdt, u32 *at, u32 *content)
{
    const u8 *structure = fdt->blob + fdt->structure;
    u32 kind, length;

    do {
        if (!inside(*at, 4, fdt->structure_size))
            return END;
        kind = fdt_read32(structure + *at);
        *at += 4;
    } while (kind == NOP);
    *content = *at;
    switch (kind) {
    case BEGIN_NODE:
        for (length = 1; inside(*at, length, fdt->structure_size); length++) {
            if (structure[*at + length - 1] == 0) {
                *at += (length + 3) & ~3u;
                return kind;
            }
        }
        return END;
    case PROPERTY:
        if (!inside(*at, 8, fdt->structure_size))
            return END;
        length = fdt_read32(structure + *at);
        *at += 8;
        if (!inside(*at, length, fdt->structure_size))
            return END;
        *at += (length + 3) & ~3u;
        return kind;
    case END_NODE:
        return kind;
    default:
        return END;
    }
}

void fdt_start(struct fdt_walk *walk, const struct fdt *fdt)
{
    memset(walk, 0, sizeof(*walk));
    walk->fdt = fdt;
    walk->depth = -1;
}

// Goes to the next node; false at the end.  Nodes deeper than FDT_MAX_DEPTH are passed over.
bool fdt_next(struct fdt_walk *walk)
{
    u32 content;
    int depth = walk->depth;

    if (walk->fdt->blob == NULL)
        return false;
    for (;;) {
        switch (token(walk->fdt, &walk->next, &content)) {
        case BEGIN_NODE:
            depth++;
            if (depth >= FDT_MAX_DEPTH)
                continue;
            walk->depth = depth;
            walk->name[depth] = (const char *)walk->fdt->blob + walk->fdt->structure + content;
            walk->properties = walk->next;
            // The defaults of the specification are 2 and 1.
            if (!fdt_cell(walk, "#address-cells", 0, &walk->address_cells[depth]))
                walk->address_cells[depth] = 2;
            if (!fdt_cell(walk, "#size-cells", 0, &walk->size_cells[depth]))
                walk->size_cells[depth] = 1;
            return true;
        case END_NODE:
            if (depth-- < 0)
                return false;
            continue;
        case PROPERTY:
            continue;
        default:
            return false;
        }
    }
}

const u8 *fdt_property(const struct fdt_walk *walk, const char *name, u32 *size)
{
    const struct fdt *fdt = walk->fdt;
    u64 length = strlen(name) + 1;
    u32 at = walk->properties, content;

    while (token(fdt, &at, &content) == PROPERTY) {
        const u8 *property = fdt->blob + fdt->structure + content;
        u32 string = fdt_read32(property + 4);

        if (inside(string, length, fdt->strings_size)
            && memcmp(fdt->blob + fdt->strings + string, name, length) == 0) {
            *size = fdt_read32(property);
            return property + 8;
        }
    }
    return NULL;
}

// A property that is one text; NULL if it is absent or not ended.
const char *fdt_text(const struct fdt_walk *walk, const char *name)
{
    u32 size;
    const u8 *value = fdt_property(walk, name, &size);

    if (value == NULL || size == 0 || value[size - 1] != 0)
        return NULL;
    return (const char *)value;
}

bool fdt_cell(const struct fdt_walk *walk, const char *name, u32 index, u32 *value)
{
    u32 size;
    const u8 *cells = fdt_property(walk, name, &size);

    if (cells == NULL || size / 4 <= index)
        return false;
    *value = fdt_read32(cells + 4 * index);
    return true;
}

// `compatible` is a list of texts, each with its end.
bool fdt_compatible(const struct fdt_walk *walk, const char *name)
{
    u32 size;
    const char *list = (const char *)fdt_property(walk, "compatible", &size);

    if (list == NULL || size == 0 || list[size - 1] != 0)
        return false;
    for (u32 at = 0; at < size; at += strlen(list + at) + 1)
        if (same(list + at, name))
            return true;
    return false;
}

bool fdt_enabled(const struct fdt_walk *walk)
{
    const char *status = fdt_text(walk, "status");

    return status == NULL || same(status, "okay") || same(status, "ok");
}

// The index-th address and size in `reg`.  Buses are taken to have the addresses of the CPU, as
// those with an empty `ranges` have.
bool fdt_reg(const struct fdt_walk *walk, u32 index, u64 *base, u64 *size)
{
    u32 length, address_cells, size_cells, entry;
    const u8 *reg = fdt_property(walk, "reg", &length);
    u64 numbers[2] = { 0, 0 };

    if (reg == NULL || walk->depth < 1)
        return false;
    address_cells = walk->address_cells[walk->depth - 1];
    size_cells = walk->size_cells[walk->depth - 1];
    if (address_cells == 0 || address_cells > 2 || size_cells > 2)
        return false;
    entry = 4 * (address_cells + size_cells);
    if (length / entry <= index)
        return false;
    reg += index * entry;
    for (u32 i = 0; i < address_cells + size_cells; i++, reg += 4) {
        u64 *number = &numbers[i >= address_cells];
        *number = *number << 32 | fdt_read32(reg);
    }
    *base = numbers[0];
    *size = numbers[1];
    return true;
}

// Whether the present node is the one at `path`, which may end in options after a colon.
bool fdt_path_is(const struct fdt_walk *walk, const char *path)
{
    for (int depth = 1; depth <= walk->depth; depth++) {
        u64 length = strlen(walk->name[depth]);

        if (*path++ != '/')
            return false;
        for (u64 i = 0; i < length; i++)
            if (path[i] != walk->name[depth][i])
                return false;
        path += length;
    }
    return *path == 0 || *path == ':';
}

// Where in the structure block the present node's properties end.
u32 fdt_end_of_properties(const struct fdt_walk *walk)
{
    u32 at = walk->properties, end = at, content;

    while (token(walk->fdt, &at, &content) == PROPERTY)
        end = at;
    return end;
}
