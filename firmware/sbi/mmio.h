// Loads and stores of device registers, in order with memory and with each other.
#pragma once

#include "types.h"

#define MMIO(bits) \
    static inline u##bits mmio_read##bits(u64 at) \
    { \
        u##bits value = *(volatile u##bits *)at; \
        asm volatile("fence i, ior" : : : "memory"); \
        return value; \
    } \
    static inline void mmio_write##bits(u64 at, u##bits value) \
    { \
        asm volatile("fence iorw, o" : : : "memory"); \
        *(volatile u##bits *)at = value; \
    }
MMIO(8)
MMIO(16)
MMIO(32)
MMIO(64)
