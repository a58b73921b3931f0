// Compressed register operations: c.mv, c.add, c.sub, c.xor, c.or, c.and,
// c.subw, c.addw (unprivileged manual, "Integer Register-Register Operations"
// of C).
// env: p v
#include "env.h"

.macro case n, insn, a, b, result
  check \n
  li   a0, \a
  li   s1, \b
1:
  \insn a0, s1
2:
  .if 2b - 1b - 2
  .error "not compressed"
  .endif
  expect a0, \result
  expect s1, \b
.endm

.option rvc
test_begin
  case 1, c.mv, 5, -7, -7
  case 2, c.add, 5, -7, -2
  case 3, c.add, 0x7fffffffffffffff, 1, 0x8000000000000000
  case 4, c.sub, 5, 7, -2
  case 5, c.xor, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xf0f0f0f0f0f0f0f0
  case 6, c.or, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xfff0fff0fff0fff0
  case 7, c.and, 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0x0f000f000f000f00
  case 8, c.subw, 0x123456780, 1, 0x2345677f
  case 9, c.subw, 0xffffffff80000000, 1, 0x7fffffff
  case 10, c.addw, 0x7fffffff, 1, 0xffffffff80000000
  case 11, c.addw, 0x100000001, 0x100000001, 2
  // Registers that only c.mv and c.add can name.
  check 12
  li   t3, 3
  c.mv t4, t3
  c.add t4, t3
  expect t4, 6
  // The same register twice.
  check 13
  li   a0, 9
  c.sub a0, a0
  expect a0, 0
  c.add a0, a0
  expect a0, 0
test_end
