//! An event as every format writes it.

use crate::loader::Guest;
use crate::mmu::{
    AccessKind, Entry, Event, FaultSource, FenceKind, Layout, Meaning, Mode, Outcome, Pte,
    Replacement, Step, TlbConfig, TlbLevel, Walk, WalkCause,
};
use crate::report::sighting::{Sighting, Spot};
use serde::{Serialize, Serializer};

/// What a trace is of.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    format: &'static str,
    version: u32,
    pagewalk: &'static str,
    /// The guest's file.
    pub guest: String,
    /// The ISA of the harts.
    pub isa: String,
    /// Bytes of RAM.
    pub memory: u64,
    /// Who sets A and D.
    pub ad: &'static str,
    /// How many harts the machine has.
    pub harts: usize,
    /// The arrays of each TLB.
    pub tlb: Arrays,
    /// Whether hits are in it.
    pub hits: bool,
    /// The filter, as it was written.
    pub filter: Option<String>,
}

impl Header {
    /// A header of the present version.
    pub fn new(guest: &Guest, tlb: &TlbConfig) -> Self {
        Self {
            format: "pagewalk-mmu-trace",
            version: 1,
            pagewalk: env!("CARGO_PKG_VERSION"),
            guest: guest.name().to_owned(),
            isa: String::new(),
            memory: 0,
            ad: "",
            harts: 1,
            tlb: Arrays::new(tlb),
            hits: false,
            filter: None,
        }
    }
}

/// The arrays of a TLB.
#[derive(Clone, Debug, Serialize)]
pub struct Arrays(Vec<ArrayShape>);

#[derive(Clone, Debug, Serialize)]
struct ArrayShape {
    array: &'static str,
    sets: u32,
    ways: u32,
    replacement: &'static str,
}

impl Arrays {
    fn new(config: &TlbConfig) -> Self {
        let (first, data) = match config.layout {
            Layout::Off => (None, None),
            Layout::Unified(array) => (Some(("TLB", array)), None),
            Layout::Split { instruction, data } => {
                (Some(("ITLB", instruction)), Some(("DTLB", data)))
            }
        };
        let second = config.second.map(|array| ("L2 TLB", array));
        let all = [first, data, second].into_iter().flatten();
        let shapes = all.map(|(array, config)| ArrayShape {
            array,
            sets: config.geometry.sets,
            ways: config.geometry.ways,
            replacement: match config.replacement {
                Replacement::Fifo => "fifo",
                Replacement::Random(_) => "random",
                Replacement::Lru => "lru",
            },
        });
        Self(shapes.collect())
    }
}

/// A number that is written in hexadecimal: JSON's own numbers end at 53 bits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hex(u64);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

/// An event.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) spot: Spot,
    /// What it is: `walk`.
    pub(super) name: &'static str,
    /// The log target that has it too.
    pub(super) category: &'static str,
    /// What it is on a timeline: `load page fault`.
    pub(super) title: &'static str,
    pub(super) place: Site,
    pub(super) body: Body,
}

/// The instruction.
#[derive(Debug, Serialize)]
pub(super) struct Site {
    pc: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
}

/// What is told of an event besides the instruction.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Body {
    Hit {
        access: &'static str,
        from: char,
        va: Hex,
        pa: Hex,
        level: u8,
    },
    Walk(Box<WalkBody>),
    Entry {
        array: &'static str,
        va: Hex,
        pa: Hex,
        size: u64,
        entry_asid: u16,
        global: bool,
        pte: Hex,
        bits: String,
        filled_at: u64,
    },
    Fault {
        access: &'static str,
        from: char,
        va: Hex,
        exception: &'static str,
        reason: &'static str,
        text: String,
        decided_by: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        entry: Option<EntryRead>,
    },
    Protected {
        access: &'static str,
        from: char,
        va: Hex,
        pa: Hex,
    },
    Fence {
        instruction: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        va: Option<Hex>,
        #[serde(skip_serializing_if = "Option::is_none")]
        fence_asid: Option<u16>,
        dropped: u64,
    },
    Satp {
        old: Hex,
        new: Hex,
        mode: String,
        new_asid: u16,
        root: Hex,
    },
    Report {
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        va: Option<Hex>,
        #[serde(skip_serializing_if = "Option::is_none")]
        entry_at: Option<Hex>,
    },
}

/// A walk.
#[derive(Debug, Serialize)]
pub(super) struct WalkBody {
    access: &'static str,
    from: char,
    va: Hex,
    cause: &'static str,
    mode: String,
    root: Hex,
    steps: Vec<EntryRead>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pa: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<&'static str>,
}

/// A page-table entry as it was read.
#[derive(Debug, Serialize)]
pub(super) struct EntryRead {
    level: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    at: Hex,
    #[serde(skip_serializing_if = "Option::is_none")]
    symbol: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pte: Option<Hex>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<String>,
    meaning: &'static str,
}

fn symbol(guest: &Guest, address: u64) -> Option<String> {
    guest.symbols().by_address(address).map(named)
}

fn named((name, offset): (&str, u64)) -> String {
    match offset {
        0 => name.to_owned(),
        _ => format!("{name}+{offset:#x}"),
    }
}

/// The letters of an entry's low bits.
fn bits(pte: Pte) -> String {
    let text = pte.to_string();
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

impl EntryRead {
    fn new(guest: &Guest, step: &Step, index: Option<u64>) -> Self {
        let read = step.meaning != Meaning::Unreadable;
        Self {
            level: step.level,
            index,
            at: Hex(step.at.0),
            symbol: symbol(guest, step.at.0),
            pte: read.then_some(Hex(step.pte.0)),
            bits: read.then(|| bits(step.pte)),
            meaning: match step.meaning {
                Meaning::Pointer => "pointer",
                Meaning::Leaf(_) => "leaf",
                Meaning::Broken => "broken",
                Meaning::Unreadable => "unreadable",
            },
        }
    }

    /// The leaf that an entry of the TLB was made from.
    fn cached(guest: &Guest, entry: &Entry) -> Option<Self> {
        let step = Step {
            level: entry.size.level(),
            at: *entry.origin().last()?,
            pte: entry.pte,
            meaning: Meaning::Leaf(entry.size),
        };
        Some(Self::new(guest, &step, None))
    }
}

impl Record {
    pub(super) fn new(seen: &Sighting<'_>, guest: &Guest) -> Self {
        use crate::trace::{MMU_CHECK, MMU_FAULT, MMU_FENCE, MMU_TLB, MMU_WALK};
        let (name, category, title) = match seen.event {
            Event::Hit { .. } => ("hit", MMU_TLB, "hit"),
            Event::Walked { walk, .. } => ("walk", MMU_WALK, walk_title(walk)),
            Event::Filled { .. } => ("fill", MMU_TLB, "fill"),
            Event::Evicted { .. } => ("evict", MMU_TLB, "evict"),
            Event::Dropped { .. } => ("drop", MMU_FENCE, "drop"),
            Event::Faulted { fault, .. } => ("fault", MMU_FAULT, fault.exception().describe()),
            Event::Protected { .. } => ("protected", MMU_FAULT, "denied by PMP"),
            Event::Fenced { kind, .. } => ("fence", MMU_FENCE, instruction(*kind)),
            Event::SatpWritten { .. } => ("satp", MMU_FENCE, "satp written"),
            Event::Found(report) => ("report", MMU_CHECK, report.kind.name()),
        };
        Self {
            spot: seen.spot,
            name,
            category,
            title,
            place: Site {
                pc: Hex(seen.spot.pc),
                symbol: seen.spot.symbol(guest).map(named),
            },
            body: body(seen, guest),
        }
    }
}

fn body(seen: &Sighting<'_>, guest: &Guest) -> Body {
    match seen.event {
        Event::Hit {
            va,
            pa,
            access,
            level,
        } => Body::Hit {
            access: access_name(access.kind),
            from: access.privilege.letter(),
            va: Hex(va.0),
            pa: Hex(pa.0),
            level: match level {
                TlbLevel::First => 1,
                TlbLevel::Second => 2,
            },
        },
        Event::Walked { walk, satp, cause } => {
            let leaf = walk.leaf();
            let index = |step: &Step| Some(Mode::index(walk.va, step.level));
            let steps = walk.steps().iter();
            Body::Walk(Box::new(WalkBody {
                access: access_name(walk.access.kind),
                from: walk.access.privilege.letter(),
                va: Hex(walk.va.0),
                cause: match cause {
                    WalkCause::Miss => "miss",
                    WalkCause::UpdateBits => "update",
                },
                mode: satp.mode().to_string(),
                root: Hex(satp.root().0),
                steps: steps
                    .map(|step| EntryRead::new(guest, step, index(step)))
                    .collect(),
                pa: walk.result().ok().map(|pa| Hex(pa.0)),
                size: leaf.map(|leaf| leaf.size.bytes()),
                set: leaf.and_then(|leaf| match leaf.update {
                    0 => None,
                    Pte::A => Some("A"),
                    Pte::D => Some("D"),
                    _ => Some("AD"),
                }),
                fault: match walk.outcome {
                    Outcome::Fault(fault) => Some(fault.reason.name()),
                    _ => None,
                },
            }))
        }
        Event::Filled { array, entry }
        | Event::Evicted { array, entry }
        | Event::Dropped { array, entry } => Body::Entry {
            array: array.name(),
            va: Hex(entry.va.0),
            pa: Hex(entry.pa().0),
            size: entry.size.bytes(),
            entry_asid: entry.asid,
            global: entry.global,
            pte: Hex(entry.pte.0),
            bits: bits(entry.pte),
            filled_at: entry.filled_at,
        },
        Event::Faulted { fault, source } => Body::Fault {
            access: access_name(fault.access.kind),
            from: fault.access.privilege.letter(),
            va: Hex(fault.va.0),
            exception: fault.exception().describe(),
            reason: fault.reason.name(),
            text: fault.reason.to_string(),
            decided_by: match source {
                FaultSource::Walk => "walk",
                FaultSource::Tlb(_) => "tlb",
            },
            entry: match (&seen.walk, &seen.entry) {
                (Some(walk), _) => last(guest, walk),
                (None, Some(entry)) => EntryRead::cached(guest, entry),
                (None, None) => None,
            },
        },
        Event::Protected { va, pa, access } => Body::Protected {
            access: access_name(access.kind),
            from: access.privilege.letter(),
            va: Hex(va.0),
            pa: Hex(pa.0),
        },
        Event::Fenced {
            fence,
            kind,
            dropped,
        } => Body::Fence {
            instruction: instruction(*kind),
            va: fence.va.map(|va| Hex(va.0)),
            fence_asid: fence.asid,
            dropped: *dropped,
        },
        Event::SatpWritten { old, new } => Body::Satp {
            old: Hex(old.0),
            new: Hex(new.0),
            mode: new.mode().to_string(),
            new_asid: new.asid(),
            root: Hex(new.root().0),
        },
        Event::Found(report) => Body::Report {
            kind: report.kind.name(),
            va: report.used.as_ref().map(|used| Hex(used.va.0)),
            entry_at: report.change.as_ref().map(|change| Hex(change.at.0)),
        },
    }
}

fn last(guest: &Guest, walk: &Walk) -> Option<EntryRead> {
    let step = walk.steps().last()?;
    let index = Mode::index(walk.va, step.level);
    Some(EntryRead::new(guest, step, Some(index)))
}

fn walk_title(walk: &Walk) -> &'static str {
    use AccessKind as K;
    match walk.access.kind {
        K::Fetch => "walk for fetch",
        K::Load => "walk for load",
        K::Store => "walk for store",
        K::Amo => "walk for atomic operation",
        K::CacheBlockZero | K::CacheBlockManage => "walk for cache-block operation",
    }
}

/// What a program calls a kind of access.
fn access_name(kind: AccessKind) -> &'static str {
    match kind {
        AccessKind::Fetch => "fetch",
        AccessKind::Load => "load",
        AccessKind::Store => "store",
        AccessKind::Amo => "amo",
        AccessKind::CacheBlockZero => "cbo-zero",
        AccessKind::CacheBlockManage => "cbo-manage",
    }
}

fn instruction(kind: FenceKind) -> &'static str {
    match kind {
        FenceKind::Sfence => "sfence.vma",
        FenceKind::Sinval => "sinval.vma",
    }
}
