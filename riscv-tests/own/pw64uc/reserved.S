// Reserved compressed encodings are illegal (unprivileged manual, "RVC
// Instruction Set Listings").
// env: p v
#include "env.h"

.macro reserved n, half
  check \n
  la   tp, 1f
2:
  .half \half
  .option norvc
  j    fail
1:
  expect s8, CAUSE_ILLEGAL
  la   t6, 2b
  bne  s10, t6, fail
  beqz s9, 3f
  expect s9, \half
3:
.endm

test_begin
  reserved 1, 0x0000 // all zeroes
  reserved 2, 0x0004 // c.addi4spn, immediate 0
  reserved 3, 0x0010
  reserved 4, 0x6501 // c.lui a0, 0
  reserved 5, 0x6101 // c.addi16sp 0, and c.lui sp: a reserved c.mop place is even
  reserved 6, 0x2005 // c.addiw x0, 1
  reserved 7, 0x2001 // c.addiw x0, 0
  reserved 8, 0x4002 // c.lwsp x0
  reserved 9, 0x6002 // c.ldsp x0
  reserved 10, 0x8002 // c.jr x0
  reserved 11, 0x9c79 // the last of Zcb's column, unused
  reserved 12, 0x9c7d
  reserved 13, 0x8c40 // beside c.sh
  reserved 14, 0x9000
  reserved 15, 0x9c00
test_end
