// What starting a program is made of: exec.c puts together what elf.c and words.c do.
#pragma once

#include "task.h"

#define SEGMENT_SIZE 56 // of a program header
#define TEXT_PAGES (PAGE / 8 - 8) // so that struct words is a page

struct program { // what the stack will tell of it
    u64 entry, start, segments, segment_count, interpreter;
    char interpreter_path[256];
};

// The words and the text of arguments and environment, gathered before the old memory goes.
struct words {
    u64 physical[TEXT_PAGES];
    u64 pages, size, count[2];
};

// elf.c: maps a file; `base` says where one that may lie anywhere goes.
i64 map_program(struct space *space, struct file *file, u64 base, struct program *program);

// words.c
i64 add_text(struct words *words, const char *text, u64 length);
i64 add_list(struct words *words, u64 list, u64 skip, u64 *count); // a list of addresses in the process
void words_free(struct words *words);
i64 build_stack(struct space *space, const struct words *words, const struct program *program,
                const char *path, u64 *sp);
