// A singly linked list: searched, reversed, sorted by merging, with the order as a function.

#include "parts.h"

enum { LENGTH = 512 };

struct node {
    struct node *next;
    u32 key;
    u32 place;
};

static struct node nodes[LENGTH];
static struct node *head;

// The nodes lie in memory in another order than in the list.
void list_start(void)
{
    u64 state = 12345;
    head = 0;
    for (u64 i = 0; i < LENGTH; i++) {
        struct node *node = &nodes[i * 193 % LENGTH];
        node->key = random_below(&state, 1000);
        node->place = i;
        node->next = head;
        head = node;
    }
}

static struct node *find(struct node *list, u32 key)
{
    while (list && list->key != key)
        list = list->next;
    return list;
}

static struct node *reversed(struct node *list)
{
    struct node *done = 0;
    while (list) {
        struct node *next = list->next;
        list->next = done;
        done = list;
        list = next;
    }
    return done;
}

static i64 by_key(const struct node *a, const struct node *b)
{
    return a->key != b->key ? (i64)a->key - b->key : (i64)a->place - b->place;
}

static i64 by_place(const struct node *a, const struct node *b)
{
    return (i64)a->place - b->place;
}

static struct node *merge(struct node *a, struct node *b, i64 (*order)(const struct node *, const struct node *))
{
    struct node *first = 0, **end = &first;
    while (a && b) {
        struct node **smaller = order(a, b) <= 0 ? &a : &b;
        *end = *smaller;
        end = &(*end)->next;
        *smaller = (*smaller)->next;
    }
    *end = a ? a : b;
    return first;
}

static struct node *sorted(struct node *list, i64 (*order)(const struct node *, const struct node *))
{
    if (!list || !list->next)
        return list;
    struct node *half = list;
    for (struct node *end = list->next; end && end->next; end = end->next->next)
        half = half->next;
    struct node *rest = half->next;
    half->next = 0;
    return merge(sorted(list, order), sorted(rest, order), order);
}

u64 list_round(u64 round)
{
    u64 sum = 0, found = 0;
    for (u64 i = 0; i < 16; i++) {
        struct node *node = find(head, (round * 31 + i * 61) % 1000);
        if (node) {
            found++;
            sum = add_to(sum, node->place);
        }
    }
    head = sorted(head, by_key);
    u64 length = 1;
    for (struct node *node = head; node->next; node = node->next, length++)
        check(by_key(node, node->next) < 0, "the list is not in the order of its keys");
    check(length == LENGTH, "the list has lost nodes");
    sum = add_to(sum, head->key);
    head = reversed(sorted(head, by_place));
    check(head->place == LENGTH - 1, "the list is not in the order of its places");
    return add_to(sum, found);
}
