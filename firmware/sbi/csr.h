// Control and status registers: access to them and the bits that are used here.
#pragma once

#include "types.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

// Registers that the assembler knows only with an extension or a newer manual.
#define MENVCFG 0x30a
#define MSTATEEN0 0x30c
#define MSTATEEN1 0x30d
#define MSTATEEN2 0x30e
#define MSTATEEN3 0x30f
#define MCOUNTINHIBIT 0x320
#define MTINST 0x34a
#define MTVAL2 0x34b
#define STIMECMP 0x14d
#define HSTATUS 0x600
#define HEDELEG 0x602
#define HTVAL 0x643
#define HTINST 0x64a
#define VSSTATUS 0x200
#define VSTVEC 0x205
#define VSEPC 0x241
#define VSCAUSE 0x242
#define VSTVAL 0x243

#define MSTATUS_SIE BIT(1)
#define MSTATUS_MIE BIT(3)
#define MSTATUS_SPIE BIT(5)
#define MSTATUS_MPIE BIT(7)
#define MSTATUS_SPP BIT(8)
#define MSTATUS_VS_INITIAL BIT(9)
#define MSTATUS_MPP_SHIFT 11
#define MSTATUS_MPP (3UL << MSTATUS_MPP_SHIFT)
#define MSTATUS_FS_INITIAL BIT(13)
#define MSTATUS_FS_DIRTY (3UL << 13)
#define MSTATUS_MPRV BIT(17)
#define MSTATUS_SUM BIT(18)
#define MSTATUS_MXR BIT(19)
#define MSTATUS_XL (15UL << 32) // UXL and SXL
#define MSTATUS_GVA BIT(38)
#define MSTATUS_MPV BIT(39)

#define HSTATUS_GVA BIT(6)
#define HSTATUS_SPV BIT(7)
#define HSTATUS_SPVP BIT(8)

enum privilege { USER = 0, SUPERVISOR = 1, MACHINE = 3 };

// Bits of mip and mie.
#define INTERRUPT_SSI BIT(1)
#define INTERRUPT_MSI BIT(3)
#define INTERRUPT_STI BIT(5)
#define INTERRUPT_MTI BIT(7)
#define INTERRUPT_SEI BIT(9)
#define INTERRUPT_MEI BIT(11)
#define INTERRUPTS_OF_MACHINE (INTERRUPT_MSI | INTERRUPT_MTI | INTERRUPT_MEI)

#define CAUSE_INTERRUPT BIT(63)
enum cause {
    FETCH_MISALIGNED = 0,
    FETCH_ACCESS = 1,
    ILLEGAL_INSTRUCTION = 2,
    BREAKPOINT = 3,
    LOAD_MISALIGNED = 4,
    LOAD_ACCESS = 5,
    STORE_MISALIGNED = 6,
    STORE_ACCESS = 7,
    ECALL_FROM_USER = 8,
    ECALL_FROM_SUPERVISOR = 9,
    ECALL_FROM_VIRTUAL_SUPERVISOR = 10,
    FETCH_PAGE = 12,
    LOAD_PAGE = 13,
    STORE_PAGE = 15,
    SOFTWARE_CHECK = 18,
    HARDWARE_ERROR = 19,
    FETCH_GUEST_PAGE = 20,
    LOAD_GUEST_PAGE = 21,
    VIRTUAL_INSTRUCTION = 22,
    STORE_GUEST_PAGE = 23,
};

#define csr_read(csr) ({ \
    u64 csr_value_; \
    asm volatile("csrr %0, " STRING(csr) : "=r"(csr_value_) : : "memory"); \
    csr_value_; })
#define csr_write(csr, value) \
    asm volatile("csrw " STRING(csr) ", %0" : : "rK"((u64)(value)) : "memory")
#define csr_set(csr, value) \
    asm volatile("csrs " STRING(csr) ", %0" : : "rK"((u64)(value)) : "memory")
#define csr_clear(csr, value) \
    asm volatile("csrc " STRING(csr) ", %0" : : "rK"((u64)(value)) : "memory")

// Runs one instruction that may trap.  While it runs, mtvec leads behind it: a trap and success
// both arrive at label 1, and only success clears the mark.  The trap has then changed mepc,
// mcause, mtval and the MPP and MPIE fields of mstatus; every trap from S-mode has them saved.
#define TRY(instruction) \
    "la %[vector], 1f\n" \
    "csrrw %[vector], mtvec, %[vector]\n" \
    "li %[trapped], 1\n" \
    instruction "\n" \
    "li %[trapped], 0\n" \
    ".balign 4\n" \
    "1: csrw mtvec, %[vector]\n"

// Reads a register that may not be there.  Says whether it is.
#define csr_try_read(csr, result) ({ \
    u64 try_trapped_, try_vector_, try_value_ = 0; \
    asm volatile(TRY("csrr %[value], " STRING(csr)) \
                 : [trapped] "=&r"(try_trapped_), [vector] "=&r"(try_vector_), \
                   [value] "+&r"(try_value_) : : "memory"); \
    *(result) = try_value_; \
    !try_trapped_; })
// Writes a register that may not be there.
#define csr_try_write(csr, new_value) ({ \
    u64 try_trapped_, try_vector_; \
    asm volatile(TRY("csrw " STRING(csr) ", %[value]") \
                 : [trapped] "=&r"(try_trapped_), [vector] "=&r"(try_vector_) \
                 : [value] "r"((u64)(new_value)) : "memory"); \
    !try_trapped_; })

static inline void wait_for_interrupt(void)
{
    asm volatile("wfi" : : : "memory");
}

// The hint `pause`, by its encoding: `fence w, 0`.
static inline void pause(void)
{
    asm volatile(".word 0x0100000f" : : : "memory");
}
