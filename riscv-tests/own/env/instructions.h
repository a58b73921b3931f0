// Instructions that binutils 2.40 cannot name. Each macro is called as the
// manual spells the instruction, except that an address is a bare register:
// `amocas.w a0, a1, a2` where the manual writes `amocas.w a0, a1, (a2)`.

// ---- Zicond
.macro czero.eqz rd, rs1, rs2
  .insn r 0x33, 5, 0x07, \rd, \rs1, \rs2
.endm
.macro czero.nez rd, rs1, rs2
  .insn r 0x33, 7, 0x07, \rd, \rs1, \rs2
.endm

// ---- Zacas and Zabha: width is funct3 (b 0, h 1, w 2, d 3, q 4).
.macro amo_macro name, funct5, width, suffix
.macro \name\().\suffix rd, rs2, rs1
  .insn r 0x2f, \width, \funct5 << 2, \rd, \rs1, \rs2
.endm
.endm
amo_macro amoadd,  0x00, 0, b
amo_macro amoswap, 0x01, 0, b
amo_macro amoxor,  0x04, 0, b
amo_macro amoor,   0x08, 0, b
amo_macro amoand,  0x0c, 0, b
amo_macro amomin,  0x10, 0, b
amo_macro amomax,  0x14, 0, b
amo_macro amominu, 0x18, 0, b
amo_macro amomaxu, 0x1c, 0, b
amo_macro amocas,  0x05, 0, b
amo_macro amoadd,  0x00, 1, h
amo_macro amoswap, 0x01, 1, h
amo_macro amoxor,  0x04, 1, h
amo_macro amoor,   0x08, 1, h
amo_macro amoand,  0x0c, 1, h
amo_macro amomin,  0x10, 1, h
amo_macro amomax,  0x14, 1, h
amo_macro amominu, 0x18, 1, h
amo_macro amomaxu, 0x1c, 1, h
amo_macro amocas,  0x05, 1, h
amo_macro amocas,  0x05, 2, w
amo_macro amocas,  0x05, 3, d
amo_macro amocas,  0x05, 4, q

// ---- Zfa: format is the low two bits of funct7 (s 0, d 1, h 2).
.macro zfa_macros s, fmt
.macro fli.\s rd, index
  .insn r 0x53, 0, 0x78 | \fmt, \rd, x\index, x1
.endm
.macro fminm.\s rd, rs1, rs2
  .insn r 0x53, 2, 0x14 | \fmt, \rd, \rs1, \rs2
.endm
.macro fmaxm.\s rd, rs1, rs2
  .insn r 0x53, 3, 0x14 | \fmt, \rd, \rs1, \rs2
.endm
.macro fround.\s rd, rs1, rm
  .insn r 0x53, \rm, 0x20 | \fmt, \rd, \rs1, x4
.endm
.macro froundnx.\s rd, rs1, rm
  .insn r 0x53, \rm, 0x20 | \fmt, \rd, \rs1, x5
.endm
.macro fleq.\s rd, rs1, rs2
  .insn r 0x53, 4, 0x50 | \fmt, \rd, \rs1, \rs2
.endm
.macro fltq.\s rd, rs1, rs2
  .insn r 0x53, 5, 0x50 | \fmt, \rd, \rs1, \rs2
.endm
.endm
zfa_macros s, 0
zfa_macros d, 1
zfa_macros h, 2
.macro fcvtmod.w.d rd, rs1
  .insn r 0x53, 1, 0x61, \rd, \rs1, x8
.endm

// Rounding modes as numbers.
#define RNE 0
#define RTZ 1
#define RDN 2
#define RUP 3
#define RMM 4
#define DYN 7

// ---- Zimop: the number of the operation is scattered over the immediate.
.macro mop.r n, rd, rs1
  .insn i 0x73, 4, \rd, \rs1, (0x81c | (\n & 3) | ((\n >> 2) & 3) << 6 | (\n >> 4) << 10) - 0x1000
.endm
.macro mop.rr n, rd, rs1, rs2
  .insn r 0x73, 4, 0x41 | (\n & 3) << 1 | (\n >> 2) << 5, \rd, \rs1, \rs2
.endm

// ---- Zcmop
.macro c.mop n
  .half 0x6001 | \n << 7
.endm

// ---- Zcb: three-bit register numbers.
.set .Lc_s0, 0
.set .Lc_s1, 1
.set .Lc_a0, 2
.set .Lc_a1, 3
.set .Lc_a2, 4
.set .Lc_a3, 5
.set .Lc_a4, 6
.set .Lc_a5, 7
.macro c.lbu rd, imm, rs1
  .half 0x8000 | .Lc_\rs1 << 7 | (\imm & 1) << 6 | (\imm >> 1) << 5 | .Lc_\rd << 2
.endm
.macro c.lhu rd, imm, rs1
  .half 0x8400 | .Lc_\rs1 << 7 | (\imm >> 1) << 5 | .Lc_\rd << 2
.endm
.macro c.lh rd, imm, rs1
  .half 0x8440 | .Lc_\rs1 << 7 | (\imm >> 1) << 5 | .Lc_\rd << 2
.endm
.macro c.sb rs2, imm, rs1
  .half 0x8800 | .Lc_\rs1 << 7 | (\imm & 1) << 6 | (\imm >> 1) << 5 | .Lc_\rs2 << 2
.endm
.macro c.sh rs2, imm, rs1
  .half 0x8c00 | .Lc_\rs1 << 7 | (\imm >> 1) << 5 | .Lc_\rs2 << 2
.endm
.macro c.zext.b rd
  .half 0x9c61 | .Lc_\rd << 7
.endm
.macro c.sext.b rd
  .half 0x9c65 | .Lc_\rd << 7
.endm
.macro c.zext.h rd
  .half 0x9c69 | .Lc_\rd << 7
.endm
.macro c.sext.h rd
  .half 0x9c6d | .Lc_\rd << 7
.endm
.macro c.zext.w rd
  .half 0x9c71 | .Lc_\rd << 7
.endm
.macro c.not rd
  .half 0x9c75 | .Lc_\rd << 7
.endm
.macro c.mul rd, rs2
  .half 0x9c41 | .Lc_\rd << 7 | .Lc_\rs2 << 2
.endm
