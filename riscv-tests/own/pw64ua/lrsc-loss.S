// An SC succeeds only after an LR whose reservation still holds: not with no
// LR at all, not twice, not after another SC, and not outside the reservation
// set (unprivileged manual, "Load-Reserved/Store-Conditional Instructions";
// Za64rs bounds the set).
// env: p v
#include "env.h"

test_begin
  la   s0, words
  la   s1, words + 4096
  // Touch both, so that no fault comes between LR and SC.
  sd   zero, 0(s0)
  sd   zero, 0(s1)

  // A lone SC fails and does not write. The first SC may find a reservation
  // left by someone else, and removes it.
  check 1
  sc.w a0, zero, (s0)
  li   a1, 5
  sc.w a0, a1, (s0)
  beqz a0, fail
  lw   a2, 0(s0)
  expect a2, 0

  // A second SC fails. Retried, since an SC may fail for no reason.
  check 2
1:
  lr.w a2, (s0)
  sc.w a0, a1, (s0)
  bnez a0, 1b
  lw   a2, 0(s0)
  expect a2, 5
  li   a1, 6
  sc.w a0, a1, (s0)
  beqz a0, fail
  lw   a2, 0(s0)
  expect a2, 5

  // An SC to another place fails, and takes the reservation with it.
  check 3
  lr.w a2, (s0)
  sc.w a0, a1, (s1)
  beqz a0, fail
  lw   a2, 0(s1)
  expect a2, 0
  check 4
  sc.w a0, a1, (s0)
  beqz a0, fail
  lw   a2, 0(s0)
  expect a2, 5

  // A second LR moves the reservation.
  check 5
  lr.w a2, (s0)
  lr.w a2, (s1)
  sc.w a0, a1, (s0)
  beqz a0, fail

  // The doubleword forms.
  check 6
  li   a1, 0x123456789abcdef0
1:
  lr.d a2, (s0)
  sc.d a0, a1, (s0)
  bnez a0, 1b
  ld   a2, 0(s0)
  expect_same a2, a1
  sc.d a0, zero, (s0)
  beqz a0, fail
  ld   a2, 0(s0)
  expect_same a2, a1

  // lr.w sign-extends.
  check 7
  lr.w a2, (s0)
  expect a2, 0xffffffff9abcdef0

  // A constrained loop succeeds in the end, ordering bits and all.
  check 8
  li   t2, 100
1:
  lr.w.aq a2, (s0)
  addi a2, a2, 1
  sc.w.rl a0, a2, (s0)
  bnez a0, 1b
  addi t2, t2, -1
  bnez t2, 1b
  lwu  a2, 0(s0)
  expect a2, 0x9abcdef0 + 100
test_end

test_zeros
words:
  .zero 8192
