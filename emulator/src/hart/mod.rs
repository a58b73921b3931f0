//! One hart: registers, CSRs, traps, interrupts, protection, triggers, counters, and its way to
//! memory.

mod check;
mod compare;
mod counters;
pub mod csr;
mod effects;
mod events;
pub(crate) mod fast;
mod memory;
pub mod pmp;
pub mod status;
mod time;
mod translate;
mod trap;
pub mod triggers;

pub use effects::{Effects, MemoryEffect};
pub use events::{Event, Events, Interest};
pub use memory::Fetched;
pub use time::Clock;
pub use trap::{Cause, Trap, TrapTaken};

use crate::isa::{Exception, Extension, ExtensionSet, Interrupt, Isa, Privilege};
use crate::mmu::check::Checker;
use crate::mmu::{Mode, Statistics, Tlb, TlbConfig};
use counters::Counter;
use csr::CsrState;
use fast::Fast;
use pmp::Pmp;
use triggers::Triggers;

/// What a hart is made with.
#[derive(Clone, Debug)]
pub struct HartConfig {
    /// The extensions it has.
    pub isa: Isa,
    /// Steps of the machine's clock per tick of the time base ([`Clock`]).
    pub steps_per_tick: u64,
    /// The shape of the TLB.
    pub tlb: TlbConfig,
}

/// One hart.
#[derive(Clone)]
#[repr(C)]
pub struct Hart {
    /// The integer registers; writes to `x0` go to the sink at index 32.
    pub(crate) x: [u64; 33],
    /// The instruction being executed.
    pub pc: u64,
    /// Where the hart goes after it.
    pub next_pc: u64,
    /// Instructions retired since reset. Every counter of the hart derives from it.
    pub retired: u64,
    /// The floating-point registers, NaN-boxed.
    pub(crate) f: [u64; 32],
    /// Pages of RAM that accesses may reach without a second look.
    pub(crate) fast: Fast,
    /// Of the engine that runs the hart: where its own state is in the host's memory.
    pub(crate) engine: usize,
    /// Of the engine: floating point is on and dirty, and rounds to nearest even.
    pub(crate) float_ready: bool,
    /// The current privilege mode.
    pub privilege: Privilege,
    /// An interrupt may have become takeable: look before the next instruction.
    pub check_interrupts: bool,
    /// A timer was set, so the engine's budget may be too long.
    timer_changed: bool,
    /// `wfi` was executed and nothing woke the hart yet.
    pub waiting: bool,
    /// The hart's number, `mhartid`.
    pub id: usize,
    /// The extensions that are on now: those of the ISA less what `misa` switched off.
    extensions: ExtensionSet,
    /// The CSRs that are just values.
    pub csr: CsrState,
    mcycle: Counter,
    minstret: Counter,
    /// Physical memory protection.
    pub pmp: Pmp,
    /// Debug triggers.
    pub triggers: Triggers,
    /// The modelled TLB.
    pub tlb: Tlb,
    /// `satp` has a mode other than bare, as far as the hits that the fast arrays count go.
    translating: bool,
    /// The RAM that the fast arrays know: [`crate::mem::Ram::number`].
    ram_number: u64,
    /// Which pages were watched when the fast arrays last looked.
    flag_generation: u64,
    /// What the sanitizer had said when the fast arrays last looked.
    checked: check::Seen,
    /// What the current instruction did, if anyone watches.
    pub effects: Effects,
    /// What happened in the MMU meanwhile, if anyone watches.
    pub events: Events,
    statistics: Statistics,
    /// The sanitizer of the machine, while it is this hart's turn.
    pub checker: Option<Box<Checker>>,
    isa: Isa,
    /// Steps of the machine's clock per tick of the time base.
    steps_per_tick: u64,
    /// Steps of the machine's clock in which the hart retired nothing: other harts' turns, and
    /// turns that it let pass. Always zero where there is one hart.
    steps_elsewhere: u64,
    /// Ticks that time is ahead of what the steps say: `wfi` skips, and `mtime` is writable.
    time_ahead: u64,
    /// The CLINT's compare value for this hart.
    mtimecmp: u64,
}

impl Hart {
    /// A hart after reset: M-mode, everything else zero. The board sets the pc.
    pub fn new(id: usize, config: &HartConfig) -> Self {
        let mut hart = Self {
            x: [0; 33],
            pc: 0,
            next_pc: 0,
            retired: 0,
            f: [0; 32],
            fast: Fast::default(),
            engine: 0,
            float_ready: false,
            privilege: Privilege::Machine,
            check_interrupts: false,
            timer_changed: false,
            waiting: false,
            id,
            extensions: config.isa.extensions(),
            csr: CsrState::default(),
            mcycle: Counter::Running(0),
            minstret: Counter::Running(0),
            pmp: Pmp::new(config.isa.has(Extension::Smepmp)),
            triggers: Triggers::new(),
            tlb: Tlb::new(config.tlb).unwrap_or_default(),
            translating: false,
            ram_number: 0,
            flag_generation: 0,
            checked: check::Seen::default(),
            effects: Effects::default(),
            events: Events::default(),
            statistics: Statistics::default(),
            checker: None,
            isa: config.isa,
            steps_per_tick: config.steps_per_tick.max(1),
            steps_elsewhere: 0,
            time_ahead: 0,
            mtimecmp: u64::MAX,
        };
        hart.csr.misa = hart.isa.misa();
        hart.csr.stimecmp = u64::MAX;
        hart.csr.mstatus = (hart.least_privilege() as u64) << status::MPP_SHIFT;
        if hart.isa.has(Extension::U) {
            hart.csr.mstatus |= status::UXL_64;
        }
        if hart.isa.has(Extension::S) {
            hart.csr.mstatus |= status::SXL_64;
        }
        if hart.isa.has(Extension::Svadu) && !hart.isa.has(Extension::Svade) {
            hart.csr.menvcfg |= csr::MENVCFG_ADUE;
        }
        hart
    }

    /// An integer register.
    #[inline]
    pub fn x(&self, index: u8) -> u64 {
        self.x[usize::from(index & 31)]
    }

    /// Sets an integer register; `x0` stays zero.
    #[inline]
    pub fn set_x(&mut self, index: u8, value: u64) {
        let slot = if index == 0 { 32 } else { index & 31 };
        self.x[usize::from(slot)] = value;
    }

    /// The integer registers, `x0` to `x31`.
    pub fn integer_registers(&self) -> &[u64] {
        &self.x[..32]
    }

    /// A floating-point register, as the 64 bits it holds.
    #[inline]
    pub fn f(&self, index: u8) -> u64 {
        self.f[usize::from(index & 31)]
    }

    /// Sets a floating-point register. The floating-point state becomes dirty.
    #[inline]
    pub fn set_f(&mut self, index: u8, value: u64) {
        self.f[usize::from(index & 31)] = value;
        self.dirty_float();
    }

    /// The floating-point registers.
    pub fn float_registers(&self) -> &[u64] {
        &self.f
    }

    /// Whether floating-point instructions are enabled: the F extension is there and FS is not
    /// off.
    #[inline]
    pub fn float_on(&self) -> bool {
        self.csr.mstatus & status::FS != 0 && self.extensions.has(Extension::F)
    }

    /// Whether the floating-point unit is on and its state is known to have been changed.
    pub(crate) fn float_is_dirty(&self) -> bool {
        self.csr.mstatus & status::FS == status::FS
    }

    /// Notes that floating-point state was changed.
    #[inline]
    pub fn dirty_float(&mut self) {
        if self.csr.mstatus & status::FS != status::FS {
            self.set_mstatus(self.csr.mstatus | status::FS);
            self.note_csr(csr::MSTATUS, self.csr.mstatus);
        }
    }

    /// Adds floating-point exception flags.
    #[inline]
    pub fn raise_float_flags(&mut self, flags: u8) {
        if flags != 0 {
            self.dirty_float();
            self.csr.fflags |= flags & 0x1f;
            self.note_csr(csr::FFLAGS, u64::from(self.csr.fflags));
        }
    }

    /// The extensions that are on now.
    #[inline]
    pub fn extensions(&self) -> ExtensionSet {
        self.extensions
    }

    /// The ISA the hart was made with.
    pub fn isa(&self) -> &Isa {
        &self.isa
    }

    fn has_mode(&self, mode: Privilege) -> bool {
        match mode {
            Privilege::Machine => true,
            Privilege::Supervisor => self.isa.has(Extension::S),
            Privilege::User => self.isa.has(Extension::U),
        }
    }

    fn least_privilege(&self) -> Privilege {
        if self.has_mode(Privilege::User) {
            Privilege::User
        } else {
            Privilege::Machine
        }
    }

    /// The widest translation mode.
    fn widest_mode(&self) -> Mode {
        match self.isa.widest_translation() {
            Some("sv57") => Mode::Sv57,
            Some("sv48") => Mode::Sv48,
            Some(_) => Mode::Sv39,
            None => Mode::Bare,
        }
    }

    /// What `mepc` and `sepc` keep of a pc: instructions are aligned to four bytes without C.
    fn pc_mask(&self) -> u64 {
        if self.extensions.has(Extension::Zca) {
            !1
        } else {
            !3
        }
    }

    /// Sets `misa` and the extensions that follow from it.
    fn set_misa(&mut self, misa: u64) {
        self.csr.misa = misa;
        let off = self.isa.misa() & !misa;
        self.extensions = [
            ('A', Extension::A),
            ('B', Extension::B),
            ('C', Extension::C),
            ('D', Extension::D),
            ('F', Extension::F),
            ('M', Extension::M),
        ]
        .into_iter()
        .filter(|&(letter, _)| off & csr::misa_bit(letter) != 0)
        .fold(self.isa.extensions(), |set, (_, extension)| {
            set.disabled(extension)
        });
    }

    /// Sets `mstatus` to a legal value, deriving SD.
    pub(crate) fn set_mstatus(&mut self, value: u64) {
        let dirty = value & status::FS == status::FS;
        let new = value & !status::SD | if dirty { status::SD } else { 0 };
        self.csr.mstatus = new;
        self.check_interrupts = true;
        self.select_fast();
    }

    /// Changes the privilege mode.
    pub(crate) fn set_privilege(&mut self, privilege: Privilege) {
        if self.privilege != privilege {
            self.privilege = privilege;
            self.check_interrupts = true;
            self.select_fast();
        }
    }

    /// The exception that `ecall` raises.
    pub fn environment_call(&self) -> Exception {
        match self.privilege {
            Privilege::User => Exception::EnvironmentCallFromU,
            Privilege::Supervisor => Exception::EnvironmentCallFromS,
            Privilege::Machine => Exception::EnvironmentCallFromM,
        }
    }

    // ---- Interrupts. ----

    /// Pending interrupts. While `stimecmp` drives STIP, what software wrote there does not count.
    pub fn mip(&self) -> u64 {
        self.csr.mip_software & !self.driven_by_timer() | self.csr.mip_lines
    }

    /// Says that registers, CSRs or protection were changed from outside, by a debugger for
    /// example: what the hart has derived from them is looked at anew.
    pub fn changed_from_outside(&mut self) {
        self.fold_hits();
        self.forget_translations();
        self.select_fast();
        self.reschedule();
    }

    /// Whether an interrupt line is high.
    pub fn line(&self, interrupt: Interrupt) -> bool {
        self.csr.mip_lines & interrupt.mask() != 0
    }

    /// Drives an interrupt line.
    pub fn set_line(&mut self, interrupt: Interrupt, high: bool) {
        let old = self.csr.mip_lines;
        if high {
            self.csr.mip_lines |= interrupt.mask();
        } else {
            self.csr.mip_lines &= !interrupt.mask();
        }
        if self.csr.mip_lines != old {
            self.check_interrupts = true;
        }
    }

    /// Makes a supervisor software interrupt pending, as an edge does: software clears it.
    pub fn raise_supervisor_software(&mut self) {
        self.csr.mip_software |= Interrupt::SupervisorSoftware.mask();
        self.check_interrupts = true;
    }

    // ---- Who sets A and D. ----

    /// Whether page walks set A and D bits now, instead of faulting.
    ///
    /// With Svadu `menvcfg.ADUE` says so, which is set at reset unless Svade is there too. With
    /// neither the hardware sets them: that is what a kernel expects that knows neither.
    pub fn hardware_ad(&self) -> bool {
        if self.isa.has(Extension::Svadu) {
            self.csr.menvcfg & csr::MENVCFG_ADUE != 0
        } else {
            !self.isa.has(Extension::Svade)
        }
    }
}
