//! What was seen of a run.

use super::faults::PageFaults;
use pagewalk::dev::virtio::Moved;
use pagewalk::hart::TrapTaken;
use pagewalk::mem::{PAGE_SIZE, VirtAddr};
use pagewalk::mmu::{Entry, Fault, MappedRange, Satp, Statistics, Walk};

/// What was seen of a run.
pub(super) struct Seen {
    /// What was there at each mark, in order.
    pub(super) looks: Vec<Look>,
    /// What happened, from the first mark on.
    pub(super) heard: Vec<Heard>,
    /// What the program and the kernel printed.
    pub(super) printed: String,
    /// The TLB, in words.
    pub(super) tlb: String,
    /// The program's page faults, by page.
    pub(super) faults: PageFaults,
    /// What came from the swap disk, and what went there.
    pub(super) swap: [Moved; 2],
    /// What the sanitizer said, if it was asked.
    pub(super) reports: Vec<String>,
}

impl Seen {
    /// All looks at marks of this number.
    pub(super) fn all(&self, mark: i64) -> Vec<&Look> {
        let looks = self.looks.iter();
        looks.filter(|look| look.mark == mark).collect()
    }

    /// The first look at a mark of this number.
    pub(super) fn at(&self, mark: i64) -> Option<&Look> {
        self.looks.iter().find(|look| look.mark == mark)
    }

    /// What happened between two looks.
    pub(super) fn between(&self, from: &Look, to: &Look) -> &[Heard] {
        self.heard.get(from.heard..to.heard).unwrap_or_default()
    }

    /// The faults among them.
    pub(super) fn faults_between(&self, from: &Look, to: &Look) -> Vec<&UserFault> {
        let heard = self.between(from, to).iter();
        heard
            .filter_map(|heard| match heard {
                Heard::Fault(fault) => Some(fault),
                _ => None,
            })
            .collect()
    }
}

/// What was there when the program came to a mark.
pub(super) struct Look {
    /// The mark's number.
    pub(super) mark: i64,
    /// The address that it names.
    pub(super) va: VirtAddr,
    /// What else it says.
    pub(super) value: u64,
    /// The address spaces that were seen at marks so far; the present one is the last.
    pub(super) spaces: Vec<SpaceSeen>,
    /// What the MMU had done until then.
    pub(super) figures: Statistics,
    /// What the TLB has for loads from the address.
    pub(super) cached: Option<Cached>,
    /// What is in the program's file on the host.
    pub(super) file: Vec<u8>,
    /// What had been written to it by then.
    pub(super) written: Moved,
    /// How many things had happened.
    pub(super) heard: usize,
}

/// An entry of the TLB.
pub(super) struct Cached {
    pub(super) entry: Entry,
    /// The frame that it leads to.
    pub(super) frame: u64,
    /// The word that a load gets there.
    pub(super) word: u64,
}

impl Look {
    /// The address space of the process that came to the mark.
    pub(super) fn own(&self) -> Option<&SpaceSeen> {
        self.spaces.last()
    }
}

/// An address space at a mark.
pub(super) struct SpaceSeen {
    pub(super) satp: Satp,
    /// The pages that the mark asks for.
    pub(super) pages: Vec<PageSeen>,
    /// What is mapped for the process itself; nothing if it is not the present one.
    pub(super) ranges: Vec<MappedRange>,
    /// How many tables the walk may read for it.
    pub(super) tables: u64,
}

impl SpaceSeen {
    /// The bytes that are mapped for the process.
    pub(super) fn mapped(&self) -> u64 {
        self.ranges.iter().map(|range| range.size).sum()
    }

    /// The frames of the pages that the mark asks for.
    pub(super) fn frames(&self) -> Vec<Option<u64>> {
        let pages = self.pages.iter();
        pages.map(PageSeen::frame).collect()
    }
}

/// One page at a mark, as a load of the program finds it.
pub(super) struct PageSeen {
    pub(super) walk: Walk,
    /// What the frame holds; nothing if there is none.
    pub(super) bytes: Vec<u8>,
}

impl PageSeen {
    /// Where the page lies.
    pub(super) fn frame(&self) -> Option<u64> {
        let pa = self.walk.leaf()?.pa;
        Some(pa.0 & !(PAGE_SIZE - 1))
    }

    /// The word at the address that was walked.
    pub(super) fn word(&self) -> Option<u64> {
        let at = usize::try_from(self.walk.va.0 % PAGE_SIZE).ok()?;
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Heard {
    /// A walk for the program's loads and stores.
    Walked(Walk),
    /// An access of the program trapped.
    Fault(UserFault),
    /// The kernel fenced.
    Fenced,
    /// An instruction that had trapped completed.
    Completed { pc: u64, retired: u64 },
}

/// An access of the program that trapped.
#[derive(Clone, Debug)]
pub(super) struct UserFault {
    pub(super) fault: Fault,
    pub(super) trap: TrapTaken,
    /// The instruction, disassembled.
    pub(super) instruction: String,
    /// The walk that its address takes.
    pub(super) walk: Walk,
}
