// Scene 5: a page that is still on the disk when the program reads it.

#include "tour.h"

enum { BEFORE = 1, AFTER = 2 };

// A long list, page by page. The kernel reads several pages at once, so the one that is looked at lies
// further back in the file than those that it has read for the code.
enum { WORDS = 512, PAGES = 18, LAST = PAGES * WORDS - 1 };
__attribute__((aligned(4096))) static const u64 list[PAGES * WORDS] = {[LAST - 1] = 999, [LAST] = 1000};

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    const volatile u64 *word = &list[LAST];
    u64 found;

    MARK(BEFORE, word, 1, 0);
    found = *word;
    MARK(AFTER, word, 1, found);
    return 0;
}
