//! The guests: what each hart does.

/// Puts the hart's number into s11 and the address of what is shared into s0.
pub(super) const BEGIN: &str = "
    csrr s11, mhartid
    la s0, signature
    addi s0, s0, 384
";

/// Each hart adds 10,000 to the counter at 0 with LR and SC and to the one at 64 with an AMO, and
/// counts at 128 the SC that failed. Hart 0 waits for the others.
pub(super) const COUNT: &str = "
    lui s1, 2
    addi s1, s1, 1808
    li t2, 1
    j again
failed:
    addi t3, s0, 128
    amoadd.d zero, t2, (t3)
again:
    lr.d t0, (s0)
    addi t0, t0, 1
    sc.d t1, t0, (s0)
    bnez t1, failed
    nop
    addi t3, s0, 64
    amoadd.d zero, t2, (t3)
    addi s1, s1, -1
    bnez s1, again
    addi t3, s0, 192
    amoadd.d zero, t2, (t3)
    bnez s11, park
others:
    ld t0, 192(s0)
    bne t0, s2, others
    j pass
park:
    j park
";

/// Two harts ring each other a hundred times. s1 is the own `msip`, s2 the other's.
pub(super) const PING_PONG: &str = "
    lui t0, 0x2000
    slli t1, s11, 2
    add s1, t0, t1
    xori t1, t1, 4
    add s2, t0, t1
    csrwi mie, 8
    li s3, 100
    li t1, 1
    bnez s11, sleep
ring:
    sw t1, 0(s2)
    beqz s3, park
sleep:
    wfi
    lw t0, 0(s1)
    beqz t0, sleep
    sw zero, 0(s1)
    amoadd.d zero, t1, (s0)
    addi s3, s3, -1
    bnez s3, ring
    bnez s11, ring
    j pass
park:
    wfi
    j park
";

/// Harts race for a counter without atomics, and hart 0 prints some of its low bits.
pub(super) const RACE: &str = "
    la s3, tohost
    li s4, 257
    slli s4, s4, 48
    li s5, 400
again:
    ld t0, 0(s0)
    add t0, t0, s11
    addi t0, t0, 1
    sd t0, 0(s0)
    addi s6, s6, 1
    li t2, 1000
    bltu s6, t2, again
    li s6, 0
    bnez s11, again
    andi t0, t0, 15
    addi t0, t0, 65
    add t0, t0, s4
    sd t0, 0(s3)
    addi s5, s5, -1
    bnez s5, again
    j pass
";

/// Hart 0 makes page tables and later maps the page to another frame, fencing only itself. Hart 1,
/// in S-mode, reads through them before that, after that, and after a fence of its own.
pub(super) const SHARED_TABLES: &str = "
    la s1, _start
    lui t0, 0x10
    add s2, s1, t0
    lui t0, 1
    add s3, s2, t0
    add s4, s3, t0
    add s5, s4, t0
    add s6, s5, t0
    bnez s11, reader
    srli t0, s3, 2
    ori t0, t0, 1
    sd t0, 8(s2)
    srli t0, s1, 2
    ori t0, t0, 207
    sd t0, 16(s2)
    srli t0, s4, 2
    ori t0, t0, 1
    sd t0, 0(s3)
    srli t0, s5, 2
    ori t0, t0, 199
    sd t0, 0(s4)
    li t0, 10
    sd t0, 0(s5)
    li t0, 20
    sd t0, 0(s6)
    sd t0, 0(s0)
used:
    ld t0, 8(s0)
    beqz t0, used
    srli t0, s6, 2
    ori t0, t0, 199
    sd t0, 0(s4)
    sfence.vma
    sd t0, 16(s0)
done:
    ld t0, 24(s0)
    beqz t0, done
    j pass
reader:
    ld t0, 0(s0)
    beqz t0, reader
    li t0, -1
    csrw pmpaddr0, t0
    csrwi pmpcfg0, 31
    srli t0, s2, 12
    li t1, 1
    slli t1, t1, 63
    or t0, t0, t1
    csrw satp, t0
    li t0, 1
    slli t0, t0, 11
    csrs mstatus, t0
    la t0, supervisor
    csrw mepc, t0
    mret
supervisor:
    lui s7, 0x40000
    ld t0, 0(s7)
    sd t0, 32(s0)
    sd t0, 8(s0)
changed:
    ld t0, 16(s0)
    beqz t0, changed
    ld t0, 0(s7)
    sd t0, 40(s0)
    sfence.vma
    ld t0, 0(s7)
    sd t0, 48(s0)
    sd t0, 24(s0)
park:
    j park
";

/// Hart 1 sleeps until its `mtimecmp`, 1000, and says when it woke up and what `mip` was then.
/// Hart 0 does something else, then waits for it.
pub(super) fn alarm(hart_0: &str) -> String {
    format!(
        "
    lui t0, 0x2004
    beqz s11, hart_0
    li t1, 1000
    sd t1, 8(t0)
    li t1, 128
    csrw mie, t1
    wfi
    csrr t1, time
    csrr t2, mip
    sd t2, 8(s0)
    sd t1, 0(s0)
    lui t0, 0x2000
    li t1, 1
    sw t1, 0(t0)
park:
    wfi
    j park
hart_0:
    {hart_0}
    ld t0, 0(s0)
    beqz t0, hart_0
    j pass"
    )
}

/// Hart 1 traps at the first instruction of its trap handler.
pub(super) fn looping(hart_0: &str) -> String {
    format!(
        "
    beqz s11, hart_0
    la t0, handler
    csrw mtvec, t0
handler:
    .word 0xffffffff
    li t0, 1
    sd t0, 0(s0)
park:
    j park
hart_0:
    {hart_0}"
    )
}
