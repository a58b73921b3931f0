// The machine's software and timer interrupts come from the interruptor in the
// memory map (msip, mtimecmp, mtime at 0x2000000, as on QEMU's and Spike's
// boards), outrank the supervisor's, and end when their source does
// (privileged manual, "Machine Timer Registers").
// env: p
#include "env.h"

test_begin
  li   s0, CLINT_MSIP
  li   s1, CLINT_MTIMECMP
  li   s2, CLINT_MTIME
  // Quiet at first.
  check 1
  li   t0, -1
  sd   t0, 0(s1)
  sw   zero, 0(s0)
  becomes MSI, 0
  becomes MTI, 0

  check 2
  li   t0, 1
  sw   t0, 0(s0)
  becomes MSI, 1
  lw   a0, 0(s0)
  expect a0, 1
  check 3
  li   t0, 1 << MSI
  csrs mie, t0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | MSI
  sw   zero, 0(s0)
  becomes MSI, 0

  // The timer fires when mtime reaches mtimecmp, at once for the past.
  check 4
  ld   a0, 0(s2)
  sd   zero, 0(s1)
  becomes MTI, 1
  li   t0, 1 << MTI
  csrs mie, t0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | MTI
  // It is taken from below without MIE.
  check 5
  la   tp, 1f
  enter MODE_S
  j    fail
1:
  expect s8, INTERRUPT | MTI
  // Software before timer, both before the supervisor's.
  check 6
  li   t0, 1
  sw   t0, 0(s0)
  becomes MSI, 1
  li   t0, 1 << MSI | 1 << SSI | 1 << SEI
  csrs mie, t0
  csrs mip, t0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | MSI
  sw   zero, 0(s0)
  becomes MSI, 0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | MTI
  check 7
  li   t0, -1
  sd   t0, 0(s1)
  becomes MTI, 0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | SEI
  csrw mip, zero

  // A deadline ahead ends a wait.
  check 8
  ld   a0, 0(s2)
  addi a0, a0, 100
  sd   a0, 0(s1)
  wfi
  becomes MTI, 1
  ld   a2, 0(s2)
  bltu a2, a0, fail
  // time is mtime.
  check 9
  ld   a0, 0(s2)
  rdtime a1
  ld   a2, 0(s2)
  bltu a1, a0, fail
  bltu a2, a1, fail
test_end
