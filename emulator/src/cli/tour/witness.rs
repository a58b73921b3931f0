//! Watches a program of the tour, and looks at the machine at the points that the program marks.

use super::seen::{Cached, Heard, Look, PageSeen, SpaceSeen, UserFault};
use pagewalk::dev::virtio::Traffic;
use pagewalk::engine::{Observer, Retired};
use pagewalk::hart::{Event, Hart, Interest, TrapTaken};
use pagewalk::isa::{Op, Privilege, disassemble_word};
use pagewalk::mem::{Bus, PAGE_SIZE, PhysAddr, VirtAddr};
use pagewalk::mmu::{self, Access, AccessKind, Fault, Satp, Space};
use pagewalk::report::walk::View;
use pagewalk::report::walk::names::Names;
use std::path::PathBuf;

/// No mark asks for more pages.
const MOST_PAGES: u64 = 64;
/// Sv39's lower half: what a process may have.
const USER_END: u64 = 1 << 38;

/// Watches a run.
pub(super) struct Witness<'a> {
    names: &'a Names<'a>,
    /// The mode that the program runs in.
    mode: Privilege,
    /// The mark at which the run stops each time, for a picture.
    picture: Option<i64>,
    file: Option<SharedFile>,
    mark: Option<(i64, [u64; 3])>,
    /// Each address space that was seen at a mark.
    spaces: Vec<Satp>,
    pub(super) looks: Vec<Look>,
    pub(super) heard: Vec<Heard>,
    fault: Option<Fault>,
    trapped: Option<(Fault, TrapTaken)>,
    /// The instruction that trapped last, in which address space.
    again: Option<(u64, Satp)>,
}

/// A file of the host that the program has.
pub(super) struct SharedFile {
    pub(super) path: PathBuf,
    pub(super) traffic: Traffic,
}

impl<'a> Witness<'a> {
    /// Watches a program in this mode, and stops at marks with the number `picture`.
    pub(super) fn new(
        names: &'a Names<'a>,
        mode: Privilege,
        picture: Option<i64>,
        file: Option<SharedFile>,
    ) -> Self {
        Self {
            names,
            mode,
            picture,
            file,
            mark: None,
            spaces: Vec::new(),
            looks: Vec::new(),
            heard: Vec::new(),
            fault: None,
            trapped: None,
            again: None,
        }
    }

    fn space(&self, hart: &Hart, bus: &mut Bus, satp: Satp, va: u64, pages: u64) -> SpaceSeen {
        let load = Access::new(AccessKind::Load, self.mode);
        let page = |bus: &mut Bus, index: u64| {
            let va = VirtAddr(va.wrapping_add(index * PAGE_SIZE));
            let walk = hart.explain(bus, satp, va, load);
            let frame = walk
                .leaf()
                .map(|leaf| PhysAddr(leaf.pa.0 & !(PAGE_SIZE - 1)));
            let bytes = frame.and_then(|frame| bus.ram().slice(frame, PAGE_SIZE));
            PageSeen {
                walk,
                bytes: bytes.unwrap_or_default().to_vec(),
            }
        };
        let pages = (0..pages.min(MOST_PAGES)).map(|index| page(bus, index));
        let pages = pages.collect();
        // Another process may be gone, and its tables be something else by now.
        let mut space = Space::default();
        if satp.0 == hart.csr.satp {
            let names = self.names;
            let mut view = View { hart, bus, names };
            space = Space::read(&view.space(satp), &mut view);
        }
        let tables = space.tables.iter();
        SpaceSeen {
            satp,
            pages,
            tables: tables.filter(|table| table.va.0 < USER_END).count() as u64,
            ranges: (space.ranges.into_iter())
                .filter(|range| range.va.0 < USER_END)
                .collect(),
        }
    }

    /// What the TLB has for loads from an address.
    fn cached(hart: &Hart, bus: &Bus, va: u64) -> Option<Cached> {
        let satp = Satp(hart.csr.satp);
        let (mode, asid) = (satp.mode(), satp.asid());
        let entry = hart.tlb.peek(AccessKind::Load, mode, asid, VirtAddr(va))?;
        let pa = entry.pte.map(VirtAddr(va), entry.size);
        Some(Cached {
            entry,
            frame: pa.page().0,
            word: bus.ram().load(pa, 8)?,
        })
    }

    fn look(&mut self, hart: &Hart, bus: &mut Bus, mark: i64, [va, pages, value]: [u64; 3]) {
        let own = Satp(hart.csr.satp);
        self.spaces.retain(|&satp| satp != own);
        self.spaces.push(own);
        let spaces = self.spaces.iter();
        let spaces = spaces.map(|&satp| self.space(hart, bus, satp, va, pages));
        let spaces = spaces.collect();
        let file = self.file.as_ref();
        self.looks.push(Look {
            cached: Self::cached(hart, bus, va),
            file: file
                .and_then(|file| std::fs::read(&file.path).ok())
                .unwrap_or_default(),
            written: file.map(|file| file.traffic.written()).unwrap_or_default(),
            mark,
            va: VirtAddr(va),
            value,
            spaces,
            figures: hart.mmu_statistics(),
            heard: self.heard.len(),
        });
    }
}

/// The instruction at `pc`, disassembled.
fn instruction(hart: &Hart, bus: &mut Bus, satp: Satp, pc: u64) -> Option<String> {
    let fetch = Access::new(AccessKind::Fetch, Privilege::User);
    let mut half = |at: u64| {
        let pa = hart.explain(bus, satp, VirtAddr(at), fetch).result().ok()?;
        let half = bus.ram().load(pa, 2)?;
        u32::try_from(half).ok()
    };
    let low = half(pc)?;
    let word = match low & 3 {
        3 => half(pc.wrapping_add(2))? << 16 | low,
        _ => low,
    };
    Some(disassemble_word(word, hart.extensions(), pc).replace('\t', " "))
}

impl Observer for Witness<'_> {
    const EVENTS: bool = true;
    const STOPS: bool = true;

    fn interest(&self) -> Interest {
        Interest::Slow
    }

    fn event(&mut self, _hart: &Hart, event: &Event) {
        let Event::Mmu(event) = event else { return };
        match event {
            mmu::Event::Faulted { fault, .. } => self.fault = Some(*fault),
            _ if self.looks.is_empty() => {}
            mmu::Event::Walked { walk, .. }
                if walk.access.privilege == self.mode && walk.access.kind != AccessKind::Fetch =>
            {
                self.heard.push(Heard::Walked(*walk));
            }
            mmu::Event::Fenced { .. } => self.heard.push(Heard::Fenced),
            _ => {}
        }
    }

    fn trapped(&mut self, _hart: &Hart, trap: &TrapTaken) {
        let fault = self.fault.take();
        if trap.from != self.mode {
            return;
        }
        self.trapped = fault
            .filter(|fault| fault.va.0 == trap.value)
            .map(|fault| (fault, *trap));
    }

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if retired.privilege != self.mode {
            return;
        }
        if self.again == Some((retired.pc, Satp(hart.csr.satp))) {
            self.again = None;
            self.heard.push(Heard::Completed {
                pc: retired.pc,
                retired: hart.retired,
            });
        }
        // The hint that firmware/tour/tour.h makes a mark of.
        let insn = retired.insn;
        if insn.op == Op::Slti && insn.rd == 0 && insn.rs1 == 0 && insn.imm != 0 {
            self.mark = Some((insn.imm.into(), [hart.x(10), hart.x(11), hart.x(12)]));
        }
    }

    fn stops(&mut self, hart: &Hart, bus: &mut Bus) -> bool {
        let mark = self.mark.take();
        if let Some((mark, says)) = mark {
            self.look(hart, bus, mark, says);
        }
        if let Some((fault, trap)) = self.trapped.take()
            && !self.looks.is_empty()
        {
            let satp = Satp(hart.csr.satp);
            self.again = Some((trap.epc, satp));
            self.heard.push(Heard::Fault(UserFault {
                fault,
                trap,
                instruction: instruction(hart, bus, satp, trap.epc).unwrap_or_default(),
                walk: hart.explain(bus, satp, fault.va, fault.access),
            }));
        }
        self.picture.is_some() && self.picture == mark.map(|(mark, _)| mark)
    }
}
