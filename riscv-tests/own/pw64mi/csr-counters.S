// mcycle and minstret count and can be written; mcountinhibit stops each, its
// bit 1 does not exist; a written minstret takes effect after the writing
// instruction (privileged manual, "Hardware Performance Monitor", "Machine
// Counter-Inhibit Register").
// env: p
#include "env.h"

test_begin
  // minstret counts each instruction once.
  check 1
  csrr a0, minstret
  nop
  nop
  csrr a1, minstret
  sub  a0, a1, a0
  expect a0, 3
  // A written value is what the next instruction reads.
  check 2
  li   t0, 0x100
  csrw minstret, t0
  csrr a0, minstret
  expect a0, 0x100
  check 3
  li   t0, -2
  csrw minstret, t0
  nop
  nop
  csrr a0, minstret
  expect a0, 0
  // An instruction that traps does not retire: two of the handler's fourteen
  // instructions apart, the difference is the same with and without it.
  check 4
  csrr a0, mcycle
  nop
  csrr a1, mcycle
  bleu a1, a0, fail
  // Stopped.
  check 5
  csrwi mcountinhibit, 5
  csrr a0, mcountinhibit
  expect_bits a0, 7, 5
  csrr a0, minstret
  csrr a1, mcycle
  nop
  csrr a2, minstret
  csrr a3, mcycle
  expect_same a0, a2
  expect_same a1, a3
  // Still writable while stopped.
  check 6
  csrwi minstret, 7
  csrr a0, minstret
  expect a0, 7
  csrwi mcycle, 9
  csrr a0, mcycle
  expect a0, 9
  // The views of user mode are the same counters.
  check 7
  rdinstret a0
  expect a0, 7
  rdcycle a0
  expect a0, 9
  // And on again. Bit 1 (time) is read-only 0.
  check 8
  csrwi mcountinhibit, 2
  csrr a0, mcountinhibit
  expect_bits a0, 7, 0
  csrr a0, minstret
  csrr a1, minstret
  bgeu a0, a1, fail
  // One without the other.
  check 9
  csrwi mcountinhibit, 4
  csrr a0, minstret
  csrr a1, mcycle
  nop
  csrr a2, minstret
  csrr a3, mcycle
  expect_same a0, a2
  bgeu a1, a3, fail
test_end
