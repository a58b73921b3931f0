//! Single situations, compared after every instruction and in larger steps.

use super::pair::Pair;
use crate::support::random::Random;
use pagewalk::board::{Machine, MachineConfig, MemoryMap};
use pagewalk::isa::{assemble, encode};
use pagewalk::mem::{PhysAddr, Ram};

const RAM: u64 = MemoryMap::RAM;

fn word(line: &str) -> u32 {
    let insn = assemble(&line.replacen(' ', "\t", 1), 0);
    encode(&insn.unwrap_or_else(|error| panic!("{line}: {error}"))).unwrap()
}

fn put(machine: &mut Machine, at: u64, lines: &str) {
    let lines = lines
        .split(';')
        .map(str::trim)
        .filter(|line| !line.is_empty());
    for (n, line) in lines.enumerate() {
        let at = PhysAddr(at + 4 * n as u64);
        machine
            .bus_mut()
            .ram_mut()
            .store(at, 4, word(line).into())
            .unwrap();
    }
}

fn config(harts: usize) -> MachineConfig {
    MachineConfig {
        memory: 1 << 20,
        harts,
        instructions_per_tick: 1,
        ..MachineConfig::default()
    }
}

/// Runs a pair in steps of each of these sizes.
fn agree(what: &str, instructions: u64, pair: impl Fn() -> Pair) {
    for step in [1, 2, 3, 7, 17, 70, 100_000] {
        let mut pair = pair();
        let mut to = 0;
        while to < instructions {
            to = instructions.min(to + step);
            if let Err(error) = pair.run_to(to) {
                panic!("{what}, steps of {step}, to {to}: {error}");
            }
        }
    }
}

fn program(harts: usize, lines: &'static str) -> Pair {
    Pair::new(&config(harts), |machine| {
        put(machine, RAM, lines);
        for hart in machine.harts_mut() {
            hart.pc = RAM;
            hart.set_x(8, RAM + 0x8000);
            hart.set_x(9, RAM);
            hart.write_csr(0x300, 0x6000);
        }
    })
}

/// What the fast arrays know of RAM must not outlive it.
#[test]
fn ram_that_is_exchanged_is_the_new_one() {
    let lines = "addi x5,x5,1; sd x5,0(x8); ld x6,0(x8); jal x0,-12";
    let mut pair = program(1, lines);
    pair.run_to(100).unwrap();
    // Kept, so that what goes wrong shows.
    let mut old = Vec::new();
    for machine in [&mut pair.reference, &mut pair.threaded] {
        let mut other = Ram::new(PhysAddr(RAM), 1 << 20).unwrap();
        for n in 0..8 {
            let at = PhysAddr(RAM + 4 * n);
            other.store(at, 4, machine.bus().ram().load(at, 4).unwrap());
        }
        std::mem::swap(machine.bus_mut().ram_mut(), &mut other);
        old.push(other);
    }
    let before: Vec<u64> = old
        .iter()
        .map(|ram| ram.load(PhysAddr(RAM + 0x8000), 8).unwrap())
        .collect();
    let result = pair.run_to(200);
    let after: Vec<u64> = old
        .iter()
        .map(|ram| ram.load(PhysAddr(RAM + 0x8000), 8).unwrap())
        .collect();
    assert_eq!(
        before, after,
        "stores went to RAM that the machine no longer has"
    );
    result.unwrap();
}

/// The same for a machine that gets another machine's bus.
#[test]
fn a_bus_that_is_exchanged_is_the_new_one() {
    let lines = "addi x5,x5,1; sd x5,0(x8); ld x6,0(x8); jal x0,-12";
    let mut a = program(1, lines);
    let mut b = program(1, "addi x5,x5,2; sd x5,0(x8); ld x6,0(x8); jal x0,-12");
    a.run_to(100).unwrap();
    std::mem::swap(a.reference.bus_mut(), b.reference.bus_mut());
    std::mem::swap(a.threaded.bus_mut(), b.threaded.bus_mut());
    a.run_to(200).unwrap();
    b.compare().unwrap();
}

#[test]
fn reservations_and_stores_of_several_harts() {
    let lines = "csrrs x5,mhartid,x0; addi x6,x5,1; lr.d x7,(x8); add x7,x7,x6; sc.d x10,x7,(x8); add x11,x11,x10; \
         amoadd.d x12,x6,(x8); lr.w x13,(x8); sd x6,64(x8); sw x5,8(x8); sc.w x0,x6,(x8); lr.d x0,(x8); \
         amoswap.w x0,x5,(x8); sc.d x14,x5,(x8); jal x0,-48";
    for harts in [1, 2, 3, 8] {
        let what = format!("{harts} harts");
        for step in [1, 333, 4999, 40_000] {
            let mut pair = program(harts, lines);
            let mut to = 0;
            let end = if step == 1 { 100 } else { 80_000 };
            while to < end {
                to += step;
                pair.run_to(to)
                    .unwrap_or_else(|error| panic!("{what} {step} {to}: {error}"));
            }
        }
    }
}

#[test]
fn code_that_another_hart_or_the_host_changes() {
    // Hart 0 runs a loop; hart 1 changes an instruction of it each time.
    let lines = "csrrs x5,mhartid,x0; bne x5,x0,20; addi x6,x6,1; addi x6,x6,2; addi x6,x6,3; jal x0,-12; \
         lw x7,12(x9); xori x7,x7,0; addi x10,x10,1; lui x11,256; add x7,x7,x11; sw x7,12(x9); jal x0,-24";
    let mut pair = program(2, lines);
    let random = &mut Random(1);
    let mut to = 0;
    for n in 0..500 {
        to += 1 + random.below(300) as u64;
        pair.run_to(to)
            .unwrap_or_else(|error| panic!("{to}: {error}"));
        let add = word("addi x6,x6,5") | (n & 0x3ff) << 20;
        match n % 3 {
            0 => pair.both(|machine| {
                let at = PhysAddr(RAM + 16);
                machine
                    .bus_mut()
                    .memory_mut()
                    .store_from_device(at, &add.to_le_bytes())
                    .unwrap();
            }),
            1 => pair.both(|machine| {
                machine
                    .bus_mut()
                    .ram_mut()
                    .store(PhysAddr(RAM + 8), 4, add.into())
                    .unwrap();
            }),
            _ => {}
        }
    }
}

#[test]
fn instructions_on_two_pages() {
    // 4-byte instructions from 0xffe on, of each kind, with the second half changed, unmapped by PMP, and changed in kind.
    for line in [
        "addi x5,x5,1",
        "ld x5,0(x8)",
        "sd x5,0(x8)",
        "jal x0,-4094",
        "beq x0,x0,-4094",
        "csrrs x5,instret,x0",
        "csrrw x5,mstatus,x6",
        "csrrw x0,satp,x0",
        "ecall",
        "sw x5,4(x9)",
        "sh x6,-4(x12)",
        "sd x6,-2(x12)",
        "sh x6,0(x12)",
        "amoadd.d x5,x6,(x8)",
        "wfi",
        "fadd.d f1,f2,f3",
        "fence.i",
        "sfence.vma x0,x0",
        "lr.d x5,(x8)",
        "csrrw x0,misa,x6",
        "csrrs x5,cycle,x0",
        "csrrw x0,pmpcfg0,x6",
        "mret",
        "lb x5,1(x7)",
        "csrrw x0,menvcfg,x6",
    ] {
        for restart in [true, false] {
            agree(line, 60, || {
                Pair::new(&config(1), |machine| {
                    put(machine, RAM, "addi x10,x10,1; jal x0,4090");
                    put(
                        machine,
                        RAM + 0x100,
                        "csrrs x30,mepc,x0; addi x30,x30,4; csrrw x0,mepc,x30; mret",
                    );
                    let ram = machine.bus_mut().ram_mut();
                    ram.store(PhysAddr(RAM + 0xffe), 4, word(line).into())
                        .unwrap();
                    put(machine, RAM + 0x1002, "addi x11,x11,1; jal x0,-4102");
                    let hart = machine.hart_mut();
                    hart.pc = if restart { RAM } else { RAM + 0xffe };
                    hart.set_x(6, 0x1234_5678_9abc_def1);
                    hart.set_x(8, RAM + 0x8000);
                    hart.set_x(9, RAM);
                    hart.set_x(12, RAM + 0x1000);
                    hart.write_csr(0x305, RAM + 0x100);
                    hart.write_csr(0x341, RAM);
                    hart.write_csr(0x300, 0x7800);
                })
            });
        }
    }
}

#[test]
fn timers_in_the_past_and_near() {
    for late in [-5i64, 0, 1, 2, 3, 10, 64, 65, 100] {
        agree("stimecmp", 150, || {
            Pair::new(&config(1), |machine| {
                put(
                    machine,
                    RAM,
                    "csrrs x5,time,x0; add x5,x5,x6; csrrw x0,stimecmp,x5; addi x7,x7,1; sd x7,0(x8); ld x10,0(x8); addi x7,x7,1; jal x0,-16",
                );
                put(
                    machine,
                    RAM + 0x100,
                    "addi x11,x11,1; csrrs x5,time,x0; add x5,x5,x6; csrrw x0,stimecmp,x5; sd x5,8(x8); mret",
                );
                let hart = machine.hart_mut();
                hart.pc = RAM;
                hart.set_x(6, late as u64);
                hart.set_x(8, RAM + 0x8000);
                hart.write_csr(0x305, RAM + 0x100);
                hart.write_csr(0x30a, 1 << 63);
                hart.write_csr(0x304, 1 << 5);
                hart.write_csr(0x300, 8);
            })
        });
    }
}

#[test]
fn stores_to_the_doorbell_beside_code() {
    agree("doorbell", 300, || {
        let mut pair = program(
            1,
            "addi x5,x5,1; sw x5,1024(x9); addi x6,x6,1; sw x5,1028(x9); sd x5,1032(x9); sd x5,1024(x9); jal x0,-24",
        );
        pair.both(|machine| {
            machine
                .bus_mut()
                .memory_mut()
                .set_doorbell(Some(PhysAddr(RAM + 1024)))
        });
        pair
    });
}

/// Each floating-point instruction on each pair of numbers at the edges.
#[test]
fn floating_point_at_the_edges() {
    let singles = [
        0u32,
        1,
        0x007f_ffff,
        0x0080_0000,
        0x3f80_0000,
        0x3f80_0001,
        0x7f7f_ffff,
        0x7f80_0000,
        0x7fc0_0000,
        0x7fa0_0000,
        0x7f80_0001,
        0x4f00_0000,
        0x4eff_ffff,
        0x5f00_0000,
        0x5eff_ffff,
        0x4b00_0001,
        0x3eff_ffff,
        0x3f00_0000,
        0x3fc0_0000,
        0x4020_0000,
        0x1f80_0000,
        0x2000_0000,
        0x0000_0003,
    ];
    let doubles = [
        0u64,
        1,
        0x000f_ffff_ffff_ffff,
        0x0010_0000_0000_0000,
        0x3ff0_0000_0000_0000,
        0x3ff0_0000_0000_0001,
        0x7fef_ffff_ffff_ffff,
        0x7ff0_0000_0000_0000,
        0x7ff8_0000_0000_0000,
        0x7ff4_0000_0000_0000,
        0x41e0_0000_0000_0000,
        0x41df_ffff_ffc0_0000,
        0x41df_ffff_ffe0_0000,
        0x41e0_0000_0010_0000,
        0x41e0_0000_0020_0000,
        0x43e0_0000_0000_0000,
        0x43df_ffff_ffff_ffff,
        0x3fe0_0000_0000_0000,
        0x3ff8_0000_0000_0000,
        0x36a0_0000_0000_0000,
        0x3690_0000_0000_0000,
        0x380f_ffff_ffff_ffff,
        0x380f_ffff_d000_0000,
        0x47ef_ffff_f000_0000,
        0x2000_0000_0000_0000,
        0x1ff8_0000_0000_0000,
    ];
    let mut values: Vec<u64> = Vec::new();
    for sign in [0, 1u32] {
        values.extend(
            singles
                .iter()
                .map(|bits| u64::from(bits | sign << 31) | 0xffff_ffff << 32),
        );
        values.extend(doubles.iter().map(|bits| bits | u64::from(sign) << 63));
    }
    values.extend([0x3f80_0000, 0x7fff_ffff_7fc0_0000, u64::MAX]);
    let mut lines = Vec::new();
    for f in ["s", "d"] {
        for op in ["fadd", "fsub", "fmul", "fdiv"] {
            lines.push(format!("{op}.{f} f3,f1,f2"));
        }
        for op in ["fsgnj", "fsgnjn", "fsgnjx", "fmin", "fmax"] {
            lines.push(format!("{op}.{f} f3,f1,f2"));
        }
        for op in ["feq", "flt", "fle"] {
            lines.push(format!("{op}.{f} x5,f1,f2"));
            lines.push(format!("{op}.{f} x0,f1,f2"));
        }
        for op in ["fmadd", "fmsub", "fnmadd", "fnmsub"] {
            lines.push(format!("{op}.{f} f3,f1,f2,f4"));
            lines.push(format!("{op}.{f} f3,f1,f4,f2"));
        }
        lines.push(format!("fsqrt.{f} f3,f1"));
        for to in ["w", "l", "wu", "lu"] {
            for rm in ["rne", "rtz", "rdn", "dyn"] {
                let rm = if rm == "dyn" {
                    String::new()
                } else {
                    format!(",{rm}")
                };
                lines.push(format!("fcvt.{to}.{f} x6,f1{rm}"));
                if !(f == "d" && to.starts_with('w')) {
                    lines.push(format!("fcvt.{f}.{to} f3,x7{rm}"));
                }
            }
        }
        lines.push(format!("fcvt.{f}.w f3,x7"));
        lines.push(format!("fcvt.{f}.wu f3,x7"));
        lines.push(format!("fclass.{f} x6,f1"));
    }
    for line in [
        "fcvt.s.d f3,f1",
        "fcvt.d.s f3,f1",
        "fmv.x.w x6,f1",
        "fmv.w.x f3,x7",
        "fmv.x.d x6,f1",
        "fmv.d.x f3,x7",
    ] {
        lines.push(line.into());
    }
    // One program has them all, each followed by a look at the flags or not, and by a store of the result.
    for flags in [false, true] {
        let mut words = Vec::new();
        for line in &lines {
            words.push(word(line));
            words.push(word("fsd f3,0(x8)"));
            words.push(word("add x11,x11,x5"));
            words.push(word("xor x12,x12,x6"));
            if flags {
                words.push(word("csrrw x10,fflags,x0"));
                words.push(word("sd x10,0(x8)"));
            }
            words.push(word("ld x13,0(x8)"));
            words.push(word("add x14,x14,x13"));
            words.push(word("slli x14,x14,1"));
            words.push(word("xor x12,x12,x14"));
        }
        let count = words.len() as u64;
        let mut pair = Pair::new(&config(1), |machine| {
            for (n, word) in words.iter().enumerate() {
                machine
                    .bus_mut()
                    .ram_mut()
                    .store(PhysAddr(RAM + 4 * n as u64), 4, u64::from(*word))
                    .unwrap();
            }
            let hart = machine.hart_mut();
            hart.set_x(8, RAM + 0x8000);
            hart.write_csr(0x300, 0x6000);
        });
        let random = &mut Random(7);
        let mut to = 0;
        let random_ones: Vec<[u64; 2]> = (0..200).map(|_| [random.next(), random.next()]).collect();
        let all: Vec<[u64; 2]> = values
            .iter()
            .flat_map(|a| values.iter().map(|b| [*a, *b]))
            .chain(random_ones)
            .collect();
        // Some of them at each run.
        for &[a, b] in all.iter().step_by(31) {
            let (c, frm) = (
                values[random.below(values.len())],
                [0, 0, 0, 0, 1, 4][random.below(6)],
            );
            let fs = [0x6000, 0x6000, 0x6000, 0x4000][random.below(4)];
            pair.both(|machine| {
                let hart = machine.hart_mut();
                hart.pc = RAM;
                hart.set_f(1, a);
                hart.set_f(2, b);
                hart.set_f(4, c);
                hart.set_x(7, a);
                hart.write_csr(1, 0);
                hart.write_csr(2, frm);
                hart.write_csr(0x300, fs);
            });
            to += count;
            pair.run_light(to)
                .unwrap_or_else(|error| panic!("{a:#x} {b:#x} {c:#x} {frm}: {error}"));
        }
    }
}

#[test]
fn an_instruction_that_writes_two_registers() {
    for lines in [
        "addi x7,x0,7; addi x6,x0,5; amocas.q x6,x10,(x8); addi x12,x6,1; addi x13,x7,1; sd x12,0(x8); jal x0,-24",
        "addi x6,x0,5; addi x7,x0,7; amocas.q x6,x10,(x8); addi x12,x7,1; addi x13,x6,1; sd x13,8(x8); jal x0,-24",
    ] {
        agree(lines, 700, || program(1, lines));
    }
}

/// Straight pieces of the operations that have handlers together, with few registers, so that each is often the result
/// of the one before, or of that before it; accesses that are aligned or not, on one page, on two, and on one that is not
/// RAM; branches forward, small loops, jumps, calls and returns.
#[test]
fn operations_that_follow_each_other_are_the_same_as_alone() {
    const REGISTERS: &str = "addi $d,$a,$i;addi $d,$a,0;addi $d,x0,$i;lui $d,$u;add $d,x0,$a;addiw $d,$a,$i;\
        andi $d,$a,$i;ori $d,$a,$i;slli $d,$a,$s;srli $d,$a,$s;slliw $d,$a,$s;srliw $d,$a,$s;add $d,$a,$b;\
        addw $d,$a,$b;sub $d,$a,$b;subw $d,$a,$b;and $d,$a,$b;or $d,$a,$b;xor $d,$a,$b;mul $d,$a,$b;mulw $d,$a,$b;\
        sltu $d,$a,$b";
    const MEMORY: &str = "ld $d,$o;lw $d,$o;lwu $d,$o;lh $d,$o;lhu $d,$o;lb $d,$o;lbu $d,$o;\
        sd $a,$o;sw $a,$o;sh $a,$o;sb $a,$o;sd x0,$o";
    const BRANCHES: &str = "beq $a,$b,$t;bne $a,$b,$t;blt $a,$b,$t;bge $a,$b,$t;bltu $a,$b,$t;bgeu $a,$b,$t;\
        beq $a,x0,$t;bne $a,x0,$t;blt x0,$a,$t;bge $a,x0,$t;jal x0,$t;jal $d,$t;jalr x1,0(x20);jalr x1,0(x5)";
    // One that writes two registers stands among others that write registers in their own ways.
    const OTHERS: &str = "amoadd.d $d,$a,(x10);amoswap.w $d,$a,(x11);amocas.d $d,$a,(x10);amocas.q x6,x8,(x10);\
        amocas.q x8,x6,(x11);lr.d $d,(x10);sc.d $d,$a,(x10);csrrs $d,mscratch,x0;fence iorw,iorw;fmv.x.d $d,f1;\
        fmv.d.x f1,$a;fcvt.d.l f1,$a,dyn;fcvt.l.d $d,f1,rtz;fsd f1,$o;fld f1,$o;clmul $d,$a,$b;div $d,$a,$b";
    let mut random = Random(0x5eed_7a17);
    for program in 0..200 {
        let mut lines = Vec::new();
        // x5 is a place to call, until something changes it; x6 to x9 hold what comes.
        lines.push("addi x5,x20,0".to_string());
        // Where a loop begins.
        let mut top = None;
        for _ in 0..30 {
            match top {
                None if random.below(4) == 0 => {
                    lines.push(format!("addi x23,x0,{}", random.below(6)));
                    top = Some(lines.len());
                    lines.push("addi x23,x23,-1".to_string());
                }
                Some(begin) if random.below(4) == 0 => {
                    let back = 4 * (lines.len() - begin);
                    lines.push(format!("blt x0,x23,-{back}"));
                    top = None;
                }
                _ => {}
            }
            let from = match random.below(11) {
                0..=4 => REGISTERS,
                10 => OTHERS,
                5..=7 => MEMORY,
                _ => BRANCHES,
            };
            let forms: Vec<&str> = from.split(';').map(str::trim).collect();
            let form = forms[random.below(forms.len())];
            // A call through x5 must find it as it was.
            if form.contains("(x5)") {
                lines.push("addi x5,x20,0".to_string());
            }
            let base = [10, 11, 12, 13][random.below(4)];
            // Often two accesses by one register, as in prologues.
            let times = 1 + usize::from(form.contains("$o")) * random.below(2);
            for _ in 0..times {
                let mut register = || format!("x{}", [0, 6, 7, 8, 9][random.below(5)]);
                let line = form
                    .replace("$d", &register())
                    .replace("$a", &register())
                    .replace("$b", &register());
                let offset = random.below(64) as i64 - 32;
                let offset = if random.below(2) == 0 {
                    offset & !7
                } else {
                    offset
                };
                let line = line
                    .replace("$o", &format!("{offset}(x{base})"))
                    .replace("$i", &format!("{}", random.below(4096) as i64 - 2048))
                    .replace("$u", &format!("{:#x}", random.below(1 << 20)))
                    .replace("$s", &format!("{}", random.below(32)))
                    .replace("$t", &format!("{}", 8 + 4 * random.below(3)));
                lines.push(line);
            }
        }
        // Wherever a branch comes out.
        lines.extend(["addi x0,x0,0"; 4].map(String::from));
        lines.push("addi x21,x21,1".to_string());
        lines.push(format!("jal x0,-{}", 4 * lines.len()));
        let text = lines.join(";");
        let pair = || {
            Pair::new(&config(1), |machine| {
                put(machine, RAM, &text);
                // Called, and where traps go: past the instruction.
                put(machine, RAM + 0x800, "addi x6,x6,1; jalr x0,0(x1)");
                put(
                    machine,
                    RAM + 0xc00,
                    "csrrs x22,mepc,x0; addi x22,x22,4; csrrw x0,mepc,x22; mret",
                );
                for hart in machine.harts_mut() {
                    hart.pc = RAM;
                    hart.set_x(10, RAM + 0x8800);
                    hart.set_x(11, RAM + 0x9000);
                    hart.set_x(12, RAM + 0xa005);
                    hart.set_x(13, RAM + (1 << 20));
                    hart.set_x(20, RAM + 0x800);
                    hart.write_csr(0x300, 0x6000);
                    hart.write_csr(0x305, RAM + 0xc00);
                }
            })
        };
        for (step, end) in [(1, 100), (7, 1050), (4000, 4000)] {
            let mut pair = pair();
            for to in (step..=end).step_by(step as usize) {
                if let Err(error) = pair.run_to(to) {
                    panic!("program {program}, steps of {step}, to {to}: {error}\n{text}");
                }
            }
            // It goes round.
            let rounds = pair.threaded.hart().x(21);
            assert!(
                rounds >= end / 250,
                "program {program}: {rounds} rounds of {end}: {text}"
            );
        }
    }
}
