// Two-byte and four-byte instructions that run over page boundaries, in a loop
// over many pages; under demand paging each half may fault on its own
// (unprivileged manual, "Base Instruction-Length Encoding").
// env: p v
#include "env.h"

#define PAGES 8

.option rvc
test_begin
  li   s0, 12
again:
  check 1
  li   a0, 0
  j    code
  .balign 4096
code:
  .rept PAGES
  // A jump to the last four bytes of the page: two bytes of code, then four
  // over the edge.
  j    1f
  .skip 4096 - 4 - 4
1:
  c.addi a0, 1
  .option norvc
  addi a0, a0, 100
  .option rvc
  c.nop
  .balign 4096
  .endr
  li   t0, 101 * PAGES
  bne  a0, t0, 9f
  addi s0, s0, -1
  beqz s0, 8f
  la   t0, again
  jr   t0
9:
  la   t0, fail
  jr   t0
8:
  la   t0, pass
  jr   t0
test_end
