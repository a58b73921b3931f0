//! Programs that loop over a few pages of code, store to it, remap it, and fence.

use super::pair::Pair;
use crate::support::random::Random;
use pagewalk::board::{Machine, MachineConfig, MemoryMap};
use pagewalk::hart::csr;
use pagewalk::isa::{Isa, Op, Privilege, assemble, encode};
use pagewalk::mem::PhysAddr;

const RAM: u64 = MemoryMap::RAM;
/// Pages of code, one after the other.
const CODE: u64 = RAM + 0x1_0000;
const CODE_PAGES: u64 = 3;
/// Where those who trap go on.
const HANDLER: u64 = RAM + 0x2_0000;
const DATA: u64 = RAM + 0x8_0000;
const TABLES: u64 = RAM + 0x4_0000;
/// Another mapping of the same 2 MiB.
const ALIAS: u64 = RAM + 0x20_0000;
/// A third, in which the pages of code are mixed.
const MIXED: u64 = RAM + 0x40_0000;

/// Registers that hold addresses.
const POINTERS: [u8; 10] = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17];

const TLBS: [&str; 7] = [
    "default",
    "1x1",
    "i=4x1,d=4x2:lru",
    "u=4x2",
    "i=2,d=3,l2=4x2",
    "u=2x2:random=5",
    "off",
];

/// What a program is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mix {
    pub(crate) float: bool,
    pub(crate) atomics: bool,
    pub(crate) harts: usize,
}

struct Program<'a> {
    random: &'a mut Random,
    code: Vec<u8>,
    mix: Mix,
}

fn word(line: &str) -> u32 {
    let insn = assemble(&line.replacen(' ', "\t", 1), 0);
    encode(&insn.unwrap_or_else(|error| panic!("{line}: {error}"))).unwrap()
}

impl Program<'_> {
    fn chance(&mut self, percent: usize) -> bool {
        self.random.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.below(from.len())]
    }

    fn push(&mut self, word: u32) {
        self.code.extend(word.to_le_bytes());
    }

    fn line(&mut self, line: &str) {
        self.push(word(line));
    }

    fn register(&mut self) -> u8 {
        self.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 18, 19])
    }

    fn pointer(&mut self) -> u8 {
        self.pick(&POINTERS)
    }

    /// An instruction of the table whose operands lead somewhere.
    fn any(&mut self) {
        let rows = Op::rows();
        let row = &rows[self.random.below(rows.len())];
        let (value, mask) = row.fixed_bits();
        if row.length() == 2 {
            return;
        }
        let mut bits = self.random.next() as u32;
        let opcode = value & 0x7f;
        let float = matches!(opcode, 0x07 | 0x27 | 0x43 | 0x47 | 0x4b | 0x4f | 0x53);
        if float && !self.mix.float && self.chance(90)
            || opcode == 0x2f && !self.mix.atomics && self.chance(90)
            || matches!(opcode, 0x73 | 0x63 | 0x6f | 0x67)
        {
            return;
        }
        let mut set = |shift: u32, width: u32, value: u32| {
            let field = ((1u32 << width) - 1) << shift;
            bits = bits & !field | value << shift & field;
        };
        let memory = matches!(opcode, 0x03 | 0x07 | 0x23 | 0x27 | 0x2f | 0x0f);
        if !matches!(opcode, 0x23 | 0x27) {
            set(7, 5, self.register().into());
        }
        set(20, 5, self.register().into());
        if memory {
            set(15, 5, self.pointer().into());
            if matches!(opcode, 0x03 | 0x07) {
                let imm = self.immediate();
                set(20, 12, imm);
            }
            if matches!(opcode, 0x23 | 0x27) {
                let imm = self.immediate();
                set(7, 5, imm & 31);
                set(25, 7, imm >> 5);
            }
        } else if float {
            // Any register, and mostly a rounding mode that exists.
            set(12, 3, self.pick(&[0, 7, 7, 0, 1, 2, 3, 4]));
            set(15, 5, self.random.below(8) as u32);
            set(20, 5, self.random.below(8) as u32);
            set(27, 5, self.random.below(8) as u32);
            set(7, 5, self.random.below(8) as u32);
        } else {
            set(15, 5, self.register().into());
        }
        let word = value | bits & !mask;
        self.push(word);
    }

    fn immediate(&mut self) -> u32 {
        match self.random.below(4) {
            0 => self.random.next() as u32 & 0xfff,
            1 => 0,
            _ => self.random.next() as u32 & 0x38,
        }
    }

    /// A branch or jump, mostly not far.
    fn jump(&mut self) {
        let at = self.code.len() as i64;
        let distance = if self.chance(80) { 48 } else { 2000 };
        let back = if self.chance(15) { distance } else { 0 };
        let mut target = at + 4 + 2 * (self.random.below(distance + back) as i64 - back as i64);
        let end = (CODE_PAGES * 4096) as i64;
        if !(0..end).contains(&target) {
            target = at + 8;
        }
        let offset = target - at;
        let (a, b) = (self.register(), self.register());
        let line = match self.random.below(4) {
            0 => format!("jal x{a},{offset}"),
            1 => format!("jal x0,{offset}"),
            _ => {
                let name = self.pick(&["beq", "bne", "blt", "bge", "bltu", "bgeu"]);
                format!("{name} x{a},x{b},{offset}")
            }
        };
        self.line(&line);
    }

    fn jump_register(&mut self) {
        let (a, b) = (self.pick(&[1, 5, 6]), self.pick(&[0, 1, 5, 6]));
        let offset = self.pick(&[8, 12, 16, 64, 8, 10]);
        match self.random.below(3) {
            0 => {
                // Into the same page through another mapping.
                let other = self.pick(&[ALIAS - RAM, MIXED - RAM, RAM.wrapping_sub(ALIAS)]);
                self.line(&format!("auipc x{a},{}", other >> 12 & 0xfffff));
            }
            _ => self.line(&format!("auipc x{a},0")),
        }
        self.line(&format!("jalr x{b},{offset}(x{a})"));
    }

    fn system(&mut self) {
        let (a, b, p) = (self.register(), self.register(), self.pointer());
        let csr = self.pick(&[
            "fflags",
            "frm",
            "fcsr",
            "instret",
            "cycle",
            "time",
            "sstatus",
            "mstatus",
            "mscratch",
            "sscratch",
            "minstret",
            "sie",
            "sip",
            "mie",
            "mip",
            "satp",
            "mcycle",
            "stimecmp",
            "senvcfg",
            "mcountinhibit",
            "medeleg",
            "misa",
            "pmpcfg0",
            "pmpaddr0",
            "mcause",
        ]);
        let line = match self.random.below(14) {
            0 => "sfence.vma x0,x0".into(),
            1 => format!("sfence.vma x{p},x0"),
            2 => "fence.i".into(),
            3 => "ecall".into(),
            4 => format!("csrrw x{a},{csr},x0"),
            5 | 6 => format!("csrrs x{a},{csr},x0"),
            7 => format!("csrrs x{a},{csr},x{b}"),
            8 => format!("csrrc x{a},{csr},x{b}"),
            9 => format!("csrrsi x{a},fflags,{}", self.random.below(32)),
            10 => format!("csrrwi x{a},frm,{}", self.pick(&[0, 0, 0, 1, 2, 3, 4, 5])),
            11 => {
                // FS, SUM, MXR.
                let high = self.pick(&[2, 4, 6, 0x40, 0x80]);
                self.line(&format!("lui x{a},{high}"));
                let name = self.pick(&["csrrs", "csrrc"]);
                let status = self.pick(&["sstatus", "mstatus"]);
                format!("{name} x{b},{status},x{a}")
            }
            12 => self
                .pick(&["mret", "sret", "wfi", "ebreak", "fence iorw,iorw"])
                .into(),
            _ => "sfence.vma x0,x0".into(),
        };
        self.line(&line);
    }

    /// Changes a page-table entry and may fence it.
    fn table(&mut self) {
        let page = CODE / 4096 % 512 + self.random.below(CODE_PAGES as usize + 1) as u64;
        let page = if self.chance(50) {
            page
        } else {
            DATA / 4096 % 512 + self.random.below(4) as u64
        };
        let table = self.random.below(3) as u64 * 4096;
        // x20 is the first of the tables' last levels; x21 an entry.
        let offset = table + page * 8;
        self.line(&format!("lui x22,{}", (offset + 0x800) >> 12));
        self.line("add x22,x22,x20");
        let low = (offset as i64) << 52 >> 52;
        if self.chance(30) {
            let bit = self.pick(&[1, 2, 4, 8, 64, 128]);
            self.line(&format!("ld x23,{low}(x22)"));
            self.line(&format!("xori x23,x23,{bit}"));
            self.line(&format!("sd x23,{low}(x22)"));
        } else {
            let other = (page ^ 1) * 8;
            let low_other = ((table + other) as i64) << 52 >> 52;
            self.line(&format!("ld x23,{low}(x22)"));
            self.line(&format!("ld x24,{low_other}(x22)"));
            self.line(&format!("sd x24,{low}(x22)"));
            self.line(&format!("sd x23,{low_other}(x22)"));
        }
        if self.chance(70) {
            self.line("sfence.vma x0,x0");
        }
    }

    /// Stores an instruction to code near here, or anywhere.
    fn change_code(&mut self) {
        let near = self.random.below(64) as i64 * 2 - 60;
        let (a, b) = (self.pick(&[1, 5, 6]), self.pick(&[2, 7]));
        let word = word(self.pick(&[
            "addi x3,x3,1",
            "addi x4,x3,7",
            "xori x4,x4,1",
            "ld x3,0(x8)",
            "ecall",
            "jal x0,8",
        ]));
        self.line(&format!("lui x{b},{}", (word.wrapping_add(0x800)) >> 12));
        self.line(&format!("addi x{b},x{b},{}", (word as i32) << 20 >> 20));
        let far = self.pick(&[0, 0, 1, (ALIAS - RAM) >> 12]);
        self.line(&format!("auipc x{a},{far}"));
        let size = self.pick(&["sw", "sw", "sh", "sb", "sd"]);
        self.line(&format!("{size} x{b},{near}(x{a})"));
    }

    fn build(&mut self) {
        let end = (CODE_PAGES * 4096) as usize;
        let (jumps, system) = (self.pick(&[4, 12, 20]), self.pick(&[2, 6, 12]));
        let tables = self.pick(&[0, 0, 1, 4]);
        let changes = self.pick(&[0, 1, 3]);
        while self.code.len() < end - 40 {
            let left = end - self.code.len();
            let roll = self.random.below(100);
            if roll < jumps {
                self.jump();
            } else if roll < jumps + system {
                self.system();
            } else if roll < jumps + system + tables && left > 80 {
                self.table();
            } else if roll < jumps + system + tables + changes {
                self.change_code();
            } else if roll < 42 {
                self.jump_register();
            } else if roll < 55 {
                let half = self.random.next() as u16;
                if half & 3 != 3 && half >> 13 != 0 {
                    self.code.extend(half.to_le_bytes());
                }
            } else {
                self.any();
            }
        }
        let back = -(self.code.len() as i64);
        self.line(&format!("jal x0,{back}"));
        self.code.resize(end, 0);
    }
}

fn write(machine: &mut Machine, at: u64, bytes: &[u8]) {
    let length = bytes.len() as u64;
    let place = machine.bus_mut().ram_mut().slice_mut(PhysAddr(at), length);
    place.unwrap().copy_from_slice(bytes);
}

fn write_word(machine: &mut Machine, at: u64, word: u64) {
    write(machine, at, &word.to_le_bytes());
}

/// Sv39 tables: RAM where it is, the same again, and once more with pages exchanged.
fn tables(machine: &mut Machine, user: bool) -> u64 {
    let root = TABLES;
    let middle = TABLES + 0x1000;
    write_word(machine, root + 8 * (RAM >> 30), middle >> 2 | 1);
    for n in 0..3 {
        let last = TABLES + 0x2000 + n * 0x1000;
        write_word(machine, middle + 8 * n, last >> 2 | 1);
        for page in 0..256 {
            let target = if n == 2 { page ^ 1 } else { page };
            let rights = match page {
                0x84 => 0xc3,
                0x85 => 0x4f,
                0x86 => 0x0f,
                0x87 => 0,
                _ => 0xcf,
            };
            let user = if user != (page == 0x83) { 0x10 } else { 0 };
            write_word(
                machine,
                last + 8 * page,
                ((RAM >> 12) + target) << 10 | rights | user,
            );
        }
    }
    // Its devices.
    write_word(machine, root, 0xcf);
    8 << 60 | root >> 12
}

/// A pair of machines with a random program.
pub(crate) fn pair(seed: u64) -> (Pair, Mix, &'static str) {
    let random = &mut Random(seed);
    let mix = Mix {
        float: random.below(3) == 0,
        atomics: random.below(3) == 0,
        harts: if random.below(4) == 0 {
            2 + random.below(7)
        } else {
            1
        },
    };
    let tlb = TLBS[random.below(TLBS.len())];
    let isa = [
        "",
        "",
        "",
        "",
        "rv64imac_zicsr_zifencei",
        "rv64imafd_zicsr_zifencei",
    ][random.below(6)];
    let config = MachineConfig {
        memory: 1 << 20,
        harts: mix.harts,
        isa: if isa.is_empty() {
            Isa::default()
        } else {
            Isa::parse(isa).unwrap()
        },
        instructions_per_tick: [1, 3, 100][random.below(3)],
        tlb: tlb.parse().unwrap(),
        check: random.below(4) == 0,
        ..MachineConfig::default()
    };
    let mut program = Program {
        random,
        code: Vec::new(),
        mix,
    };
    program.build();
    let code = program.code;
    let state = random.next();
    let pair = Pair::new(&config, |machine| set_up(machine, &code, state));
    (pair, mix, tlb)
}

fn set_up(machine: &mut Machine, code: &[u8], state: u64) {
    let random = &mut Random(state);
    write(machine, CODE, code);
    let noise: Vec<u8> = (0..0x1000)
        .flat_map(|_| random.next().to_le_bytes())
        .collect();
    write(machine, DATA, &noise);
    if random.below(4) == 0 {
        let at = [CODE, DATA][random.below(2)] + 8 * random.below(0x200) as u64;
        machine
            .bus_mut()
            .memory_mut()
            .set_doorbell(Some(PhysAddr(at)));
    }
    // Skips what trapped; goes on somewhere else if that was a fetch.
    let handler = [
        "csrrw x31,mscratch,x31",
        "csrrs x30,mcause,x0",
        "blt x30,x0,56",
        "addi x29,x30,-1",
        "bgeu x0,x29,28",
        "addi x29,x30,-12",
        "beq x29,x0,20",
        "csrrs x30,mepc,x0",
        "addi x30,x30,4",
        "addi x29,x27,1",
        "jal x0,16",
        "addi x27,x27,1109",
        "and x30,x27,x26",
        "add x30,x30,x28",
        "csrrw x0,mepc,x30",
        "jal x0,8",
        // An interrupt: it is switched off.
        "csrrw x0,mie,x0",
        "csrrw x31,mscratch,x31",
        "mret",
    ];
    for (n, line) in handler.into_iter().enumerate() {
        write(machine, HANDLER + 4 * n as u64, &word(line).to_le_bytes());
    }
    let privilege = [
        Privilege::Machine,
        Privilege::Supervisor,
        Privilege::Supervisor,
        Privilege::User,
    ][random.below(4)];
    let satp = tables(machine, privilege == Privilege::User);
    let translated = random.below(4) != 0;
    let mstatus =
        random.next() & 0x000e_79aa | [0, 0x2000, 0x4000, 0x6000, 0x6000][random.below(5)];
    let ints: Vec<u64> = (0..32)
        .map(|_| match random.below(4) {
            0 => random.next(),
            1 => random.next() >> 32,
            2 => random.below(20) as u64,
            _ => (random.below(20) as u64).wrapping_neg(),
        })
        .collect();
    let floats: Vec<u64> = (0..32).map(|_| float(random)).collect();
    let mut pointers: Vec<u64> = POINTERS
        .iter()
        .map(|_| match random.below(14) {
            0 => CODE + random.below(0x3000) as u64,
            1 => ALIAS + 0x1_0000 + random.below(0x3000) as u64,
            2 => DATA + 0x4000 + 8 * random.below(0x800) as u64,
            3 => DATA + 0x1000 - random.below(16) as u64,
            4 => RAM + (1 << 20) - random.below(64) as u64,
            5 => 0x0200_4000,
            6 => DATA + 0x3000 + 8 * random.below(0x200) as u64,
            7 => 0x1000_0000,
            8 => random.next(),
            9 => MIXED + 0x8_0000 + 8 * random.below(0x200) as u64,
            _ => DATA + 8 * random.below(0x400) as u64,
        })
        .collect();
    pointers[0] = DATA + 8 * random.below(0x200) as u64;
    for hart in machine.harts_mut() {
        for n in 0..32u8 {
            hart.set_x(n, ints[usize::from(n)]);
            hart.set_f(n, floats[usize::from(n)]);
        }
        for (n, &pointer) in POINTERS.iter().zip(&pointers) {
            hart.set_x(*n, pointer);
        }
        hart.set_x(20, TABLES + 0x2000);
        hart.set_x(26, 0x2ffe);
        hart.set_x(28, CODE);
        hart.write_csr(0x305, HANDLER);
        hart.write_csr(0x3b0 + 15, u64::MAX);
        hart.write_csr(0x3a2, 0x1f << 56);
        hart.write_csr(0x306, 7);
        hart.write_csr(0x106, 7);
        hart.write_csr(0x30a, random.next() | 1 << 63 | 1 << 61);
        if translated {
            hart.write_csr(csr::SATP, satp);
        }
        hart.write_csr(0x300, mstatus);
        hart.privilege = privilege;
        hart.pc = CODE;
        hart.changed_from_outside();
    }
}

/// Numbers of both formats, boxed or not, among them what is at the edges.
fn float(random: &mut Random) -> u64 {
    let high = [
        0x7ff0, 0x7ff8, 0x7fef, 0x3ff0, 0, 0x8000, 0x0010, 0xfff0, 0x4000, 0x3f80, 0x7f80, 0xbf80,
    ][random.below(12)];
    match random.below(6) {
        0 => high << 48 | random.next() & 3,
        1 => 0xffff_ffff_0000_0000 | high << 16 | random.next() & 3,
        2 => 0xffff_ffff_0000_0000 | random.next() >> 32,
        3 => high << 48,
        4 => 0xffff_ffff_0000_0000 | high << 16,
        _ => random.next(),
    }
}

/// Somewhere in the code.
pub(crate) fn place(random: &mut Random) -> u64 {
    let base = if random.below(8) == 0 {
        ALIAS + 0x1_0000
    } else {
        CODE
    };
    base + 2 * random.below(CODE_PAGES as usize * 2048) as u64
}
