// The device tree that the next stage gets: a copy of ours in which /reserved-memory has a node for
// the firmware's memory, marked `no-map`: an operating system must neither use nor map it.

#include "fdt.h"

enum { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3 };
enum { HEADER_SIZE = 40 };

// Left free at the end: U-Boot adds to the tree where it stands, with its own data right behind.
enum { SLACK = 4096 };

// The names of the properties that are added, one after the other, with their offsets.
static const char names[] = "#address-cells\0#size-cells\0ranges\0reg\0no-map";
enum { NAME_ADDRESS_CELLS = 0, NAME_SIZE_CELLS = 15, NAME_RANGES = 27, NAME_REG = 34, NAME_NO_MAP = 38 };

struct writer {
    u8 *at;
    u32 names; // where `names` stands in the block of strings
};

static void put(struct writer *writer, u32 value)
{
    fdt_write32(writer->at, value);
    writer->at += 4;
}

static void put_bytes(struct writer *writer, const void *bytes, u64 size)
{
    memcpy(writer->at, bytes, size);
    writer->at += size;
}

static void begin_node(struct writer *writer, const char *name)
{
    u64 size = strlen(name) + 1;

    put(writer, BEGIN_NODE);
    put_bytes(writer, name, size);
    for (; size % 4 != 0; size++)
        *writer->at++ = 0;
}

static void begin_property(struct writer *writer, u32 name, u32 size)
{
    put(writer, PROPERTY);
    put(writer, size);
    put(writer, writer->names + name);
}

static void put_number(struct writer *writer, u64 number, u32 cells)
{
    if (cells == 2)
        put(writer, number >> 32);
    put(writer, number);
}

static void put_reservation(struct writer *writer, u64 base, u64 size, u32 address_cells, u32 size_cells)
{
    static const char digits[] = "0123456789abcdef";
    char name[] = "firmware@0000000000000000";
    int start = 9, end = sizeof(name) - 2;

    // The unit address is `base` without leading zeros.
    for (int shift = 60; shift > 0 && base >> shift == 0; shift -= 4)
        end--;
    name[end + 1] = 0;
    for (u64 rest = base; end >= start; end--, rest >>= 4)
        name[end] = digits[rest & 15];
    begin_node(writer, name);
    begin_property(writer, NAME_REG, 4 * (address_cells + size_cells));
    put_number(writer, base, address_cells);
    put_number(writer, size, size_cells);
    begin_property(writer, NAME_NO_MAP, 0);
    put(writer, END_NODE);
}

// Where the structure block is opened: after the properties of /reserved-memory if it is there
// (`inside` is then true), else after those of the root.
static u32 find_place(const struct fdt *fdt, bool *inside, u32 *address_cells, u32 *size_cells)
{
    struct fdt_walk walk;
    u32 place = 0;

    *inside = false;
    for (fdt_start(&walk, fdt); fdt_next(&walk);) {
        if (walk.depth == 0) {
            *address_cells = walk.address_cells[0];
            *size_cells = walk.size_cells[0];
            place = fdt_end_of_properties(&walk);
        } else if (walk.depth == 1 && same(walk.name[1], "reserved-memory")) {
            *inside = true;
            return fdt_end_of_properties(&walk);
        }
    }
    return place;
}

// Whether the tree itself keeps the next stage from [base, base + size).
bool fdt_is_reserved(const struct fdt *fdt, u64 base, u64 size)
{
    struct fdt_walk walk;
    u64 start, length;
    u32 ignored;

    for (fdt_start(&walk, fdt); fdt_next(&walk);) {
        if (walk.depth == 2 && same(walk.name[1], "reserved-memory")
            && fdt_property(&walk, "no-map", &ignored) != NULL && fdt_reg(&walk, 0, &start, &length)
            && start <= base && base - start < length && size <= length - (base - start))
            return true;
    }
    return false;
}

// Writes the copy to `to`, where there is room for `room` bytes.  Gives its size, 0 if it does not
// fit or the tree is not one that it understands.
u64 fdt_copy_with_reservation(const struct fdt *fdt, u64 to, u64 room, u64 base, u64 size)
{
    struct writer writer;
    u32 place, address_cells = 0, size_cells = 0, reserved_size, structure, strings;
    bool inside;
    u8 *header = (u8 *)to;

    // The list of reserved memory ends with two zeros of 8 bytes each.
    for (reserved_size = 16;; reserved_size += 16) {
        const u8 *entry = fdt->blob + fdt->reserved + reserved_size - 16;
        u32 bits = 0;

        if (reserved_size > fdt->size - fdt->reserved)
            return 0;
        for (int i = 0; i < 16; i++)
            bits |= entry[i];
        if (bits == 0)
            break;
    }
    place = find_place(fdt, &inside, &address_cells, &size_cells);
    if (place == 0 || address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2)
        return 0;
    // What is added is less than 256 bytes and the names.
    if (room < (u64)HEADER_SIZE + reserved_size + fdt->structure_size + fdt->strings_size + 512 + SLACK)
        return 0;

    memcpy(header, fdt->blob, HEADER_SIZE);
    writer.names = fdt->strings_size;
    writer.at = header + HEADER_SIZE;
    put_bytes(&writer, fdt->blob + fdt->reserved, reserved_size);
    structure = HEADER_SIZE + reserved_size;
    put_bytes(&writer, fdt->blob + fdt->structure, place);
    if (!inside) {
        // Linux wants the cells of the root here.
        begin_node(&writer, "reserved-memory");
        begin_property(&writer, NAME_ADDRESS_CELLS, 4);
        put(&writer, address_cells);
        begin_property(&writer, NAME_SIZE_CELLS, 4);
        put(&writer, size_cells);
        begin_property(&writer, NAME_RANGES, 0);
    }
    put_reservation(&writer, base, size, address_cells, size_cells);
    if (!inside)
        put(&writer, END_NODE);
    put_bytes(&writer, fdt->blob + fdt->structure + place, fdt->structure_size - place);
    strings = writer.at - header;
    put_bytes(&writer, fdt->blob + fdt->strings, fdt->strings_size);
    put_bytes(&writer, names, sizeof(names));
    memset(writer.at, 0, SLACK);
    writer.at += SLACK;

    fdt_write32(header + 4, writer.at - header);
    fdt_write32(header + 8, structure);
    fdt_write32(header + 12, strings);
    fdt_write32(header + 16, HEADER_SIZE);
    fdt_write32(header + 32, fdt->strings_size + sizeof(names));
    fdt_write32(header + 36, strings - structure);
    return writer.at - header;
}
