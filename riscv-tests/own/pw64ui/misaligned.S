// Loads and stores need no alignment, inside a page and across two; under
// demand paging either half may fault, and no byte is written before both
// pages are there (unprivileged manual, "Load and Store Instructions";
// privileged manual, "stval").
// env: p v
#include "env.h"

test_begin
  la   s0, page
  li   a2, 0x8877665544332211

  // Every offset around the page boundary, every width.
  check 1
  li   s1, 4096 - 8
1:
  add  s2, s0, s1
  sd   a2, 0(s2)
  ld   a0, 0(s2)
  bne  a0, a2, fail
  lw   a0, 0(s2)
  sext.w a1, a2
  bne  a0, a1, fail
  lwu  a0, 0(s2)
  slli a1, a2, 32
  srli a1, a1, 32
  bne  a0, a1, fail
  lh   a0, 0(s2)
  expect a0, 0x2211
  lhu  a0, 6(s2)
  expect a0, 0x8877
  lh   a0, 6(s2)
  expect a0, 0xffffffffffff8877
  addi s1, s1, 1
  li   t0, 4096
  bne  s1, t0, 1b

  // A store changes its own bytes only.
  check 2
  la   s2, page + 4096 - 2
  sd   zero, -2(s2)
  sd   zero, 4(s2)
  li   a0, 0x12345678
  sw   a0, 0(s2)
  ld   a0, -2(s2)
  expect a0, 0x0000123456780000
  check 3
  sd   zero, -7(s2)
  sd   zero, 1(s2)
  li   a0, 0xabcd
  sh   a0, 1(s2)
  ld   a0, -2(s2)
  expect a0, 0x000000abcd000000
  check 4
  lbu  a0, 1(s2)
  expect a0, 0xcd
  lbu  a0, 2(s2)
  expect a0, 0xab

  // Far pages, so that the first comes back from the supervisor's store.
  check 5
  la   s3, page + 4093
  li   s1, 0
  li   t1, 8 * 4096
1:
  add  s2, s3, s1
  sd   s1, 0(s2)
  li   t0, 4096
  add  s1, s1, t0
  bne  s1, t1, 1b
  li   s1, 0
1:
  add  s2, s3, s1
  ld   a0, 0(s2)
  bne  a0, s1, fail
  li   t0, 4096
  add  s1, s1, t0
  bne  s1, t1, 1b

  // Floating-point loads and stores cross pages too.
  check 6
  la   s2, page + 3 * 4096 - 3
  fmv.d.x fa0, a2
  fsd  fa0, 0(s2)
  fld  fa1, 0(s2)
  fmv.x.d a0, fa1
  bne  a0, a2, fail
  flw  fa1, 1(s2)
  fmv.x.w a0, fa1
  expect a0, 0x55443322
test_end

test_zeros
page:
  .zero 4096 * 10
