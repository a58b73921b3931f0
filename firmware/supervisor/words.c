// The words of a new program, and its first stack.

#include "exec.h"

enum { WORDS_MAX = 32 << 10, WORD_BYTES = 128 << 10 };

i64 add_text(struct words *words, const char *text, u64 length)
{
    while (length != 0) {
        u64 within = words->size % PAGE, part = MIN(length, PAGE - within);
        if (within == 0) {
            u64 physical = words->pages < TEXT_PAGES ? frame_take(FRAME_USER) : 0;
            if (physical == 0)
                return -E2BIG;
            words->physical[words->pages++] = physical;
        }
        memcpy((u8 *)direct(words->physical[words->pages - 1]) + within, text, part);
        words->size += part;
        text += part;
        length -= part;
    }
    return 0;
}

// A word comes in pieces: it may be longer than a page.
static i64 add_word(struct words *words, u64 at, char *piece)
{
    for (u64 done = 0; done < WORD_BYTES; done += PAGE) {
        i64 length = text_in(piece, at + done, PAGE), error;

        if (length != -ENAMETOOLONG)
            return length < 0 ? length : add_text(words, piece, length + 1);
        error = add_text(words, piece, PAGE);
        if (error != 0)
            return error;
    }
    return -E2BIG;
}

i64 add_list(struct words *words, u64 list, u64 skip, u64 *count)
{
    char *piece = allocate(PAGE);
    i64 error = piece == NULL ? -ENOMEM : 0;
    u64 at;

    for (u64 i = 0; error == 0 && list != 0; i++) {
        error = copy_in(&at, list + 8 * i, 8);
        if (error != 0 || at == 0)
            break;
        if (i < skip)
            continue;
        error = add_word(words, at, piece);
        if (error == 0 && ++*count > WORDS_MAX)
            error = -E2BIG;
    }
    release(piece);
    return error;
}

void words_free(struct words *words)
{
    for (u64 i = 0; i < words->pages; i++)
        frame_drop(words->physical[i]);
    release(words);
}

enum { AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8,
       AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_HWCAP = 16, AT_CLKTCK = 17,
       AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };
#define HWCAP 0x112d // the letters a, c, d, f, i, m

static i64 push(u64 *at, u64 value)
{
    i64 error = copy_out(*at, &value, 8);

    *at += 8;
    return error;
}

// Builds the first stack: argc, argv, the environment, the auxiliary vector, then the text.
i64 build_stack(struct space *space, const struct words *words, const struct program *program,
                const char *path, u64 *sp)
{
    u64 path_at = space->stack_top - 16 - strlen(path) - 1, random_at = ROUND_DOWN(path_at - 16, 16);
    u64 text_at = random_at - words->size, at, word, left;
    u8 random[16];
    u64 auxiliary[][2] = {
        { AT_HWCAP, HWCAP }, { AT_PAGESZ, PAGE }, { AT_CLKTCK, 100 }, { AT_PHDR, program->segments },
        { AT_PHENT, SEGMENT_SIZE }, { AT_PHNUM, program->segment_count },
        { AT_BASE, program->interpreter }, { AT_FLAGS, 0 }, { AT_ENTRY, program->entry }, { AT_UID, 0 },
        { AT_EUID, 0 }, { AT_GID, 0 }, { AT_EGID, 0 }, { AT_SECURE, 0 }, { AT_RANDOM, random_at },
        { AT_EXECFN, path_at }, { AT_NULL, 0 },
    };
    i64 error;

    random_bytes(random, sizeof(random));
    error = copy_out(path_at, path, strlen(path) + 1);
    if (error == 0)
        error = copy_out(random_at, random, sizeof(random));
    for (u64 i = 0; i < words->pages && error == 0; i++)
        error = copy_out(text_at + i * PAGE, direct(words->physical[i]), MIN((u64)PAGE, words->size - i * PAGE));
    at = ROUND_DOWN(text_at - 8 * (3 + words->count[0] + words->count[1]) - sizeof(auxiliary), 16);
    *sp = at;
    space->arguments = text_at;
    if (error == 0)
        error = push(&at, words->count[0]);
    word = 0;
    for (int list = 0; list < 2; list++) {
        for (left = words->count[list]; left != 0 && error == 0; left--) {
            error = push(&at, text_at + word);
            while (((u8 *)direct(words->physical[word / PAGE]))[word % PAGE] != 0)
                word++;
            word++;
        }
        if (list == 0)
            space->arguments_end = text_at + word;
        if (error == 0)
            error = push(&at, 0);
    }
    return error != 0 ? error : copy_out(at, auxiliary, sizeof(auxiliary));
}
