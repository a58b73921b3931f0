# Where Linux starts a program: the stack has the number of arguments, the arguments, NULL, the
# environment, NULL.
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    ld a0, 0(sp)
    addi a1, sp, 8
    addi a2, a0, 2
    slli a2, a2, 3
    add a2, a2, sp
    andi sp, sp, -16
    call program
    li a7, 94               # exit_group
    ecall
    ebreak
    .size _start, . - _start
