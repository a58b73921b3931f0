//! The programs made for the figures, each with its page tables.

use super::*;

// ---- 64 pages of data and 16 of code, in turn and at random. ----

pub(super) const DATA: u64 = 0x4000_0000;
pub(super) const STUBS: u64 = 0x5000_0000;

pub(super) fn thrash_tables(tables: &mut Tables) {
    for n in 0..64 {
        // A and D are for the hart to set.
        tables.map(0, DATA + n * 0x1000, FRAMES + n * 0x1000, 0, R | W);
    }
    let stub = FRAMES + 0x10_0000;
    // jalr x0, 0(ra)
    tables.store(stub, 0x0000_8067);
    for n in 0..16 {
        tables.map(0, STUBS + n * 0x1000, stub, 0, R | X | A);
    }
}

pub(super) const THRASH: &str = "
    lui s2, 0x40000
    lui s3, 0x50000
    li s4, 4
round:
    li t0, 0
each:
    slli t1, t0, 12
    add t1, t1, s2
    ld t2, 8(t1)
    addi t2, t2, 3
    sd t2, 8(t1)
    andi t3, t0, 15
    slli t3, t3, 12
    add t3, t3, s3
    jalr ra, 0(t3)
    addi t0, t0, 1
    li t4, 64
    blt t0, t4, each
    li t0, 500
    li t5, 1103
random:
    mul s5, s5, t5
    addi s5, s5, 1013
    srli t1, s5, 7
    andi t1, t1, 63
    slli t1, t1, 12
    add t1, t1, s2
    amoadd.d t2, t5, (t1)
    sb t0, 17(t1)
    lhu t2, 19(t1)
    add s6, s6, t2
    addi t0, t0, -1
    bne t0, zero, random
    addi s4, s4, -1
    bne s4, zero, round
    ecall
";

// ---- Four address spaces, with ASIDs, changed entries and every form of fence. ----

/// The program finds the values of satp here.
pub(super) const SPACES_AT: u64 = RAM + 0xf_0000;

pub(super) fn space_tables(tables: &mut Tables) {
    for space in 0..4u64 {
        let number = if space == 0 { 0 } else { tables.space() };
        let root = tables.roots[number];
        tables.store(
            SPACES_AT + space * 16,
            SV39 | (space + 1) << 44 | root >> 12,
        );
        for n in 0..8 {
            let frame = FRAMES + (space * 8 + n) * 0x1000;
            tables.store(frame, space * 100 + n);
            tables.map(number, DATA + n * 0x1000, frame, 0, R | W | A | D);
        }
        let leaf = tables.entry(number, DATA, 0);
        tables.store(SPACES_AT + space * 16 + 8, leaf);
    }
    tables.register(S1, SPACES_AT);
}

pub(super) const SPACES: &str = "
    lui s2, 0x40000
    li s4, 24
turn:
    addi t0, s1, 0
    li s5, 1
space:
    ld t1, 0(t0)
    csrw satp, t1
    li t2, 0
touch:
    slli t3, t2, 12
    add t3, t3, s2
    ld t4, 0(t3)
    add s6, s6, t4
    sd s6, 16(t3)
    addi t2, t2, 1
    li t3, 8
    blt t2, t3, touch
    # Swap the first two pages' frames, and say so.
    ld t1, 8(t0)
    ld t2, 0(t1)
    ld t3, 8(t1)
    sd t3, 0(t1)
    sd t2, 8(t1)
    andi t4, s4, 3
    beq t4, zero, all
    li t5, 1
    beq t4, t5, space_only
    lui t5, 1
    add t5, t5, s2
    li t3, 2
    beq t4, t3, addresses
    sfence.vma s2, s5
    sfence.vma t5, s5
    j fenced
addresses:
    sfence.vma s2, zero
    sfence.vma t5, zero
    j fenced
space_only:
    sfence.vma zero, s5
    j fenced
all:
    sfence.vma zero, zero
fenced:
    ld t4, 0(s2)
    slli s6, s6, 1
    add s6, s6, t4
    addi t0, t0, 16
    addi s5, s5, 1
    li t1, 5
    blt s5, t1, space
    addi s4, s4, -1
    bne s4, zero, turn
    ecall
";

// ---- Pages of four sizes, side by side, with accesses over their borders. ----

pub(super) fn size_tables(tables: &mut Tables) {
    let megapage = FRAMES;
    // 2 MiB, then 16 pages of 64 KiB in one NAPOT range, then 4 KiB.
    tables.map(0, DATA, megapage, 1, R | W | A);
    let range = megapage + 0x20_0000;
    for n in 0..16 {
        let va = DATA + 0x20_0000 + n * 0x1000;
        // A and D are set: in which of the sixteen entries a hart sets them depends on its TLB.
        tables.map(0, va, range + 0x8000, 0, R | W | A | D | NAPOT);
    }
    for n in 0..8 {
        let va = DATA + 0x21_0000 + n * 0x1000;
        tables.map(0, va, range + 0x1_0000 + n * 0x1000, 0, R | W);
    }
    // All of RAM again, by one page of 1 GiB.
    tables.map(0, 0xc000_0000, RAM, 2, R | W | X | A);
}

pub(super) const SIZES: &str = "
    lui s2, 0x40000
    lui s3, 0x40200
    lui s4, 0x40210
    li s5, 3
    slli s5, s5, 30
    li t0, 100
again:
    ld t1, 0(s2)
    addi t1, t1, 1
    sd t1, 0(s2)
    lui t2, 0x1ff
    add t2, t2, s2
    sw t0, 64(t2)
    # From the megapage into the range, from the range into the page, and over pages.
    sd t0, -3(s3)
    ld t3, -5(s3)
    sd t3, -4(s4)
    ld t4, -2(s4)
    add s6, s6, t4
    lui t2, 3
    add t2, t2, s4
    sh t0, -1(t2)
    lw t3, -3(t2)
    add s6, s6, t3
    lui t2, 9
    add t2, t2, s3
    amoadd.w t3, t0, (t2)
    cbo.zero (t2)
    cbo.clean (t2)
    # The first page's frame, by the gigapage.
    lui t2, 0x200
    add t2, t2, s5
    ld t3, 0(t2)
    add s6, s6, t3
    sb t0, 3(t2)
    andi t5, t0, 15
    bne t5, zero, on
    sfence.vma s3, zero
    sfence.vma t2, zero
on:
    addi t0, t0, -1
    bne t0, zero, again
    ecall
";

// ---- Faults: by walks, and by entries that the TLB holds. ----

pub(super) fn denial_tables(tables: &mut Tables) {
    tables.map(0, DATA, FRAMES, 0, R | A);
    tables.map(0, DATA + 0x1000, FRAMES + 0x1000, 0, R | W | U | A | D);
    tables.map(0, DATA + 0x2000, FRAMES + 0x2000, 0, X | A);
    // At DATA + 0x3000 is nothing.
    // Page faults are for S-mode, whose handler skips the instruction.
    tables.register(S11, 1 << 12 | 1 << 13 | 1 << 15);
}

pub(super) const DENIALS: &str = "
    la t0, skip
    csrw stvec, t0
    lui s2, 0x40000
    li s4, 20
again:
    # Readable, so no store; and nothing there, so no load.
    ld t1, 0(s2)
    sd t1, 0(s2)
    lui t2, 3
    add t2, t2, s2
    ld t1, 0(t2)
    # A user page, without SUM and with it.
    lui t2, 1
    add t2, t2, s2
    ld t1, 0(t2)
    li t3, 1
    slli t3, t3, 18
    csrs sstatus, t3
    ld t1, 0(t2)
    sd t1, 8(t2)
    csrc sstatus, t3
    li t3, 1
    slli t3, t3, 19
    # Executable only, without MXR and with it.
    lui t2, 2
    add t2, t2, s2
    ld t1, 0(t2)
    csrs sstatus, t3
    ld t1, 0(t2)
    csrc sstatus, t3
    addi s4, s4, -1
    bne s4, zero, again
    ecall
skip:
    csrr t0, sepc
    addi t0, t0, 4
    csrw sepc, t0
    sret
";

// ---- A page that changes its size without a fence, so that an update of D finds out. ----

pub(super) fn resize_tables(tables: &mut Tables) {
    // The entry of level 1 maps 2 MiB, D clear; behind it waits a table for the same range.
    let table = tables.page();
    for n in 0..512 {
        let frame = FRAMES + 0x20_0000 + n * 0x1000;
        tables.store(table + n * 8, frame >> 12 << 10 | R | W | A | 1);
    }
    tables.map(0, DATA, FRAMES, 1, R | W | A);
    let at = tables.entry(0, DATA, 1);
    tables.store(SPACES_AT, at);
    tables.store(SPACES_AT + 8, table >> 2 | 1);
    tables.store(SPACES_AT + 16, FRAMES >> 12 << 10 | R | W | A | 1);
    for n in 0..512 {
        tables.store(FRAMES + n * 0x1000, n);
        tables.store(FRAMES + 0x20_0000 + n * 0x1000, 1000 + n);
    }
    tables.register(S1, SPACES_AT);
}

pub(super) const RESIZE: &str = "
    lui s2, 0x40000
    lui s3, 0x40001
    lui s4, 0x40002
    li s5, 12
    ld s7, 0(s1)
again:
    ld t1, 0(s2)
    ld t2, 0(s3)
    ld t3, 0(s4)
    add s6, s6, t1
    slli s6, s6, 1
    add s6, s6, t2
    # Split the megapage.
    ld t4, 8(s1)
    sd t4, 0(s7)
    sd s5, 16(s3)
    ld t1, 0(s2)
    ld t2, 0(s3)
    ld t3, 0(s4)
    add s6, s6, t1
    slli s6, s6, 1
    add s6, s6, t2
    sub s6, s6, t3
    sd s5, 24(s3)
    # Join it again.
    ld t4, 16(s1)
    sd t4, 0(s7)
    ld t1, 0(s2)
    sd s5, 16(s4)
    sd s5, 24(s4)
    ld t2, 8(s3)
    ld t3, 16(s4)
    add s6, s6, t3
    andi t5, s5, 3
    bne t5, zero, on
    sfence.vma s4, zero
on:
    addi s5, s5, -1
    bne s5, zero, again
    ecall
";

// ---- Three page sizes for one address, without a fence. ----

pub(super) fn three_sizes_tables(tables: &mut Tables) {
    // Entry 16 of the table maps 4 KiB, D clear; it and its 15 neighbours are to map 64 KiB, and the
    // entry of level 1 then 2 MiB, each elsewhere.
    let table = tables.page();
    tables.store(table + 16 * 8, FRAMES >> 12 << 10 | R | W | A | 1);
    tables.map(0, DATA, FRAMES, 1, R | W | A);
    let at = tables.entry(0, DATA, 1);
    tables.store(at, table >> 2 | 1);
    let range = (FRAMES + 0x1_0000) >> 12 | 8;
    let large = FRAMES + 0x20_0000;
    for (n, value) in [
        table + 16 * 8,
        range << 10 | R | W | A | D | NAPOT | 1,
        at,
        large >> 12 << 10 | R | W | A | D | 1,
    ]
    .into_iter()
    .enumerate()
    {
        tables.store(SPACES_AT + 8 * n as u64, value);
    }
    tables.register(S1, SPACES_AT);
}

pub(super) const THREE_SIZES: &str = "
    lui s2, 0x40010
    lui s3, 0x40011
    ld s6, 0(s2)
    # Sixteen pages become one range.
    ld t1, 0(s1)
    ld t2, 8(s1)
    li t3, 16
more:
    sd t2, 0(t1)
    addi t1, t1, 8
    addi t3, t3, -1
    bne t3, zero, more
    ld t1, 0(s3)
    # The whole table becomes one page.
    ld t1, 16(s1)
    ld t2, 24(s1)
    sd t2, 0(t1)
    li t4, 0x111
    sd t4, 0(s2)
    addi t4, t4, 1
    sd t4, 0(s2)
    sd t4, 8(s2)
    ld t1, 0(s2)
    ld t2, 8(s3)
    add s6, s6, t1
    add s6, s6, t2
    ecall
";

// ---- How wide is an ASID? ----

/// Ends with the ASID that was kept of all ones. Before that, one page is in the TLB when a fence
/// comes for its ASID, named with all 16 bits set.
pub(super) const ASID_WIDTH: &str = "
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 31
    csrw pmpcfg0, t0
    # A gigapage that maps RAM where it is: entry 2 of a root at 0x80100000.
    lui t1, 0x80100
    slli t1, t1, 32
    srli t1, t1, 32
    lui t2, 0x20000
    addi t2, t2, 0xc7
    sd t2, 16(t1)
    srli t1, t1, 12
    li t0, 8
    slli t0, t0, 60
    or t1, t1, t0
    li t0, 16
    slli t0, t0, 12
    addi t0, t0, -1
    slli t3, t0, 44
    or t1, t1, t3
    csrw satp, t1
    # A load as S-mode makes it.
    la t5, signature
    li t2, 3
    slli t2, t2, 11
    csrc mstatus, t2
    li t2, 1
    slli t2, t2, 11
    csrs mstatus, t2
    li t2, 1
    slli t2, t2, 17
    csrs mstatus, t2
    ld t4, 0(t5)
    csrc mstatus, t2
    sfence.vma zero, t0
    csrr a0, satp
    slli a0, a0, 4
    srli a0, a0, 48
    csrw satp, zero
    j exit
";
