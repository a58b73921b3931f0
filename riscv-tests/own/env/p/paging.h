// Helpers of the Sv39 tests. Machine mode runs untranslated and looks through
// the tables with MPRV; RAM is mapped onto itself for supervisor mode.
//
//   root[2]: 0x80000000, a gigabyte page of RAM, supervisor, all rights
//   root[1]: 0x40000000, through `middle` and `leaves`, for the test to fill

#include "pmp.h"

#define WINDOW 0x40000000

// reg = an entry that points at `symbol` with these bits. Clobbers t6.
.macro entry_for reg:req, symbol:req, bits:req
  la   \reg, \symbol
  srli \reg, \reg, 12
  slli \reg, \reg, 10
  li   t6, \bits
  or   \reg, \reg, t6
.endm

// Leaf number `n` of the window is an entry for `symbol`.
.macro map_page n:req, symbol:req, bits:req
  entry_for t5, \symbol, \bits
  la   t6, leaves + \n * 8
  sd   t5, 0(t6)
  sfence.vma
.endm

.macro set_leaf n:req, reg:req
  la   t6, leaves + \n * 8
  sd   \reg, 0(t6)
  sfence.vma
.endm

.macro set_middle n:req, reg:req
  la   t6, middle + \n * 8
  sd   \reg, 0(t6)
  sfence.vma
.endm

.macro set_root n:req, reg:req
  la   t6, root + \n * 8
  sd   \reg, 0(t6)
  sfence.vma
.endm

// A and D are left to software, whatever the hart does after reset.
.macro paging_on
  li   t5, ENVCFG_ADUE
  csrc CSR_MENVCFG, t5
  li   t5, 0x80000000 >> 12 << 10 | PTE_RWXAD
  set_root 2, t5
  entry_for t5, middle, PTE_V
  set_root 1, t5
  entry_for t5, leaves, PTE_V
  set_middle 0, t5
  la   t5, root
  srli t5, t5, 12
  li   t6, SATP_SV39
  or   t5, t5, t6
  csrw satp, t5
  sfence.vma
.endm

.macro paging_tables
test_zeros
root:
  .zero 4096
middle:
  .zero 4096
leaves:
  .zero 4096
.endm

// A load or store as this mode page-faults with the address in s0.
.macro load_fault mode:req, insn:vararg
  as_mode \mode
  must_trap CAUSE_LOAD_PAGE, \insn
  as_machine
  expect_same s9, s0
.endm
.macro store_fault mode:req, insn:vararg
  as_mode \mode
  must_trap CAUSE_STORE_PAGE, \insn
  as_machine
  expect_same s9, s0
.endm

// Going to the address in `reg` page-faults there.
.macro fetch_fault mode:req, reg:req
  la   tp, 95f
  go \mode, \reg
95:
  expect s8, CAUSE_FETCH_PAGE
  expect_same s9, \reg
  expect_same s10, \reg
.endm

// All three kinds of access to s0.
.macro all_fault mode:req
  load_fault \mode, lb a0, 0(s0)
  store_fault \mode, sb a0, 0(s0)
  fetch_fault \mode, s0
.endm

// Put an ecall at the start of `symbol`.
.macro plant symbol:req
  la   t5, \symbol
  li   t6, 0x00000073
  sw   t6, 0(t5)
  fence.i
.endm
