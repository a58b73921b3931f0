// A reader of flattened device trees (Devicetree Specification 0.4, chapter 5), and what the
// firmware adds to the tree that it hands on.
#pragma once

#include "types.h"

#define FDT_MAX_DEPTH 8
// Linux maps no more of a tree; Pagewalk's loader takes none that is larger.
#define FDT_MAX_SIZE (2u << 20)

struct fdt {
    const u8 *blob; // NULL: no tree, or one that is refused
    u32 size;
    u32 reserved, structure, structure_size, strings, strings_size;
};

// A walk over all nodes in the order of the tree.  `#address-cells` and `#size-cells` of a node
// say how its children's `reg` is to be read.
struct fdt_walk {
    const struct fdt *fdt;
    u32 next;                          // offset in the structure block
    int depth;                         // of the present node; the root has 0
    const char *name[FDT_MAX_DEPTH];   // of the present node and those above it
    u32 address_cells[FDT_MAX_DEPTH], size_cells[FDT_MAX_DEPTH];
    u32 properties;                    // offset of the present node's first property
};

void fdt_open(struct fdt *fdt, u64 address);
void fdt_start(struct fdt_walk *walk, const struct fdt *fdt);
bool fdt_next(struct fdt_walk *walk);

const u8 *fdt_property(const struct fdt_walk *walk, const char *name, u32 *size);
const char *fdt_text(const struct fdt_walk *walk, const char *name);
bool fdt_cell(const struct fdt_walk *walk, const char *name, u32 index, u32 *value);
bool fdt_compatible(const struct fdt_walk *walk, const char *name);
bool fdt_enabled(const struct fdt_walk *walk);
bool fdt_reg(const struct fdt_walk *walk, u32 index, u64 *base, u64 *size);
u32 fdt_end_of_properties(const struct fdt_walk *walk);
bool fdt_path_is(const struct fdt_walk *walk, const char *path);

u32 fdt_read32(const u8 *at);
void fdt_write32(u8 *at, u32 value);

bool fdt_is_reserved(const struct fdt *fdt, u64 base, u64 size);
u64 fdt_copy_with_reservation(const struct fdt *fdt, u64 to, u64 room, u64 base, u64 size);
