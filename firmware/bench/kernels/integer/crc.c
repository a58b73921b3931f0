// Two CRCs: CRC-16 (CCITT), a bit at a time, and CRC-32 (IEEE 802.3), a byte at a time by a table.

#include "parts.h"

enum { LENGTH = 1024 };

static u8 bytes[LENGTH];
static u32 table[256];

static u16 crc16(const u8 *at, u64 length)
{
    u32 crc = 0xffff;
    for (; length; length--) {
        crc ^= (u32)*at++ << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    }
    return (u16)crc;
}

static u32 crc32(const u8 *at, u64 length)
{
    u32 crc = 0xffffffff;
    for (; length; length--)
        crc = crc >> 8 ^ table[(crc ^ *at++) & 255];
    return ~crc;
}

void crc_start(void)
{
    u64 state = 99;
    for (int i = 0; i < LENGTH; i++)
        bytes[i] = (u8)(next_random(&state) >> 20);
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
        table[i] = crc;
    }
    // The values by which each of the two is known.
    static const u8 digits[] = "123456789";
    check(crc16(digits, 9) == 0x29b1, "CRC-16 is wrong");
    check(crc32(digits, 9) == 0xcbf43926, "CRC-32 is wrong");
}

u64 crc_round(u64 round)
{
    bytes[round % LENGTH]++;
    u64 sum = crc32(bytes, LENGTH);
    for (u64 part = 0; part < 4; part++)
        sum = add_to(sum, crc16(bytes + part * 256, 256));
    return add_to(sum, crc32(bytes + 1, LENGTH - 1));
}
