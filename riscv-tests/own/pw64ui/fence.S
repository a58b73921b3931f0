// Every fence does at least nothing: all predecessor and successor sets,
// fence.tso, and the reserved fields, which a hart must treat as a plain fence
// (unprivileged manual, "Memory Ordering Instructions").
// env: p v
#include "env.h"

test_begin
  li   a0, 77
  check 1
  fence
  fence rw, rw
  fence r, w
  fence w, r
  fence i, o
  fence iorw, iorw
  fence.tso
  // Nobody before, nobody after.
  check 2
  .word 0x0000000f
  .word 0x0010000f
  .word 0x0f00000f
  // A reserved mode of the fence, and registers where none belong.
  check 3
  .word 0x1ff0000f
  .word 0x7ff0000f
  .word 0xfff0000f
  .word 0x0ff5850f
  expect a0, 77
  // fence.i with the fields that later versions may use.
  check 4
  fence.i
  .word 0x0015950f
  .word 0xfff0100f
  expect a0, 77
test_end
