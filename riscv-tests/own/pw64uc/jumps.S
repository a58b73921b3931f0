// Compressed jumps and branches: c.j, c.jr, c.jalr, c.beqz, c.bnez; the link is
// the address after the two-byte instruction; targets may be two-byte aligned
// (unprivileged manual, "Control Transfer Instructions" of C).
// env: p v
#include "env.h"

.option rvc
test_begin
  check 1
  c.j  1f
  j    fail
1:
  check 2
  li   a0, 0
  c.beqz a0, 1f
  j    fail
1:
  c.bnez a0, 2f
  li   a0, 1
  c.bnez a0, 1f
2:
  j    fail
1:
  c.beqz a0, 2b
  // All 64 bits count.
  check 3
  li   s1, 0x8000000000000000
  c.beqz s1, 2b
  c.bnez s1, 1f
  j    fail
1:
  // Backwards.
  check 4
  li   a0, 5
1:
  c.addi a0, -1
  c.bnez a0, 1b
  expect a0, 0
  check 5
  la   t0, 1f
  c.jr t0
  j    fail
1:
  check 6
  la   t0, 2f
1:
  c.jalr t0
3:
  j    fail
2:
  expect_at ra, 3b
  // Bit 0 of the target is dropped.
  check 7
  la   t0, 1f + 1
  c.jr t0
  j    fail
1:
  // c.jalr through its own link register.
  check 8
  la   ra, 1f
  c.jalr ra
2:
  j    fail
1:
  expect_at ra, 2b
  // A four-byte instruction two bytes off, and a jump into it.
  check 9
  .balign 4
  c.j  1f
  c.nop
  c.nop
1:
  .option norvc
  li   a0, 0x7fe
  .option rvc
  expect a0, 0x7fe
  // jal and jalr of four bytes link four bytes on.
  check 10
  .option norvc
  jal  t0, 1f
2:
  .option rvc
  c.nop
1:
  expect_at t0, 2b
  // The farthest that c.j reaches.
  check 11
  c.j  far
back:
  j    done
  .skip 2030
far:
  c.j  back
done:
test_end
