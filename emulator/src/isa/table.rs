//! The one instruction table. Decoder, disassembler, encoder, assembler and semantics derive
//! from it.
//!
//! A row reads: variant of `Op`, mnemonic, encoding, format, required extension, semantics.
//!
//! - The encoding is drawn as in the manual, most significant bit first; spaces do not count.
//!   Digits are fixed. Letters are operand bits: `d` rd, `s` rs1, `t` rs2, `r` rs3, `m` rounding
//!   mode, `i` immediate, `a` aq, `l` rl. What the manual reserves matches no row.
//! - The format (`format.rs`) says how the immediate is scattered and how operands are written.
//! - The extension is one name, or `(A | B)` for either, or `(A & B)` for both.
//! - The semantics are a shape applied to a function of `exec`; this room passes them through.
//!
//! A user of the table writes
//! `macro_rules! callback { ($($op:ident $mnemonic:literal $encoding:literal $format:ident
//! $required:tt $shape:ident ($($function:tt)*);)*) => { … } }` and then
//! `for_each_instruction!(callback);`.
//!
//! Rows do not overlap, save `zext.h` with `packw`: the row that stands first wins when its
//! extension is there.
//!
//! Rounding modes 5 and 6 are reserved, but the decoder keeps them: with mode 7 the check must be
//! made when the instruction runs, so `exec` makes all of it.

/// Calls `$callback!` with every row of the instruction table.
#[rustfmt::skip]
macro_rules! for_each_instruction {
    ($callback:ident) => {
        $callback! {
            // RV64I.
            Lui "lui"                          "iiiiiiiiiiiiiiiiiiii ddddd 0110111"           Upper                    I                ui(lui);
            Auipc "auipc"                      "iiiiiiiiiiiiiiiiiiii ddddd 0010111"           Upper                    I                ui(auipc);
            Jal "jal"                          "iiiiiiiiiiiiiiiiiiii ddddd 1101111"           Jump                     I                sys(jal);
            Jalr "jalr"                        "iiiiiiiiiiii sssss 000 ddddd 1100111"         Jalr                     I                sys(jalr);
            Beq "beq"                          "iiiiiii ttttt sssss 000 iiiii 1100011"        Branch                   I                branch(eq);
            Bne "bne"                          "iiiiiii ttttt sssss 001 iiiii 1100011"        Branch                   I                branch(ne);
            Blt "blt"                          "iiiiiii ttttt sssss 100 iiiii 1100011"        Branch                   I                branch(lt);
            Bge "bge"                          "iiiiiii ttttt sssss 101 iiiii 1100011"        Branch                   I                branch(ge);
            Bltu "bltu"                        "iiiiiii ttttt sssss 110 iiiii 1100011"        Branch                   I                branch(ltu);
            Bgeu "bgeu"                        "iiiiiii ttttt sssss 111 iiiii 1100011"        Branch                   I                branch(geu);
            Lb "lb"                            "iiiiiiiiiiii sssss 000 ddddd 0000011"         Load                     I                load(i8);
            Lh "lh"                            "iiiiiiiiiiii sssss 001 ddddd 0000011"         Load                     I                load(i16);
            Lw "lw"                            "iiiiiiiiiiii sssss 010 ddddd 0000011"         Load                     I                load(i32);
            Ld "ld"                            "iiiiiiiiiiii sssss 011 ddddd 0000011"         Load                     I                load(u64);
            Lbu "lbu"                          "iiiiiiiiiiii sssss 100 ddddd 0000011"         Load                     I                load(u8);
            Lhu "lhu"                          "iiiiiiiiiiii sssss 101 ddddd 0000011"         Load                     I                load(u16);
            Lwu "lwu"                          "iiiiiiiiiiii sssss 110 ddddd 0000011"         Load                     I                load(u32);
            Sb "sb"                            "iiiiiii ttttt sssss 000 iiiii 0100011"        Store                    I                store(u8);
            Sh "sh"                            "iiiiiii ttttt sssss 001 iiiii 0100011"        Store                    I                store(u16);
            Sw "sw"                            "iiiiiii ttttt sssss 010 iiiii 0100011"        Store                    I                store(u32);
            Sd "sd"                            "iiiiiii ttttt sssss 011 iiiii 0100011"        Store                    I                store(u64);
            Addi "addi"                        "iiiiiiiiiiii sssss 000 ddddd 0010011"         Immediate                I                ri(add);
            Slti "slti"                        "iiiiiiiiiiii sssss 010 ddddd 0010011"         Immediate                I                ri(slt);
            Sltiu "sltiu"                      "iiiiiiiiiiii sssss 011 ddddd 0010011"         Immediate                I                ri(sltu);
            Xori "xori"                        "iiiiiiiiiiii sssss 100 ddddd 0010011"         Immediate                I                ri(xor);
            Ori "ori"                          "iiiiiiiiiiii sssss 110 ddddd 0010011"         Immediate                I                ri(or);
            Andi "andi"                        "iiiiiiiiiiii sssss 111 ddddd 0010011"         Immediate                I                ri(and);
            Slli "slli"                        "000000 iiiiii sssss 001 ddddd 0010011"        Shift                    I                ri(sll);
            Srli "srli"                        "000000 iiiiii sssss 101 ddddd 0010011"        Shift                    I                ri(srl);
            Srai "srai"                        "010000 iiiiii sssss 101 ddddd 0010011"        Shift                    I                ri(sra);
            Add "add"                          "0000000 ttttt sssss 000 ddddd 0110011"        Register                 I                rr(add);
            Sub "sub"                          "0100000 ttttt sssss 000 ddddd 0110011"        Register                 I                rr(sub);
            Sll "sll"                          "0000000 ttttt sssss 001 ddddd 0110011"        Register                 I                rr(sll);
            Slt "slt"                          "0000000 ttttt sssss 010 ddddd 0110011"        Register                 I                rr(slt);
            Sltu "sltu"                        "0000000 ttttt sssss 011 ddddd 0110011"        Register                 I                rr(sltu);
            Xor "xor"                          "0000000 ttttt sssss 100 ddddd 0110011"        Register                 I                rr(xor);
            Srl "srl"                          "0000000 ttttt sssss 101 ddddd 0110011"        Register                 I                rr(srl);
            Sra "sra"                          "0100000 ttttt sssss 101 ddddd 0110011"        Register                 I                rr(sra);
            Or "or"                            "0000000 ttttt sssss 110 ddddd 0110011"        Register                 I                rr(or);
            And "and"                          "0000000 ttttt sssss 111 ddddd 0110011"        Register                 I                rr(and);
            Addiw "addiw"                      "iiiiiiiiiiii sssss 000 ddddd 0011011"         Immediate                I                ri(addw);
            Slliw "slliw"                      "0000000 iiiii sssss 001 ddddd 0011011"        Shift                    I                ri(sllw);
            Srliw "srliw"                      "0000000 iiiii sssss 101 ddddd 0011011"        Shift                    I                ri(srlw);
            Sraiw "sraiw"                      "0100000 iiiii sssss 101 ddddd 0011011"        Shift                    I                ri(sraw);
            Addw "addw"                        "0000000 ttttt sssss 000 ddddd 0111011"        Register                 I                rr(addw);
            Subw "subw"                        "0100000 ttttt sssss 000 ddddd 0111011"        Register                 I                rr(subw);
            Sllw "sllw"                        "0000000 ttttt sssss 001 ddddd 0111011"        Register                 I                rr(sllw);
            Srlw "srlw"                        "0000000 ttttt sssss 101 ddddd 0111011"        Register                 I                rr(srlw);
            Sraw "sraw"                        "0100000 ttttt sssss 101 ddddd 0111011"        Register                 I                rr(sraw);
            Fence "fence"                      "iiiiiiiiiiii sssss 000 ddddd 0001111"         Fence                    I                sys(fence);
            Ecall "ecall"                      "0000000 00000 00000 000 00000 1110011"        Bare                     I                sys(ecall);
            Ebreak "ebreak"                    "0000000 00001 00000 000 00000 1110011"        Bare                     I                sys(ebreak);

            // Zifencei.
            FenceI "fence.i"                   "iiiiiiiiiiii sssss 001 ddddd 0001111"         FenceI                   Zifencei         sys(fence_i);

            // Zicsr.
            Csrrw "csrrw"                      "iiiiiiiiiiii sssss 001 ddddd 1110011"         Csr                      Zicsr            sys(csrrw);
            Csrrs "csrrs"                      "iiiiiiiiiiii sssss 010 ddddd 1110011"         Csr                      Zicsr            sys(csrrs);
            Csrrc "csrrc"                      "iiiiiiiiiiii sssss 011 ddddd 1110011"         Csr                      Zicsr            sys(csrrc);
            Csrrwi "csrrwi"                    "iiiiiiiiiiii sssss 101 ddddd 1110011"         CsrImmediate             Zicsr            sys(csrrwi);
            Csrrsi "csrrsi"                    "iiiiiiiiiiii sssss 110 ddddd 1110011"         CsrImmediate             Zicsr            sys(csrrsi);
            Csrrci "csrrci"                    "iiiiiiiiiiii sssss 111 ddddd 1110011"         CsrImmediate             Zicsr            sys(csrrci);

            // Privileged.
            Mret "mret"                        "0011000 00010 00000 000 00000 1110011"        Bare                     I                sys(mret);
            Sret "sret"                        "0001000 00010 00000 000 00000 1110011"        Bare                     S                sys(sret);
            Wfi "wfi"                          "0001000 00101 00000 000 00000 1110011"        Bare                     I                sys(wfi);
            SfenceVma "sfence.vma"             "0001001 ttttt sssss 000 00000 1110011"        AddressSpace             S                sys(sfence_vma);
            SinvalVma "sinval.vma"             "0001011 ttttt sssss 000 00000 1110011"        AddressSpace             Svinval          sys(sinval_vma);
            SfenceWInval "sfence.w.inval"      "0001100 00000 00000 000 00000 1110011"        Bare                     Svinval          sys(sfence_w_inval);
            SfenceInvalIr "sfence.inval.ir"    "0001100 00001 00000 000 00000 1110011"        Bare                     Svinval          sys(sfence_inval_ir);

            // M.
            Mul "mul"                          "0000001 ttttt sssss 000 ddddd 0110011"        Register                 Zmmul            rr(mul);
            Mulh "mulh"                        "0000001 ttttt sssss 001 ddddd 0110011"        Register                 Zmmul            rr(mulh);
            Mulhsu "mulhsu"                    "0000001 ttttt sssss 010 ddddd 0110011"        Register                 Zmmul            rr(mulhsu);
            Mulhu "mulhu"                      "0000001 ttttt sssss 011 ddddd 0110011"        Register                 Zmmul            rr(mulhu);
            Div "div"                          "0000001 ttttt sssss 100 ddddd 0110011"        Register                 M                rr(div);
            Divu "divu"                        "0000001 ttttt sssss 101 ddddd 0110011"        Register                 M                rr(divu);
            Rem "rem"                          "0000001 ttttt sssss 110 ddddd 0110011"        Register                 M                rr(rem);
            Remu "remu"                        "0000001 ttttt sssss 111 ddddd 0110011"        Register                 M                rr(remu);
            Mulw "mulw"                        "0000001 ttttt sssss 000 ddddd 0111011"        Register                 Zmmul            rr(mulw);
            Divw "divw"                        "0000001 ttttt sssss 100 ddddd 0111011"        Register                 M                rr(divw);
            Divuw "divuw"                      "0000001 ttttt sssss 101 ddddd 0111011"        Register                 M                rr(divuw);
            Remw "remw"                        "0000001 ttttt sssss 110 ddddd 0111011"        Register                 M                rr(remw);
            Remuw "remuw"                      "0000001 ttttt sssss 111 ddddd 0111011"        Register                 M                rr(remuw);

            // A: Zalrsc and Zaamo.
            LrW "lr.w"                         "00010 al 00000 sssss 010 ddddd 0101111"       LoadReserved             Zalrsc           lr(u32);
            ScW "sc.w"                         "00011 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zalrsc           sc(u32);
            LrD "lr.d"                         "00010 al 00000 sssss 011 ddddd 0101111"       LoadReserved             Zalrsc           lr(u64);
            ScD "sc.d"                         "00011 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zalrsc           sc(u64);
            AmoswapW "amoswap.w"               "00001 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_swap);
            AmoaddW "amoadd.w"                 "00000 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_add);
            AmoxorW "amoxor.w"                 "00100 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_xor);
            AmoandW "amoand.w"                 "01100 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_and);
            AmoorW "amoor.w"                   "01000 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_or);
            AmominW "amomin.w"                 "10000 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_min);
            AmomaxW "amomax.w"                 "10100 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_max);
            AmominuW "amominu.w"               "11000 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_minu);
            AmomaxuW "amomaxu.w"               "11100 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zaamo            amo(u32, amo_maxu);
            AmoswapD "amoswap.d"               "00001 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_swap);
            AmoaddD "amoadd.d"                 "00000 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_add);
            AmoxorD "amoxor.d"                 "00100 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_xor);
            AmoandD "amoand.d"                 "01100 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_and);
            AmoorD "amoor.d"                   "01000 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_or);
            AmominD "amomin.d"                 "10000 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_min);
            AmomaxD "amomax.d"                 "10100 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_max);
            AmominuD "amominu.d"               "11000 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_minu);
            AmomaxuD "amomaxu.d"               "11100 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zaamo            amo(u64, amo_maxu);

            // Zabha.
            AmoswapB "amoswap.b"               "00001 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_swap);
            AmoaddB "amoadd.b"                 "00000 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_add);
            AmoxorB "amoxor.b"                 "00100 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_xor);
            AmoandB "amoand.b"                 "01100 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_and);
            AmoorB "amoor.b"                   "01000 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_or);
            AmominB "amomin.b"                 "10000 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_min);
            AmomaxB "amomax.b"                 "10100 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_max);
            AmominuB "amominu.b"               "11000 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_minu);
            AmomaxuB "amomaxu.b"               "11100 al ttttt sssss 000 ddddd 0101111"       Atomic                   Zabha            amo(u8, amo_maxu);
            AmoswapH "amoswap.h"               "00001 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_swap);
            AmoaddH "amoadd.h"                 "00000 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_add);
            AmoxorH "amoxor.h"                 "00100 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_xor);
            AmoandH "amoand.h"                 "01100 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_and);
            AmoorH "amoor.h"                   "01000 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_or);
            AmominH "amomin.h"                 "10000 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_min);
            AmomaxH "amomax.h"                 "10100 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_max);
            AmominuH "amominu.h"               "11000 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_minu);
            AmomaxuH "amomaxu.h"               "11100 al ttttt sssss 001 ddddd 0101111"       Atomic                   Zabha            amo(u16, amo_maxu);

            // Zacas. `amocas.q` takes register pairs: an odd number is reserved.
            AmocasB "amocas.b"                 "00101 al ttttt sssss 000 ddddd 0101111"       Atomic                   (Zabha & Zacas)  amocas(u8);
            AmocasH "amocas.h"                 "00101 al ttttt sssss 001 ddddd 0101111"       Atomic                   (Zabha & Zacas)  amocas(u16);
            AmocasW "amocas.w"                 "00101 al ttttt sssss 010 ddddd 0101111"       Atomic                   Zacas            amocas(u32);
            AmocasD "amocas.d"                 "00101 al ttttt sssss 011 ddddd 0101111"       Atomic                   Zacas            amocas(u64);
            AmocasQ "amocas.q"                 "00101 al tttt0 sssss 100 dddd0 0101111"       Atomic                   Zacas            sys(amocas_q);

            // Zawrs.
            WrsNto "wrs.nto"                   "0000000 01101 00000 000 00000 1110011"        Bare                     Zawrs            sys(wrs_nto);
            WrsSto "wrs.sto"                   "0000000 11101 00000 000 00000 1110011"        Bare                     Zawrs            sys(wrs_sto);

            // Zicbom, Zicboz. Zicbop's prefetches are `ori` with rd = x0: aliases.
            CboInval "cbo.inval"               "000000000000 sssss 010 00000 0001111"         CacheBlock               Zicbom           sys(cbo_inval);
            CboClean "cbo.clean"               "000000000001 sssss 010 00000 0001111"         CacheBlock               Zicbom           sys(cbo_clean);
            CboFlush "cbo.flush"               "000000000010 sssss 010 00000 0001111"         CacheBlock               Zicbom           sys(cbo_flush);
            CboZero "cbo.zero"                 "000000000100 sssss 010 00000 0001111"         CacheBlock               Zicboz           sys(cbo_zero);

            // Zicond.
            CzeroEqz "czero.eqz"               "0000111 ttttt sssss 101 ddddd 0110011"        Register                 Zicond           rr(czero_eqz);
            CzeroNez "czero.nez"               "0000111 ttttt sssss 111 ddddd 0110011"        Register                 Zicond           rr(czero_nez);

            // Zimop, Zcmop. The number n is the immediate.
            MopR "mop.r"                       "1 i 00 ii 0111 ii sssss 100 ddddd 1110011"    MayBeUnary               Zimop            sys(mop);
            MopRr "mop.rr"                     "1 i 00 ii 1 ttttt sssss 100 ddddd 1110011"    MayBeBinary              Zimop            sys(mop);
            CMop "c.mop"                       "0110 0iii 1000 0001"                          MayBeCompressed          Zcmop            sys(mop);

            // Zba.
            AddUw "add.uw"                     "0000100 ttttt sssss 000 ddddd 0111011"        Register                 Zba              rr(add_uw);
            Sh1add "sh1add"                    "0010000 ttttt sssss 010 ddddd 0110011"        Register                 Zba              rr(sh1add);
            Sh1addUw "sh1add.uw"               "0010000 ttttt sssss 010 ddddd 0111011"        Register                 Zba              rr(sh1add_uw);
            Sh2add "sh2add"                    "0010000 ttttt sssss 100 ddddd 0110011"        Register                 Zba              rr(sh2add);
            Sh2addUw "sh2add.uw"               "0010000 ttttt sssss 100 ddddd 0111011"        Register                 Zba              rr(sh2add_uw);
            Sh3add "sh3add"                    "0010000 ttttt sssss 110 ddddd 0110011"        Register                 Zba              rr(sh3add);
            Sh3addUw "sh3add.uw"               "0010000 ttttt sssss 110 ddddd 0111011"        Register                 Zba              rr(sh3add_uw);
            SlliUw "slli.uw"                   "000010 iiiiii sssss 001 ddddd 0011011"        Shift                    Zba              ri(slli_uw);

            // Zbb; with Zbkb where the two share an instruction.
            Andn "andn"                        "0100000 ttttt sssss 111 ddddd 0110011"        Register                 (Zbb | Zbkb)     rr(andn);
            Orn "orn"                          "0100000 ttttt sssss 110 ddddd 0110011"        Register                 (Zbb | Zbkb)     rr(orn);
            Xnor "xnor"                        "0100000 ttttt sssss 100 ddddd 0110011"        Register                 (Zbb | Zbkb)     rr(xnor);
            Clz "clz"                          "0110000 00000 sssss 001 ddddd 0010011"        Unary                    Zbb              r1(clz);
            Clzw "clzw"                        "0110000 00000 sssss 001 ddddd 0011011"        Unary                    Zbb              r1(clzw);
            Ctz "ctz"                          "0110000 00001 sssss 001 ddddd 0010011"        Unary                    Zbb              r1(ctz);
            Ctzw "ctzw"                        "0110000 00001 sssss 001 ddddd 0011011"        Unary                    Zbb              r1(ctzw);
            Cpop "cpop"                        "0110000 00010 sssss 001 ddddd 0010011"        Unary                    Zbb              r1(cpop);
            Cpopw "cpopw"                      "0110000 00010 sssss 001 ddddd 0011011"        Unary                    Zbb              r1(cpopw);
            Max "max"                          "0000101 ttttt sssss 110 ddddd 0110011"        Register                 Zbb              rr(max);
            Maxu "maxu"                        "0000101 ttttt sssss 111 ddddd 0110011"        Register                 Zbb              rr(maxu);
            Min "min"                          "0000101 ttttt sssss 100 ddddd 0110011"        Register                 Zbb              rr(min);
            Minu "minu"                        "0000101 ttttt sssss 101 ddddd 0110011"        Register                 Zbb              rr(minu);
            SextB "sext.b"                     "0110000 00100 sssss 001 ddddd 0010011"        Unary                    Zbb              r1(sext_b);
            SextH "sext.h"                     "0110000 00101 sssss 001 ddddd 0010011"        Unary                    Zbb              r1(sext_h);
            ZextH "zext.h"                     "0000100 00000 sssss 100 ddddd 0111011"        Unary                    Zbb              r1(zext_h);
            Rol "rol"                          "0110000 ttttt sssss 001 ddddd 0110011"        Register                 (Zbb | Zbkb)     rr(rol);
            Ror "ror"                          "0110000 ttttt sssss 101 ddddd 0110011"        Register                 (Zbb | Zbkb)     rr(ror);
            Rori "rori"                        "011000 iiiiii sssss 101 ddddd 0010011"        Shift                    (Zbb | Zbkb)     ri(ror);
            Rolw "rolw"                        "0110000 ttttt sssss 001 ddddd 0111011"        Register                 (Zbb | Zbkb)     rr(rolw);
            Rorw "rorw"                        "0110000 ttttt sssss 101 ddddd 0111011"        Register                 (Zbb | Zbkb)     rr(rorw);
            Roriw "roriw"                      "0110000 iiiii sssss 101 ddddd 0011011"        Shift                    (Zbb | Zbkb)     ri(rorw);
            OrcB "orc.b"                       "001010000111 sssss 101 ddddd 0010011"         Unary                    Zbb              r1(orc_b);
            Rev8 "rev8"                        "011010111000 sssss 101 ddddd 0010011"         Unary                    (Zbb | Zbkb)     r1(rev8);

            // Zbkb. `packw` with rs2 = x0 is Zbb's `zext.h`, which stands above and wins.
            Pack "pack"                        "0000100 ttttt sssss 100 ddddd 0110011"        Register                 Zbkb             rr(pack);
            Packh "packh"                      "0000100 ttttt sssss 111 ddddd 0110011"        Register                 Zbkb             rr(packh);
            Packw "packw"                      "0000100 ttttt sssss 100 ddddd 0111011"        Register                 Zbkb             rr(packw);
            Brev8 "brev8"                      "011010000111 sssss 101 ddddd 0010011"         Unary                    Zbkb             r1(brev8);

            // Zbkx.
            Xperm4 "xperm4"                    "0010100 ttttt sssss 010 ddddd 0110011"        Register                 Zbkx             rr(xperm4);
            Xperm8 "xperm8"                    "0010100 ttttt sssss 100 ddddd 0110011"        Register                 Zbkx             rr(xperm8);

            // Zbc, Zbkc.
            Clmul "clmul"                      "0000101 ttttt sssss 001 ddddd 0110011"        Register                 (Zbc | Zbkc)     rr(clmul);
            Clmulh "clmulh"                    "0000101 ttttt sssss 011 ddddd 0110011"        Register                 (Zbc | Zbkc)     rr(clmulh);
            Clmulr "clmulr"                    "0000101 ttttt sssss 010 ddddd 0110011"        Register                 Zbc              rr(clmulr);

            // Zbs.
            Bclr "bclr"                        "0100100 ttttt sssss 001 ddddd 0110011"        Register                 Zbs              rr(bclr);
            Bclri "bclri"                      "010010 iiiiii sssss 001 ddddd 0010011"        Shift                    Zbs              ri(bclr);
            Bext "bext"                        "0100100 ttttt sssss 101 ddddd 0110011"        Register                 Zbs              rr(bext);
            Bexti "bexti"                      "010010 iiiiii sssss 101 ddddd 0010011"        Shift                    Zbs              ri(bext);
            Binv "binv"                        "0110100 ttttt sssss 001 ddddd 0110011"        Register                 Zbs              rr(binv);
            Binvi "binvi"                      "011010 iiiiii sssss 001 ddddd 0010011"        Shift                    Zbs              ri(binv);
            Bset "bset"                        "0010100 ttttt sssss 001 ddddd 0110011"        Register                 Zbs              rr(bset);
            Bseti "bseti"                      "001010 iiiiii sssss 001 ddddd 0010011"        Shift                    Zbs              ri(bset);

            // F.
            Flw "flw"                          "iiiiiiiiiiii sssss 010 ddddd 0000111"         FloatLoad                F                fload(F32);
            Fsw "fsw"                          "iiiiiii ttttt sssss 010 iiiii 0100111"        FloatStore               F                fstore(F32);
            FmaddS "fmadd.s"                   "rrrrr 00 ttttt sssss mmm ddddd 1000011"       Float3Rounded            F                fp3(F32, fmadd);
            FmsubS "fmsub.s"                   "rrrrr 00 ttttt sssss mmm ddddd 1000111"       Float3Rounded            F                fp3(F32, fmsub);
            FnmsubS "fnmsub.s"                 "rrrrr 00 ttttt sssss mmm ddddd 1001011"       Float3Rounded            F                fp3(F32, fnmsub);
            FnmaddS "fnmadd.s"                 "rrrrr 00 ttttt sssss mmm ddddd 1001111"       Float3Rounded            F                fp3(F32, fnmadd);
            FaddS "fadd.s"                     "00000 00 ttttt sssss mmm ddddd 1010011"       Float2Rounded            F                fp2(F32, add);
            FsubS "fsub.s"                     "00001 00 ttttt sssss mmm ddddd 1010011"       Float2Rounded            F                fp2(F32, sub);
            FmulS "fmul.s"                     "00010 00 ttttt sssss mmm ddddd 1010011"       Float2Rounded            F                fp2(F32, mul);
            FdivS "fdiv.s"                     "00011 00 ttttt sssss mmm ddddd 1010011"       Float2Rounded            F                fp2(F32, div);
            FsqrtS "fsqrt.s"                   "01011 00 00000 sssss mmm ddddd 1010011"       Float1Rounded            F                fp1(F32, sqrt);
            FsgnjS "fsgnj.s"                   "00100 00 ttttt sssss 000 ddddd 1010011"       Float2                   F                fp2(F32, sgnj);
            FsgnjnS "fsgnjn.s"                 "00100 00 ttttt sssss 001 ddddd 1010011"       Float2                   F                fp2(F32, sgnjn);
            FsgnjxS "fsgnjx.s"                 "00100 00 ttttt sssss 010 ddddd 1010011"       Float2                   F                fp2(F32, sgnjx);
            FminS "fmin.s"                     "00101 00 ttttt sssss 000 ddddd 1010011"       Float2                   F                fp2(F32, min);
            FmaxS "fmax.s"                     "00101 00 ttttt sssss 001 ddddd 1010011"       Float2                   F                fp2(F32, max);
            FleS "fle.s"                       "10100 00 ttttt sssss 000 ddddd 1010011"       FloatCompare             F                fcmp(F32, le);
            FltS "flt.s"                       "10100 00 ttttt sssss 001 ddddd 1010011"       FloatCompare             F                fcmp(F32, lt);
            FeqS "feq.s"                       "10100 00 ttttt sssss 010 ddddd 1010011"       FloatCompare             F                fcmp(F32, eq);
            FclassS "fclass.s"                 "11100 00 00000 sssss 001 ddddd 1010011"       FloatToInteger           F                fto(F32, classify);
            FcvtWS "fcvt.w.s"                  "11000 00 00000 sssss mmm ddddd 1010011"       FloatToIntegerRounded    F                fto(F32, to_i32);
            FcvtSW "fcvt.s.w"                  "11010 00 00000 sssss mmm ddddd 1010011"       IntegerToFloatRounded    F                ffrom(F32, from_i32);
            FcvtWuS "fcvt.wu.s"                "11000 00 00001 sssss mmm ddddd 1010011"       FloatToIntegerRounded    F                fto(F32, to_u32);
            FcvtSWu "fcvt.s.wu"                "11010 00 00001 sssss mmm ddddd 1010011"       IntegerToFloatRounded    F                ffrom(F32, from_u32);
            FcvtLS "fcvt.l.s"                  "11000 00 00010 sssss mmm ddddd 1010011"       FloatToIntegerRounded    F                fto(F32, to_i64);
            FcvtSL "fcvt.s.l"                  "11010 00 00010 sssss mmm ddddd 1010011"       IntegerToFloatRounded    F                ffrom(F32, from_i64);
            FcvtLuS "fcvt.lu.s"                "11000 00 00011 sssss mmm ddddd 1010011"       FloatToIntegerRounded    F                fto(F32, to_u64);
            FcvtSLu "fcvt.s.lu"                "11010 00 00011 sssss mmm ddddd 1010011"       IntegerToFloatRounded    F                ffrom(F32, from_u64);
            FmvXW "fmv.x.w"                    "11100 00 00000 sssss 000 ddddd 1010011"       FloatToInteger           F                fmv_to_x(F32);
            FmvWX "fmv.w.x"                    "11110 00 00000 sssss 000 ddddd 1010011"       IntegerToFloat           F                fmv_from_x(F32);

            // D.
            Fld "fld"                          "iiiiiiiiiiii sssss 011 ddddd 0000111"         FloatLoad                D                fload(F64);
            Fsd "fsd"                          "iiiiiii ttttt sssss 011 iiiii 0100111"        FloatStore               D                fstore(F64);
            FmaddD "fmadd.d"                   "rrrrr 01 ttttt sssss mmm ddddd 1000011"       Float3Rounded            D                fp3(F64, fmadd);
            FmsubD "fmsub.d"                   "rrrrr 01 ttttt sssss mmm ddddd 1000111"       Float3Rounded            D                fp3(F64, fmsub);
            FnmsubD "fnmsub.d"                 "rrrrr 01 ttttt sssss mmm ddddd 1001011"       Float3Rounded            D                fp3(F64, fnmsub);
            FnmaddD "fnmadd.d"                 "rrrrr 01 ttttt sssss mmm ddddd 1001111"       Float3Rounded            D                fp3(F64, fnmadd);
            FaddD "fadd.d"                     "00000 01 ttttt sssss mmm ddddd 1010011"       Float2Rounded            D                fp2(F64, add);
            FsubD "fsub.d"                     "00001 01 ttttt sssss mmm ddddd 1010011"       Float2Rounded            D                fp2(F64, sub);
            FmulD "fmul.d"                     "00010 01 ttttt sssss mmm ddddd 1010011"       Float2Rounded            D                fp2(F64, mul);
            FdivD "fdiv.d"                     "00011 01 ttttt sssss mmm ddddd 1010011"       Float2Rounded            D                fp2(F64, div);
            FsqrtD "fsqrt.d"                   "01011 01 00000 sssss mmm ddddd 1010011"       Float1Rounded            D                fp1(F64, sqrt);
            FsgnjD "fsgnj.d"                   "00100 01 ttttt sssss 000 ddddd 1010011"       Float2                   D                fp2(F64, sgnj);
            FsgnjnD "fsgnjn.d"                 "00100 01 ttttt sssss 001 ddddd 1010011"       Float2                   D                fp2(F64, sgnjn);
            FsgnjxD "fsgnjx.d"                 "00100 01 ttttt sssss 010 ddddd 1010011"       Float2                   D                fp2(F64, sgnjx);
            FminD "fmin.d"                     "00101 01 ttttt sssss 000 ddddd 1010011"       Float2                   D                fp2(F64, min);
            FmaxD "fmax.d"                     "00101 01 ttttt sssss 001 ddddd 1010011"       Float2                   D                fp2(F64, max);
            FleD "fle.d"                       "10100 01 ttttt sssss 000 ddddd 1010011"       FloatCompare             D                fcmp(F64, le);
            FltD "flt.d"                       "10100 01 ttttt sssss 001 ddddd 1010011"       FloatCompare             D                fcmp(F64, lt);
            FeqD "feq.d"                       "10100 01 ttttt sssss 010 ddddd 1010011"       FloatCompare             D                fcmp(F64, eq);
            FclassD "fclass.d"                 "11100 01 00000 sssss 001 ddddd 1010011"       FloatToInteger           D                fto(F64, classify);
            FcvtWD "fcvt.w.d"                  "11000 01 00000 sssss mmm ddddd 1010011"       FloatToIntegerRounded    D                fto(F64, to_i32);
            FcvtDW "fcvt.d.w"                  "11010 01 00000 sssss mmm ddddd 1010011"       IntegerToFloatExact      D                ffrom(F64, from_i32);
            FcvtWuD "fcvt.wu.d"                "11000 01 00001 sssss mmm ddddd 1010011"       FloatToIntegerRounded    D                fto(F64, to_u32);
            FcvtDWu "fcvt.d.wu"                "11010 01 00001 sssss mmm ddddd 1010011"       IntegerToFloatExact      D                ffrom(F64, from_u32);
            FcvtLD "fcvt.l.d"                  "11000 01 00010 sssss mmm ddddd 1010011"       FloatToIntegerRounded    D                fto(F64, to_i64);
            FcvtDL "fcvt.d.l"                  "11010 01 00010 sssss mmm ddddd 1010011"       IntegerToFloatRounded    D                ffrom(F64, from_i64);
            FcvtLuD "fcvt.lu.d"                "11000 01 00011 sssss mmm ddddd 1010011"       FloatToIntegerRounded    D                fto(F64, to_u64);
            FcvtDLu "fcvt.d.lu"                "11010 01 00011 sssss mmm ddddd 1010011"       IntegerToFloatRounded    D                ffrom(F64, from_u64);
            FmvXD "fmv.x.d"                    "11100 01 00000 sssss 000 ddddd 1010011"       FloatToInteger           D                fmv_to_x(F64);
            FmvDX "fmv.d.x"                    "11110 01 00000 sssss 000 ddddd 1010011"       IntegerToFloat           D                fmv_from_x(F64);
            FcvtDS "fcvt.d.s"                  "01000 01 00000 sssss mmm ddddd 1010011"       Float1Exact              D                fcvt(F64, F32);
            FcvtSD "fcvt.s.d"                  "01000 00 00001 sssss mmm ddddd 1010011"       Float1Rounded            D                fcvt(F32, F64);

            // Zfhmin and Zfh.
            Flh "flh"                          "iiiiiiiiiiii sssss 001 ddddd 0000111"         FloatLoad                Zfhmin           fload(F16);
            Fsh "fsh"                          "iiiiiii ttttt sssss 001 iiiii 0100111"        FloatStore               Zfhmin           fstore(F16);
            FmaddH "fmadd.h"                   "rrrrr 10 ttttt sssss mmm ddddd 1000011"       Float3Rounded            Zfh              fp3(F16, fmadd);
            FmsubH "fmsub.h"                   "rrrrr 10 ttttt sssss mmm ddddd 1000111"       Float3Rounded            Zfh              fp3(F16, fmsub);
            FnmsubH "fnmsub.h"                 "rrrrr 10 ttttt sssss mmm ddddd 1001011"       Float3Rounded            Zfh              fp3(F16, fnmsub);
            FnmaddH "fnmadd.h"                 "rrrrr 10 ttttt sssss mmm ddddd 1001111"       Float3Rounded            Zfh              fp3(F16, fnmadd);
            FaddH "fadd.h"                     "00000 10 ttttt sssss mmm ddddd 1010011"       Float2Rounded            Zfh              fp2(F16, add);
            FsubH "fsub.h"                     "00001 10 ttttt sssss mmm ddddd 1010011"       Float2Rounded            Zfh              fp2(F16, sub);
            FmulH "fmul.h"                     "00010 10 ttttt sssss mmm ddddd 1010011"       Float2Rounded            Zfh              fp2(F16, mul);
            FdivH "fdiv.h"                     "00011 10 ttttt sssss mmm ddddd 1010011"       Float2Rounded            Zfh              fp2(F16, div);
            FsqrtH "fsqrt.h"                   "01011 10 00000 sssss mmm ddddd 1010011"       Float1Rounded            Zfh              fp1(F16, sqrt);
            FsgnjH "fsgnj.h"                   "00100 10 ttttt sssss 000 ddddd 1010011"       Float2                   Zfh              fp2(F16, sgnj);
            FsgnjnH "fsgnjn.h"                 "00100 10 ttttt sssss 001 ddddd 1010011"       Float2                   Zfh              fp2(F16, sgnjn);
            FsgnjxH "fsgnjx.h"                 "00100 10 ttttt sssss 010 ddddd 1010011"       Float2                   Zfh              fp2(F16, sgnjx);
            FminH "fmin.h"                     "00101 10 ttttt sssss 000 ddddd 1010011"       Float2                   Zfh              fp2(F16, min);
            FmaxH "fmax.h"                     "00101 10 ttttt sssss 001 ddddd 1010011"       Float2                   Zfh              fp2(F16, max);
            FleH "fle.h"                       "10100 10 ttttt sssss 000 ddddd 1010011"       FloatCompare             Zfh              fcmp(F16, le);
            FltH "flt.h"                       "10100 10 ttttt sssss 001 ddddd 1010011"       FloatCompare             Zfh              fcmp(F16, lt);
            FeqH "feq.h"                       "10100 10 ttttt sssss 010 ddddd 1010011"       FloatCompare             Zfh              fcmp(F16, eq);
            FclassH "fclass.h"                 "11100 10 00000 sssss 001 ddddd 1010011"       FloatToInteger           Zfh              fto(F16, classify);
            FcvtWH "fcvt.w.h"                  "11000 10 00000 sssss mmm ddddd 1010011"       FloatToIntegerRounded    Zfh              fto(F16, to_i32);
            FcvtHW "fcvt.h.w"                  "11010 10 00000 sssss mmm ddddd 1010011"       IntegerToFloatRounded    Zfh              ffrom(F16, from_i32);
            FcvtWuH "fcvt.wu.h"                "11000 10 00001 sssss mmm ddddd 1010011"       FloatToIntegerRounded    Zfh              fto(F16, to_u32);
            FcvtHWu "fcvt.h.wu"                "11010 10 00001 sssss mmm ddddd 1010011"       IntegerToFloatRounded    Zfh              ffrom(F16, from_u32);
            FcvtLH "fcvt.l.h"                  "11000 10 00010 sssss mmm ddddd 1010011"       FloatToIntegerRounded    Zfh              fto(F16, to_i64);
            FcvtHL "fcvt.h.l"                  "11010 10 00010 sssss mmm ddddd 1010011"       IntegerToFloatRounded    Zfh              ffrom(F16, from_i64);
            FcvtLuH "fcvt.lu.h"                "11000 10 00011 sssss mmm ddddd 1010011"       FloatToIntegerRounded    Zfh              fto(F16, to_u64);
            FcvtHLu "fcvt.h.lu"                "11010 10 00011 sssss mmm ddddd 1010011"       IntegerToFloatRounded    Zfh              ffrom(F16, from_u64);
            FmvXH "fmv.x.h"                    "11100 10 00000 sssss 000 ddddd 1010011"       FloatToInteger           Zfhmin           fmv_to_x(F16);
            FmvHX "fmv.h.x"                    "11110 10 00000 sssss 000 ddddd 1010011"       IntegerToFloat           Zfhmin           fmv_from_x(F16);
            FcvtHS "fcvt.h.s"                  "01000 10 00000 sssss mmm ddddd 1010011"       Float1Rounded            Zfhmin           fcvt(F16, F32);
            FcvtSH "fcvt.s.h"                  "01000 00 00010 sssss mmm ddddd 1010011"       Float1Exact              Zfhmin           fcvt(F32, F16);
            FcvtHD "fcvt.h.d"                  "01000 10 00001 sssss mmm ddddd 1010011"       Float1Rounded            (Zfhmin & D)     fcvt(F16, F64);
            FcvtDH "fcvt.d.h"                  "01000 01 00010 sssss mmm ddddd 1010011"       Float1Exact              (Zfhmin & D)     fcvt(F64, F16);

            // Zfa (`fmvh.x.d` and `fmvp.d.x` are RV32 only).
            FliS "fli.s"                       "11110 00 00001 sssss 000 ddddd 1010011"       FloatConstant            Zfa              fli(F32);
            FminmS "fminm.s"                   "00101 00 ttttt sssss 010 ddddd 1010011"       Float2                   Zfa              fp2(F32, minm);
            FmaxmS "fmaxm.s"                   "00101 00 ttttt sssss 011 ddddd 1010011"       Float2                   Zfa              fp2(F32, maxm);
            FroundS "fround.s"                 "01000 00 00100 sssss mmm ddddd 1010011"       Float1Rounded            Zfa              fp1(F32, round);
            FroundnxS "froundnx.s"             "01000 00 00101 sssss mmm ddddd 1010011"       Float1Rounded            Zfa              fp1(F32, round_exact);
            FleqS "fleq.s"                     "10100 00 ttttt sssss 100 ddddd 1010011"       FloatCompare             Zfa              fcmp(F32, le_quiet);
            FltqS "fltq.s"                     "10100 00 ttttt sssss 101 ddddd 1010011"       FloatCompare             Zfa              fcmp(F32, lt_quiet);
            FliD "fli.d"                       "11110 01 00001 sssss 000 ddddd 1010011"       FloatConstant            (Zfa & D)        fli(F64);
            FminmD "fminm.d"                   "00101 01 ttttt sssss 010 ddddd 1010011"       Float2                   (Zfa & D)        fp2(F64, minm);
            FmaxmD "fmaxm.d"                   "00101 01 ttttt sssss 011 ddddd 1010011"       Float2                   (Zfa & D)        fp2(F64, maxm);
            FroundD "fround.d"                 "01000 01 00100 sssss mmm ddddd 1010011"       Float1Rounded            (Zfa & D)        fp1(F64, round);
            FroundnxD "froundnx.d"             "01000 01 00101 sssss mmm ddddd 1010011"       Float1Rounded            (Zfa & D)        fp1(F64, round_exact);
            FleqD "fleq.d"                     "10100 01 ttttt sssss 100 ddddd 1010011"       FloatCompare             (Zfa & D)        fcmp(F64, le_quiet);
            FltqD "fltq.d"                     "10100 01 ttttt sssss 101 ddddd 1010011"       FloatCompare             (Zfa & D)        fcmp(F64, lt_quiet);
            FliH "fli.h"                       "11110 10 00001 sssss 000 ddddd 1010011"       FloatConstant            (Zfa & Zfh)      fli(F16);
            FminmH "fminm.h"                   "00101 10 ttttt sssss 010 ddddd 1010011"       Float2                   (Zfa & Zfh)      fp2(F16, minm);
            FmaxmH "fmaxm.h"                   "00101 10 ttttt sssss 011 ddddd 1010011"       Float2                   (Zfa & Zfh)      fp2(F16, maxm);
            FroundH "fround.h"                 "01000 10 00100 sssss mmm ddddd 1010011"       Float1Rounded            (Zfa & Zfh)      fp1(F16, round);
            FroundnxH "froundnx.h"             "01000 10 00101 sssss mmm ddddd 1010011"       Float1Rounded            (Zfa & Zfh)      fp1(F16, round_exact);
            FleqH "fleq.h"                     "10100 10 ttttt sssss 100 ddddd 1010011"       FloatCompare             (Zfa & Zfh)      fcmp(F16, le_quiet);
            FltqH "fltq.h"                     "10100 10 ttttt sssss 101 ddddd 1010011"       FloatCompare             (Zfa & Zfh)      fcmp(F16, lt_quiet);
            FcvtmodWD "fcvtmod.w.d"            "11000 01 01000 sssss 001 ddddd 1010011"       FloatToIntegerTowardZero (Zfa & D)        fto(F64, to_i32_modular);
        }
    };
}

pub(crate) use for_each_instruction;
