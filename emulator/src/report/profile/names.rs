//! Which function an address belongs to.

use crate::hart::Hart;
use crate::isa::Privilege;
use crate::loader::{Guest, Segment};
use crate::mem::VirtAddr;
use crate::mmu::{AccessKind, Mode, Satp};
use rustc_hash::FxHashMap;

/// A function, by its place in the list.
pub(super) type FunctionId = u32;

/// No more functions are told apart.
const MAX_FUNCTIONS: usize = 1 << 17;

/// What a frame of a stack stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// The first frame: what ran on a hart with a privilege.
    Root(usize, Privilege),
    /// A symbol, by the address that it is linked to.
    Symbol(u64),
    /// A page of code without a symbol.
    Page(u64),
    /// A trap, by its cause.
    Trap(u64),
    /// The frames that are left out of a stack that is too deep.
    Deep,
    /// The functions or the stacks that are too many to be told apart.
    Other,
}

/// A function and what it took.
#[derive(Clone, Debug)]
pub(super) struct Function {
    pub(super) key: Key,
    pub(super) name: String,
    /// Its own instructions by privilege.
    pub(super) own: [u64; 4],
}

/// The addresses around one that belong to the same function.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    pub(super) function: FunctionId,
    first: u64,
    size: u64,
    /// How far behind the address the one is that it was linked to.
    pub(super) moved: u64,
}

impl Extent {
    #[inline(always)]
    pub(super) fn holds(&self, address: u64) -> bool {
        address.wrapping_sub(self.first) < self.size
    }
}

/// How many addresses are remembered with their functions.
const REMEMBERED: usize = 1 << 12;

/// The functions that ran.
pub(super) struct Functions<'a> {
    guest: &'a Guest,
    segments: Vec<Segment>,
    known: FxHashMap<Key, FunctionId>,
    pub(super) list: Vec<Function>,
    /// Symbols stay where they are, so what was found once holds.
    remembered: Vec<(u64, Extent)>,
}

impl<'a> Functions<'a> {
    pub(super) fn new(guest: &'a Guest) -> Self {
        Self {
            guest,
            segments: guest.segments().collect(),
            known: FxHashMap::default(),
            list: Vec::new(),
            // No instruction is at an odd address.
            remembered: vec![(1, Extent::default()); REMEMBERED],
        }
    }

    pub(super) fn guest(&self) -> &'a Guest {
        self.guest
    }

    pub(super) fn get(&self, id: FunctionId) -> Option<&Function> {
        self.list.get(id as usize)
    }

    pub(super) fn count(&mut self, id: FunctionId, privilege: Privilege, instructions: u64) {
        if let Some(function) = self.list.get_mut(id as usize) {
            let own = &mut function.own[privilege as usize & 3];
            *own = own.saturating_add(instructions);
        }
    }

    pub(super) fn of(&mut self, key: Key, name: impl FnOnce() -> String) -> FunctionId {
        if let Some(&id) = self.known.get(&key) {
            return id;
        }
        if self.list.len() >= MAX_FUNCTIONS {
            return self.other();
        }
        self.add(key, name())
    }

    pub(super) fn other(&mut self) -> FunctionId {
        match self.known.get(&Key::Other) {
            Some(&id) => id,
            None => self.add(Key::Other, "[other]".to_owned()),
        }
    }

    fn add(&mut self, key: Key, name: String) -> FunctionId {
        let id = self.list.len() as FunctionId;
        self.list.push(Function {
            key,
            name,
            own: [0; 4],
        });
        self.known.insert(key, id);
        id
    }

    /// The function of the code at an address to which the hart goes. What is loaded there may be known only when
    /// it has been fetched: until then the function has no extent.
    pub(super) fn find(&mut self, hart: &Hart, privilege: Privilege, pc: u64) -> Extent {
        self.find_code(hart, privilege, pc, false)
    }

    /// The function of the instruction at an address, which the hart has executed.
    pub(super) fn find_fetched(&mut self, hart: &Hart, privilege: Privilege, pc: u64) -> Extent {
        self.find_code(hart, privilege, pc, true)
    }

    fn find_code(&mut self, hart: &Hart, privilege: Privilege, pc: u64, fetched: bool) -> Extent {
        let slot = (pc >> 1) as usize % REMEMBERED;
        if let Some((at, extent)) = self.remembered.get(slot)
            && *at == pc
        {
            return *extent;
        }
        if let Some(extent) = self.symbol(pc, 0) {
            if let Some(slot) = self.remembered.get_mut(slot) {
                *slot = (pc, extent);
            }
            return extent;
        }
        let page = VirtAddr(pc).page().0;
        let moved = self.loaded(hart, privilege, pc);
        let is_known = fetched || moved.is_some() || !self.may_be_moved(hart, privilege);
        if let Some(extent) = moved.and_then(|moved| self.symbol(pc, moved)) {
            // What is in the next page may be something else.
            let first = extent.first.max(page);
            let last = (extent.first.wrapping_add(extent.size - 1)).min(page | 0xfff);
            return Extent {
                first,
                size: last.wrapping_sub(first).wrapping_add(1),
                ..extent
            };
        }
        Extent {
            function: self.of(Key::Page(page), || format!("[page {page:#x}]")),
            first: page,
            size: if is_known { 0x1000 } else { 0 },
            moved: 0,
        }
    }

    fn symbol(&mut self, pc: u64, moved: u64) -> Option<Extent> {
        let guest = self.guest;
        let (name, range) = guest.symbols().around(pc.wrapping_add(moved))?;
        let size = range
            .end
            .checked_sub(range.start)
            .filter(|&size| size > 0)?;
        let function = self.of(Key::Symbol(range.start), || name.to_owned());
        Some(Extent {
            function,
            first: range.start.wrapping_sub(moved),
            size,
            moved,
        })
    }

    /// How far behind an address the one is that its code was linked to, for code that runs
    /// elsewhere: a kernel before it turns translation on, a test that moves itself.
    fn loaded(&self, hart: &Hart, privilege: Privilege, pc: u64) -> Option<u64> {
        let satp = Satp(hart.csr.satp);
        let physical = if !is_translated(satp, privilege) {
            pc
        } else if self.guest.is_boot() {
            // A kernel gives pages of its image to others when it has started.
            return None;
        } else {
            let (va, kind) = (VirtAddr(pc), AccessKind::Fetch);
            let entry = (hart.tlb).peek(kind, satp.mode(), satp.asid(), va)?;
            entry.pte.map(va, entry.size).0
        };
        let linked = (self.segments.iter())
            .find(|segment| physical.wrapping_sub(segment.address) < segment.size)
            .map_or(physical, |segment| {
                (physical.wrapping_sub(segment.address)).wrapping_add(segment.virtual_address)
            });
        Some(linked.wrapping_sub(pc))
    }

    /// Whether the TLB tells what is loaded at an address.
    fn may_be_moved(&self, hart: &Hart, privilege: Privilege) -> bool {
        !self.guest.is_boot() && is_translated(Satp(hart.csr.satp), privilege)
    }
}

fn is_translated(satp: Satp, privilege: Privilege) -> bool {
    privilege < Privilege::Machine && satp.mode() != Mode::Bare
}
