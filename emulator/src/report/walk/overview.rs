//! Where the run stopped, and the state of the hart there.

use super::until::{Watcher, value_register};
use super::{Hex, SatpReport, View, map, tlb};
use crate::hart::{TrapTaken, status};
use crate::mmu::AdPolicy;
use crate::report::place::Place;
use crate::report::stats::grouped;
use serde::Serialize;
use std::fmt;

/// Where the run stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The point, or how the run ended, in words.
    pub stopped: String,
    /// Instructions retired.
    pub instructions: u64,
    /// The hart's number.
    pub hart: usize,
    /// `U`, `S` or `M`.
    pub privilege: char,
    /// The next instruction.
    pub pc: PlaceReport,
    /// The last trap.
    pub trap: Option<TrapReport>,
    /// The address space.
    pub satp: SatpReport,
    /// `mstatus.SUM`.
    pub sum: bool,
    /// `mstatus.MXR`.
    pub mxr: bool,
    /// `mstatus.MPRV`.
    pub mprv: bool,
    /// Who sets A and D: `hardware` or `software`.
    pub ad: &'static str,
    /// The map in a line.
    pub map: String,
    /// How many address spaces were seen.
    pub roots: usize,
    /// How full the TLB is.
    pub tlb: Vec<Occupancy>,
}

/// How full an array of the TLB is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Occupancy {
    /// Its name.
    pub name: &'static str,
    /// Entries held.
    pub held: usize,
    /// Entries it has room for.
    pub capacity: u64,
}

/// An instruction's address with its name and line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceReport {
    /// The address.
    pub address: Hex,
    /// The symbol and the offset.
    pub symbol: Option<String>,
    /// The source line.
    pub line: Option<String>,
}

impl PlaceReport {
    /// A place.
    pub fn new(place: &Place) -> Self {
        Self {
            address: Hex(place.address),
            symbol: place.symbol.is_some().then(|| place.name()),
            line: place.line.as_ref().map(ToString::to_string),
        }
    }
}

impl fmt::Display for PlaceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        super::named(f, self.symbol.as_deref())?;
        match &self.line {
            Some(line) => write!(f, " {line}"),
            None => Ok(()),
        }
    }
}

/// The bit of `scause` and `mcause` that says that it is an interrupt.
const INTERRUPT: u64 = 1 << 63;

/// A trap that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrapReport {
    /// The cause, in words.
    pub cause: String,
    /// The number of the cause.
    pub number: u64,
    /// Whether it is an interrupt, the top bit of `scause` or `mcause`; the numbers are apart.
    pub interrupt: bool,
    /// `stval` or `mtval`.
    pub register: &'static str,
    /// Its value.
    pub value: Hex,
    /// The instruction that trapped.
    pub from: PlaceReport,
    /// The privilege it ran in.
    pub from_privilege: char,
    /// The privilege of the handler.
    pub to_privilege: char,
    /// Instructions retired before it.
    pub instructions: u64,
}

impl TrapReport {
    /// A trap.
    pub fn new(trap: &TrapTaken, view: &mut View<'_>) -> Self {
        Self {
            cause: trap.cause.to_string(),
            number: trap.cause.bits() & !INTERRUPT,
            interrupt: trap.cause.bits() & INTERRUPT != 0,
            register: value_register(trap),
            value: Hex(trap.value),
            from: PlaceReport::new(&view.code(trap.epc, trap.from)),
            from_privilege: trap.from.letter(),
            to_privilege: trap.to.letter(),
            instructions: trap.retired,
        }
    }
}

impl fmt::Display for TrapReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (cause {}) in {}-mode at {}, {} {}, to {}-mode after {} instructions",
            self.cause,
            self.number,
            self.from_privilege,
            self.from,
            self.register,
            self.value,
            self.to_privilege,
            grouped(self.instructions)
        )
    }
}

impl Overview {
    /// The state at the stop, which `stopped` names.
    pub fn new(view: &mut View<'_>, watcher: &Watcher, stopped: String) -> Self {
        let hart = view.hart;
        let satp = view.satp();
        let map = map::MapReport::new(view, satp);
        let bit = |bit: u64| hart.csr.mstatus & bit != 0;
        let arrays = hart.tlb.arrays().into_iter();
        Self {
            stopped,
            instructions: hart.retired,
            hart: hart.id,
            privilege: hart.privilege.letter(),
            pc: PlaceReport::new(&view.code(hart.pc, hart.privilege)),
            trap: watcher.last_trap().map(|trap| TrapReport::new(trap, view)),
            satp: SatpReport::new(satp, view.names),
            sum: bit(status::SUM),
            mxr: bit(status::MXR),
            mprv: bit(status::MPRV),
            ad: match hart.ad_policy() {
                AdPolicy::Hardware => "hardware",
                AdPolicy::Fault => "software",
            },
            map: map.summary(),
            roots: watcher.roots().list().len(),
            tlb: arrays
                .map(|array| Occupancy {
                    name: array.name(),
                    held: hart.tlb.entries(array).count(),
                    capacity: tlb::capacity(hart.tlb.config(), array),
                })
                .collect(),
        }
    }

    /// The line that stands above every answer.
    pub fn line(&self) -> String {
        format!(
            "Stopped at {}: hart {}, {} instructions retired, {}-mode at {}",
            self.stopped,
            self.hart,
            grouped(self.instructions),
            self.privilege,
            self.pc
        )
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = |set: bool| if set { "set" } else { "clear" };
        if let Some(trap) = &self.trap {
            writeln!(f, "  last trap  {trap}")?;
        }
        writeln!(f, "  satp       {}: {}", self.satp.value, self.satp)?;
        writeln!(
            f,
            "  mstatus    SUM {}, MXR {}, MPRV {}; the {} sets A and D",
            state(self.sum),
            state(self.mxr),
            state(self.mprv),
            self.ad
        )?;
        writeln!(f, "  map        {}", self.map)?;
        writeln!(f, "  roots      {} seen in the run", self.roots)?;
        let tlb: Vec<String> = (self.tlb.iter())
            .map(|array| format!("{} {} of {}", array.name, array.held, array.capacity))
            .collect();
        match tlb.is_empty() {
            true => writeln!(f, "  TLB        off"),
            false => writeln!(f, "  TLB        {}", tlb.join(", ")),
        }
    }
}
