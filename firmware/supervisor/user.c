// Addresses that come from a process.  Nothing of the kernel follows one except through here.

#include "errno.h"
#include "memory.h"

i64 user_copy(u64 to, u64 from, u64 size);
i64 user_clear(u64 to, u64 size);
i64 user_text(char *to, u64 from, u64 size);
i64 user_load32(u64 from, u32 *value);
i64 user_compare_swap32(u64 at, u32 expected, u32 new, u32 *old);

bool user_range(u64 start, u64 size)
{
    return start <= USER_END && size <= USER_END - start;
}

i64 copy_in(void *to, u64 from, u64 size)
{
    return user_range(from, size) ? user_copy((u64)to, from, size) : -EFAULT;
}

i64 copy_out(u64 to, const void *from, u64 size)
{
    return user_range(to, size) ? user_copy(to, (u64)from, size) : -EFAULT;
}

i64 clear_out(u64 to, u64 size)
{
    return user_range(to, size) ? user_clear(to, size) : -EFAULT;
}

i64 text_in(char *to, u64 from, u64 room)
{
    i64 length;

    if (from >= USER_END)
        return -EFAULT;
    length = user_text(to, from, MIN(room, USER_END - from));
    if (length == (i64)MIN(room, USER_END - from))
        return length == (i64)room ? -ENAMETOOLONG : -EFAULT;
    return length;
}

i64 load32_in(u64 from, u32 *value)
{
    return user_range(from, 4) ? user_load32(from, value) : -EFAULT;
}

i64 compare_swap_in(u64 at, u32 expected, u32 new, u32 *old)
{
    return user_range(at, 4) ? user_compare_swap32(at, expected, new, old) : -EFAULT;
}
