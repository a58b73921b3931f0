//! The guests whose figures are looked at: tests of our own suite, and programs made for it.

mod programs;

use crate::support::guest::guest;
use pagewalk::board::{Machine, MachineConfig};
use pagewalk::loader;
use pagewalk::mem::PhysAddr;
use programs::*;
use std::path::Path;

/// A guest.
pub(super) struct Guest {
    pub(super) name: &'static str,
    /// Whether it fences wherever the manual demands it, so that no TLB can be told from another.
    pub(super) fences: bool,
    program: Program,
}

enum Program {
    /// A built file of `riscv-tests/own/elf`, named like the guest.
    Own,
    /// Assembly for S-mode, in tables that are built around it.
    Built(fn(&mut Tables), &'static str),
    /// Assembly for M-mode alone.
    Bare(&'static str),
}

const fn own(name: &'static str) -> Guest {
    Guest {
        name,
        fences: true,
        program: Program::Own,
    }
}

const fn built(
    name: &'static str,
    fences: bool,
    tables: fn(&mut Tables),
    source: &'static str,
) -> Guest {
    Guest {
        name,
        fences,
        program: Program::Built(tables, source),
    }
}

pub(super) const GUESTS: &[Guest] = &[
    own("pw64ui-v-paging"),
    own("pw64ui-v-misaligned"),
    own("pw64ui-v-user-traps"),
    own("pw64ui-v-self-modifying"),
    own("pw64ua-v-amo-pages"),
    own("pw64uc-v-mixed-pages"),
    own("pw64uf-v-convert"),
    own("pw64si-p-asid"),
    own("pw64si-p-superpages"),
    own("pw64si-p-sfence"),
    own("pw64si-p-svinval"),
    own("pw64si-p-svadu"),
    own("pw64si-p-svnapot"),
    own("pw64si-p-permissions"),
    own("pw64si-p-straddle-data"),
    own("pw64si-p-straddle-fetch"),
    own("pw64mi-p-mprv"),
    own("pw64mi-p-pmp-translated"),
    own("pw64uzicbo-p-cbo_faults"),
    built("thrash", true, thrash_tables, THRASH),
    built("spaces", true, space_tables, SPACES),
    built("sizes", true, size_tables, SIZES),
    built("denials", true, denial_tables, DENIALS),
    built(
        "a page grows and shrinks unfenced",
        false,
        resize_tables,
        RESIZE,
    ),
    built(
        "three sizes at one address unfenced",
        false,
        three_sizes_tables,
        THREE_SIZES,
    ),
];

const ASID_WIDTH_GUEST: Guest = Guest {
    name: "asid width",
    fences: false,
    program: Program::Bare(ASID_WIDTH),
};

pub(super) fn named(name: &str) -> &'static Guest {
    let mut all = GUESTS.iter().chain([&ASID_WIDTH_GUEST]);
    all.find(|guest| guest.name == name).expect("a guest")
}

const RAM: u64 = 0x8000_0000;
/// Page tables from here on.
const TABLES: u64 = RAM + 0x10_0000;
/// What pages map.
const FRAMES: u64 = RAM + 0x20_0000;

const R: u64 = 2;
const W: u64 = 4;
const X: u64 = 8;
const U: u64 = 0x10;
const G: u64 = 0x20;
const A: u64 = 0x40;
const D: u64 = 0x80;
const NAPOT: u64 = 1 << 63;

/// Page tables in a machine's RAM. The program, and the tables themselves, are mapped where they
/// are, by pages of 4 KiB that are in every address space.
pub(super) struct Tables<'a> {
    machine: &'a mut Machine,
    next: u64,
    roots: Vec<u64>,
}

impl<'a> Tables<'a> {
    fn new(machine: &'a mut Machine) -> Self {
        Self {
            machine,
            next: TABLES,
            roots: Vec::new(),
        }
    }

    fn load(&self, at: u64) -> u64 {
        let ram = self.machine.bus().ram();
        ram.load(PhysAddr(at), 8).expect("an address in RAM")
    }

    fn store(&mut self, at: u64, value: u64) {
        let ram = self.machine.bus_mut().ram_mut();
        ram.store(PhysAddr(at), 8, value)
            .expect("an address in RAM");
    }

    fn page(&mut self) -> u64 {
        self.next += 0x1000;
        self.next - 0x1000
    }

    /// A new address space; the number of its root.
    fn space(&mut self) -> usize {
        let root = self.page();
        self.roots.push(root);
        let space = self.roots.len() - 1;
        for page in 0..0x200 {
            let at = RAM + page * 0x1000;
            self.map(space, at, at, 0, R | W | X | G | A | D);
        }
        space
    }

    /// The address of the entry for `va` at a level, with tables made down to there.
    fn entry(&mut self, space: usize, va: u64, level: u64) -> u64 {
        let mut table = self.roots[space];
        for above in (level + 1..3).rev() {
            let at = table + (va >> (12 + 9 * above) & 511) * 8;
            if self.load(at) & 1 == 0 {
                let below = self.page();
                self.store(at, below >> 2 | 1);
            }
            table = self.load(at) << 2 & !0xfff;
        }
        table + (va >> (12 + 9 * level) & 511) * 8
    }

    fn map(&mut self, space: usize, va: u64, pa: u64, level: u64, bits: u64) {
        let at = self.entry(space, va, level);
        self.store(at, pa >> 12 << 10 | bits | 1);
    }

    /// The program gets a value in a register that nothing before it writes.
    fn register(&mut self, number: u8, value: u64) {
        self.machine.hart_mut().set_x(number, value);
    }
}

/// Goes to S-mode with the `satp` in `s0`, and in `s11` what it is to handle itself. An `ecall` is a pass; other traps go to the guest's own
/// handler, at `trap`, with `t6` the cause.
const ENTER: &str = "
    la t0, machine_trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 31
    csrw pmpcfg0, t0
    li t0, 1
    slli t0, t0, 11
    csrw mstatus, t0
    csrw satp, s0
    csrw medeleg, s11
    # Cache-block operations are for everyone.
    li t0, 0xf0
    csrs menvcfg, t0
    la t0, body
    csrw mepc, t0
    mret
machine_trap:
    csrr t6, mcause
    li t5, 8
    beq t6, t5, pass
    li t5, 9
    beq t6, t5, pass
    j trap
body:
";

/// Any trap but the last ecall fails the guest.
const NO_TRAPS: &str = "
trap:
    addi a0, t6, 0
    j exit
";

const S0: u8 = 8;
const S1: u8 = 9;
const S11: u8 = 27;
const SV39: u64 = 8 << 60;

impl Guest {
    /// A machine with the guest in it.
    pub(super) fn machine(&self, config: &MachineConfig) -> Machine {
        let bytes = match self.program {
            Program::Own => {
                let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../riscv-tests/own/elf");
                std::fs::read(folder.join(self.name)).expect(self.name)
            }
            Program::Built(_, source) => guest(&format!("{ENTER}{source}{NO_TRAPS}")).build(),
            Program::Bare(source) => guest(source).build(),
        };
        let mut guest = loader::Guest::from_bytes(self.name, bytes).expect(self.name);
        let console = Box::new(std::io::sink());
        let mut machine = Machine::new(config, &mut guest, console).expect(self.name);
        if let Program::Built(build, _) = self.program {
            let mut tables = Tables::new(&mut machine);
            let space = tables.space();
            let root = tables.roots[space];
            tables.register(S0, SV39 | 1 << 44 | root >> 12);
            build(&mut tables);
        }
        machine
    }
}
