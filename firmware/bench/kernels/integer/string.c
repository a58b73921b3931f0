// Strings: put together, measured, compared, searched, hashed.

#include "parts.h"

static const char *const words[] = {
    "page", "table", "entry", "leaf", "frame", "walk", "translation", "supervisor", "machine",
    "privilege", "interrupt", "exception", "fence", "register",
};

enum { WORDS = sizeof words / sizeof words[0], ROOM = 2048 };

static char sentence[ROOM], copy[ROOM];

static u64 length_of(const char *at)
{
    const char *start = at;
    while (*at)
        at++;
    return (u64)(at - start);
}

static char *append(char *to, const char *from)
{
    while ((*to = *from++))
        to++;
    return to;
}

static int compare(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (u8)*a - (u8)*b;
}

static const char *search(const char *in, const char *word)
{
    for (; *in; in++) {
        u64 same = 0;
        while (word[same] && in[same] == word[same])
            same++;
        if (!word[same])
            return in;
    }
    return 0;
}

// FNV-1a.
static u64 hash(const char *at)
{
    u64 value = 0xcbf29ce484222325;
    while (*at)
        value = (value ^ (u8)*at++) * 0x100000001b3;
    return value;
}

u64 string_round(u64 round)
{
    char *end = sentence;
    u64 length = 0;
    for (u64 i = 0; i < 160; i++) {
        const char *word = words[(round + i * i) % WORDS];
        end = append(end, word);
        end = append(end, " ");
        length += length_of(word) + 1;
    }
    check(length_of(sentence) == length, "the sentence has another length");
    append(copy, sentence);
    check(compare(copy, sentence) == 0, "the copy differs");
    copy[length / 2]++;
    check(compare(copy, sentence) == 1, "the change is not seen");
    check(!search(sentence, "paging"), "what is not there is found");
    u64 sum = hash(sentence);
    for (u64 i = 0; i < WORDS; i++) {
        const char *at = search(sentence, words[i]);
        sum = add_to(sum, at ? (u64)(at - sentence) : ROOM);
    }
    return sum;
}
