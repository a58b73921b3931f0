// Prefetches and the non-temporal hints are hints: no register changes, no
// address faults (Zicbop, Zihintntl).
// env: p v
#include "env.h"

test_begin
  la   s0, word
  li   s1, 0x123456789abcdef0
  check 1
  prefetch.r 0(s0)
  prefetch.w 0(s0)
  prefetch.i 0(s0)
  prefetch.r 2016(s1)
  prefetch.w -2048(s1)
  prefetch.i 0(zero)
  check 2
  expect s1, 0x123456789abcdef0
  // ntl.p1, ntl.pall, ntl.s1, ntl.all before a load and a store.
  check 3
  li   a1, 5
  .irp r, 2, 3, 4, 5
  add  zero, zero, x\r
  sw   a1, 0(s0)
  add  zero, zero, x\r
  lw   a0, 0(s0)
  expect a0, 5
  .endr
  // Their compressed forms.
  .irp r, 2, 3, 4, 5
  .half 0x9002 | \r << 2
  lw   a0, 0(s0)
  expect a0, 5
  .endr
test_end

test_data
word:
  .dword 0
