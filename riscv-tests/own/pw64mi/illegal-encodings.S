// Reserved and undefined 32-bit encodings are illegal, of every kind: wrong
// opcode, function or register fields (unprivileged manual, "RV32/64G
// Instruction Set Listings").
// env: p
#include "env.h"

.macro words n, list:vararg
  check \n
  .irp w, \list
  must_be_illegal .word \w
  .endr
.endm

test_begin
  // All zeroes and all ones.
  words 1, 0x00000000, 0xffffffff
  // Opcodes that are reserved or custom: 0x0b custom-0, 0x2b custom-1,
  // 0x5b, 0x7b custom-2/3, 0x1f, 0x3f, 0x5f, 0x7f longer instructions, 0x6b.
  words 2, 0x0000000b, 0x0000002b, 0x0000005b, 0x0000007b, 0x0000006b
  // Branches 2 and 3, loads 7, stores 4 to 7, jalr 1 to 7.
  words 3, 0x00002063, 0x00003063, 0x00007003, 0x00004023, 0x00005023, 0x00006023, 0x00007023
  words 4, 0x00001067, 0x00002067, 0x00007067
  // Shifts: amounts of 64, and of 32 on words; unknown upper bits.
  words 5, 0x80001013, 0x8000501b, 0x0200101b, 0x4200501b, 0x04001013
  // Register operations with unknown funct7.
  words 6, 0x10000033, 0x04000033, 0x40001033, 0x06000033, 0x4000203b, 0x0200103b, 0x0000203b
  // 32-bit word operations that do not exist.
  words 7, 0x0000201b, 0x0000301b, 0x0000601b, 0x0000701b
  // Atomics: width 5 to 7, an unknown function, LR with a source.
  words 8, 0x0000502f, 0x0000702f, 0xf800202f, 0x1010202f
  // Floating point: format 3 (quad), unknown functions, reserved rounding.
  words 9, 0x06000053, 0x00005053, 0x00006053, 0x12005053, 0x20003053, 0xa0003053
  words 10, 0xe0002053, 0xe0100053, 0xf0001053, 0x58100053, 0xc0400053
  words 11, 0x00000007, 0x00004007, 0x00000027, 0x00004027
  // Fused multiply-add of format 3, of a reserved rounding mode.
  words 12, 0x06000043, 0x00005043, 0x0000604f
  // fence group 3 to 7; cbo of an unknown number; cbo with a destination.
  words 13, 0x0000300f, 0x0000400f, 0x0000700f, 0x0030200f, 0x0000208f
  // SYSTEM: unknown funct12, ecall and mret with registers, funct3 = 4 outside
  // of the may-be-operations.
  words 14, 0x00200073, 0x00300073, 0x000000f3, 0x00008073, 0x302000f3, 0x10500173, 0x00004073
  // uret and the debugger's dret are not there.
  words 15, 0x00200073, 0x7b200073
  // The bit-manipulation space: unknown unary operations, rev8 of RV32,
  // zext.h of RV32 (an encoding of pack).
  words 16, 0x60301013, 0x60601013, 0x6030101b, 0x69805013
  // Vector instructions.
  words 17, 0x00000057, 0x0c007057
  // A trap on an illegal instruction leaves rd alone.
  check 18
  li   a0, 5
  must_be_illegal .word 0x04000533
  expect a0, 5
test_end
