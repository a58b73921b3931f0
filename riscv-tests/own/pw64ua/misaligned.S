// Atomics must be naturally aligned: LR raises a load misaligned exception,
// SC and the AMOs a store/AMO misaligned exception, or the access faults of
// the same kinds (Spike does that); neither rd nor memory changes.
// env: p v
#include "env.h"

.macro case n, cause, offset, insn:vararg
  check \n
  addi s1, s0, \offset
  li   a0, 77
  must_trap_misaligned \cause, \insn
  expect_same s9, s1
  expect a0, 77
.endm

test_begin
  la   s0, words
  li   a1, 1
  case 1, CAUSE_LOAD_MISALIGNED, 2, lr.w a0, (s1)
  case 2, CAUSE_LOAD_MISALIGNED, 4, lr.d a0, (s1)
  case 3, CAUSE_STORE_MISALIGNED, 1, sc.w a0, a1, (s1)
  case 4, CAUSE_STORE_MISALIGNED, 4, sc.d a0, a1, (s1)
  case 5, CAUSE_STORE_MISALIGNED, 3, amoadd.w a0, a1, (s1)
  case 6, CAUSE_STORE_MISALIGNED, 4, amoadd.d a0, a1, (s1)
  case 7, CAUSE_STORE_MISALIGNED, 2, amoswap.w a0, a1, (s1)
  case 8, CAUSE_STORE_MISALIGNED, 1, amoswap.d a0, a1, (s1)
  case 9, CAUSE_STORE_MISALIGNED, 2, amomaxu.w a0, a1, (s1)
  case 10, CAUSE_STORE_MISALIGNED, 6, amomin.d a0, a1, (s1)
  check 11
  ld   a0, 0(s0)
  expect a0, 0x1122334455667788
  ld   a0, 8(s0)
  expect a0, 0x1122334455667788
test_end

test_data
words:
  .dword 0x1122334455667788, 0x1122334455667788
