//! Runs a program of the tour and keeps what its MMU did.

use crate::cli::boot::BASE;
use crate::cli::interrupt;
use anyhow::{Context, Result, bail};
use pagewalk::board::{Host, Limits, Machine, MachineConfig, Stop};
use pagewalk::dev::console::{Input, Shared, Stream};
use pagewalk::dev::virtio::p9::{ControlFiles, P9, ProgramInput, ProgramOutput, Tells};
use pagewalk::engine::{Observer, Retired};
use pagewalk::hart::{Event, Hart, Interest, TrapTaken};
use pagewalk::isa::{Op, Privilege, disassemble_word};
use pagewalk::loader::{BootFiles, Firmware, Guest};
use pagewalk::mem::{Bus, PAGE_SIZE, PhysAddr, VirtAddr};
use pagewalk::mmu::{self, Access, AccessKind, Fault, MappedRange, Satp, Space, Statistics, Walk};
use pagewalk::report::walk::View;
use pagewalk::report::walk::names::Names;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// No scene takes as many instructions.
const MOST_INSTRUCTIONS: u64 = 100_000_000;
/// No mark asks for more pages.
const MOST_PAGES: u64 = 64;
/// Sv39's lower half: what a process may have.
const USER_END: u64 = 1 << 38;

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
}

impl Seen {
    /// The first look at a mark of this number.
    pub(super) fn at(&self, mark: i64) -> Option<&Look> {
        self.looks.iter().find(|look| look.mark == mark)
    }

    /// What happened between two looks.
    pub(super) fn between(&self, from: &Look, to: &Look) -> &[Heard] {
        self.heard.get(from.heard..to.heard).unwrap_or_default()
    }

    /// The faults among them.
    pub(super) fn faults(&self, from: &Look, to: &Look) -> Vec<&UserFault> {
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
    /// How many things had happened.
    heard: usize,
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

/// Watches a run.
struct Witness<'a> {
    names: &'a Names<'a>,
    mark: Option<(i64, [u64; 3])>,
    /// Each address space that was seen at a mark.
    spaces: Vec<Satp>,
    looks: Vec<Look>,
    heard: Vec<Heard>,
    fault: Option<Fault>,
    trapped: Option<(Fault, TrapTaken)>,
    /// The instruction that trapped last, in which address space.
    again: Option<(u64, Satp)>,
}

impl Witness<'_> {
    fn space(&self, hart: &Hart, bus: &mut Bus, satp: Satp, va: u64, pages: u64) -> SpaceSeen {
        let load = Access::new(AccessKind::Load, Privilege::User);
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

    fn look(&mut self, hart: &Hart, bus: &mut Bus, mark: i64, [va, pages, value]: [u64; 3]) {
        let own = Satp(hart.csr.satp);
        self.spaces.retain(|&satp| satp != own);
        self.spaces.push(own);
        let spaces = self.spaces.iter();
        let spaces = spaces.map(|&satp| self.space(hart, bus, satp, va, pages));
        let spaces = spaces.collect();
        self.looks.push(Look {
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
                if walk.access.privilege == Privilege::User
                    && walk.access.kind != AccessKind::Fetch =>
            {
                self.heard.push(Heard::Walked(*walk));
            }
            mmu::Event::Fenced { .. } => self.heard.push(Heard::Fenced),
            _ => {}
        }
    }

    fn trapped(&mut self, _hart: &Hart, trap: &TrapTaken) {
        let fault = self.fault.take();
        if trap.from != Privilege::User {
            return;
        }
        self.trapped = fault
            .filter(|fault| fault.va.0 == trap.value)
            .map(|fault| (fault, *trap));
    }

    fn retired(&mut self, hart: &Hart, retired: &Retired) {
        if retired.privilege != Privilege::User {
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
        if let Some((mark, says)) = self.mark.take() {
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
        false
    }
}

/// An output that is kept.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a program to its end.
pub(super) fn run(name: &str, program: &[u8], config: &MachineConfig) -> Result<Seen> {
    let mut guest = Guest::supervisor(&BootFiles {
        kernel: None,
        firmware: Firmware::default(),
        initrd: None,
        append: Some("sbi.quiet".into()),
        dtb: None,
    })?;
    let kept = Kept::default();
    let console = Shared::new(Stream::new(Box::new(kept.clone()), Input::None));
    let file = memfd_create(name, MemfdFlags::CLOEXEC).context("cannot hold the program")?;
    let mut file = File::from(file);
    file.write_all(program).context("cannot hold the program")?;
    let control = ControlFiles {
        program: file,
        arguments: format!("{name}\0").into_bytes(),
        environment: Vec::new(),
        settings: format!("path /{name}\ncwd /\nbase {BASE:#x}\n").into_bytes(),
        input: ProgramInput::none(),
        output: ProgramOutput::new(console.clone(), Tells::pipe()),
        errors: ProgramOutput::new(console.clone(), Tells::pipe()),
    };
    let mut host = Host::new(console);
    host.virtio.push(Box::new(P9::control(control)));
    let mut machine = Machine::with_host(config, &mut guest, host)?;
    let names = Names::new(&guest);
    let mut witness = Witness {
        names: &names,
        mark: None,
        spaces: Vec::new(),
        looks: Vec::new(),
        heard: Vec::new(),
        fault: None,
        trapped: None,
        again: None,
    };
    let limits = Limits {
        max_instructions: Some(MOST_INSTRUCTIONS),
        stop: Some(interrupt::stop_flag()),
        ..Limits::default()
    };
    let stop = machine.run(&limits, &mut witness);
    let printed = kept.0.lock().unwrap_or_else(PoisonError::into_inner);
    let printed = String::from_utf8_lossy(&printed).into_owned();
    if !matches!(stop, Stop::Exit(0) | Stop::Interrupted) {
        bail!("the program did not end well: {stop:?}\n{printed}");
    }
    Ok(Seen {
        looks: witness.looks,
        heard: witness.heard,
        printed,
        tlb: config.tlb.to_string(),
    })
}
