// NAPOT entries cover naturally aligned powers of two from 8 bytes up, and
// nothing beyond (privileged manual, "Address Matching").
// env: p
#include "env.h"
#include "pmp.h"

// Deny `size` bytes at s0; the bytes on both sides stay open.
.macro case n, size
  check \n
  li   t0, \size / 8 - 1
  srli t1, s0, 2
  or   t0, t0, t1
  csrw pmpaddr0, t0
  pmp_config PMP_NAPOT
  li   s1, \size
  add  s1, s0, s1
  load_denied MODE_S, lb a0, 0(s0)
  store_denied MODE_U, sb a0, 0(s0)
  load_denied MODE_U, lb a0, -1(s1)
  store_denied MODE_S, sb a0, -1(s1)
  check \n + 1
  allowed MODE_S, lb a0, -1(s0)
  allowed MODE_U, sb a0, -1(s0)
  allowed MODE_U, lb a0, 0(s1)
  allowed MODE_S, sb a0, 0(s1)
  // Machine mode is free.
  check \n + 2
  lb   a0, 0(s0)
  sb   a0, -1(s1)
.endm

test_begin
  la   s0, area + 8192
  case 10, 8
  case 20, 16
  case 30, 32
  case 40, 64
  case 50, 4096
  case 60, 8192
  // All ones: everything.
  check 70
  li   t0, -1
  csrw pmpaddr0, t0
  load_denied MODE_S, lb a0, -1(s0)
  load_denied MODE_U, lb a0, 0(s1)
test_end

test_zeros
  .balign 8192
area:
  .zero 8192 * 3
