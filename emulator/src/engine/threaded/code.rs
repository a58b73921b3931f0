//! Decoded code: blocks by their physical address, and the table of jumps in front of them.

use super::build::Built;
use super::op::{Op, SideExit, Trailer};
use crate::hart::fast::{Fast, Known};
use crate::isa::{ExtensionSet, Insn};
use crate::mem::{Bus, PAGE_SIZE, PhysAddr};
use rustc_hash::FxHashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Entries of the jump table, a power of two.
pub(super) const JUMPS: usize = 1 << 15;

/// How many bytes of decoded code are kept. When there are more, all of it is dropped.
const MOST_BYTES: usize = 192 << 20;

/// One entry of the jump table.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Jump {
    /// Where the instructions are in the host's memory; 0 is nowhere.
    pub(super) at: u64,
    pub(super) op: *const Op,
}

const NO_JUMP: Jump = Jump {
    at: 0,
    op: std::ptr::null(),
};

/// Known places, a power of two.
const PLACES: usize = 1 << 11;

/// Where to go on at a virtual address.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Place {
    va: u64,
    /// The key of [`Known`] when this was so.
    key: u64,
    pub(super) op: *const Op,
    _size: u64,
}

const NO_PLACE: Place = Place {
    va: 0,
    // A period is at least 1, so no key is 1.
    key: 1,
    op: std::ptr::null(),
    _size: 0,
};

impl Place {
    /// Whether this is about an address, and holds.
    #[inline(always)]
    pub(super) fn is_for(&self, va: u64, key: u64) -> bool {
        self.va == va && self.key == key
    }
}

/// The index of an address among the known places. Addresses at the same place of different pages differ in it.
#[inline(always)]
const fn place_index(va: u64) -> usize {
    (va >> 1 ^ va >> 13) as usize & (PLACES - 1)
}

/// The known place that is, or would be, for an address.
///
/// # Safety
///
/// A chain is running, and this is of its hart.
#[inline(always)]
pub(super) unsafe fn place(known: *const Known, va: u64) -> *const Place {
    // SAFETY: the chain began with the table of its code, and the index is below its length.
    unsafe { std::ptr::with_exposed_provenance::<Place>((*known).table).add(place_index(va)) }
}

/// Numbers of code: see `Code::number`.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// The place of an address of the host's memory in the jump table. Addresses at the same place of different pages
/// differ in it.
#[inline(always)]
pub(super) const fn jump_index(at: u64) -> usize {
    (at >> 1 ^ at >> 13) as usize & (JUMPS - 1)
}

/// One instruction of a block.
#[derive(Clone, Copy)]
pub(super) struct Decoded {
    /// `None` is illegal.
    pub(super) insn: Option<Insn>,
    /// Where it stands on its page.
    pub(super) offset: u16,
    /// How many instructions the block has before it.
    pub(super) number: u8,
}

/// What is known of a block besides its operations.
pub(super) struct Info {
    /// Its page in the guest's physical memory.
    pub(super) page: PhysAddr,
    /// Where the first instruction stands on the page.
    pub(super) start: u16,
    /// The instructions that have an operation, in its order.
    pub(super) insns: Box<[Decoded]>,
    /// How many instructions there are.
    pub(super) count: u8,
    /// Where the last one goes, counted from the start of the page.
    pub(super) taken: i64,
    /// Where the next instruction stands, counted from the start of the page.
    pub(super) next: i64,
    /// The last operation is a jump, and none of the instructions.
    pub(super) ends_with_jump: bool,
}

/// Two words: an operation, or half of a trailer, or the header.
type Cell = [u64; 2];

/// A block. It never moves.
struct Block {
    cells: *mut [Cell],
    info: *mut Info,
    /// Where its instructions are in the host's memory.
    at: u64,
}

// SAFETY: a block owns what it points to, and what is there can go to another thread.
unsafe impl Send for Block {}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: it was made from a box, and nobody else frees it.
        drop(unsafe { Box::from_raw(self.cells) });
        // SAFETY: as above.
        drop(unsafe { Box::from_raw(self.info) });
    }
}

impl Block {
    fn new(at: u64, built: Built, info: *mut Info) -> Self {
        let Built {
            charge,
            ops,
            trailer,
            exits,
            ..
        } = built;
        let trailer_cells = size_of::<Trailer>() / size_of::<Cell>();
        let exit_cells = exits.len() * size_of::<SideExit>() / size_of::<Cell>();
        let count = 1 + ops.len() + trailer_cells + exit_cells;
        let mut cells = vec![[0; 2]; count].into_boxed_slice();
        cells[0][1] = charge as u64;
        let cells = Box::into_raw(cells);
        let mut block = Self { cells, info, at };
        let first = block.first_mut();
        for (index, op) in ops.iter().enumerate() {
            // SAFETY: there is a cell for each operation, and for the trailer after them.
            unsafe { first.add(index).write(*op) };
        }
        // SAFETY: as above.
        let place = unsafe { first.add(ops.len()) }.cast::<Trailer>();
        // SAFETY: as above; the stubs stand in the trailer.
        unsafe {
            place.write(trailer);
            if (*place).taken.is_null() {
                (*place).taken = &raw const (*place).taken_stub;
            }
            if (*place).next.is_null() {
                (*place).next = &raw const (*place).next_stub;
            }
            (*place).info = info;
        }
        for (index, exit) in exits.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe {
                let exit_place = place.add(1).cast::<SideExit>().add(index);
                exit_place.write(exit);
                (*exit_place).taken = &raw const (*exit_place).stub;
                (*exit_place).info = info;
            }
        }
        block
    }

    fn first_mut(&mut self) -> *mut Op {
        // SAFETY: the header is one cell, and there are more.
        unsafe { self.cells.cast::<Cell>().add(1) }.cast()
    }

    fn first(&self) -> *const Op {
        // SAFETY: the header is one cell, and there are more.
        unsafe { self.cells.cast_const().cast::<Cell>().add(1) }.cast()
    }

    fn bytes(&self) -> usize {
        // SAFETY: it lives as long as the block.
        let insns = unsafe { &*self.info }.insns.len();
        self.cells.len() * size_of::<Cell>()
            + size_of::<Info>()
            + insns * size_of::<Decoded>()
            + size_of::<(u16, Self)>()
    }
}

/// All decoded code of a machine: its harts share it.
pub(super) struct Code {
    pub(super) extensions: ExtensionSet,
    pages: FxHashMap<u64, FxHashMap<u16, Block>>,
    jumps: Box<[Jump]>,
    places: Box<[Place]>,
    /// The last period that was given to a hart.
    period: u64,
    /// Another one each time that blocks were dropped, and than all other code's.
    number: u64,
    bytes: usize,
    /// The RAM that it was decoded from: [`crate::mem::Ram::number`].
    ram_number: u64,
    /// What to add to a guest's physical address to get the host's.
    bias: u64,
}

// SAFETY: the pointers of the jump table go to blocks that `pages` owns.
unsafe impl Send for Code {}

impl Default for Code {
    fn default() -> Self {
        Self {
            extensions: ExtensionSet::NONE,
            pages: FxHashMap::default(),
            jumps: vec![NO_JUMP; JUMPS].into(),
            places: vec![NO_PLACE; PLACES].into(),
            period: 0,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            bytes: 0,
            ram_number: 0,
            bias: 0,
        }
    }
}

impl Code {
    /// Says where guest memory is, and what instructions mean. Code that was decoded otherwise goes.
    pub(super) fn prepare(&mut self, bus: &mut Bus, extensions: ExtensionSet) {
        let number = bus.ram().number();
        if self.ram_number != number || self.extensions != extensions || self.bytes > MOST_BYTES {
            bus.memory_mut().give_up_decoded();
            bus.memory_mut().take_stale_decoded();
            self.clear();
            self.ram_number = number;
            self.bias = bus.ram().bias();
            self.extensions = extensions;
        }
    }

    /// Says where the known places are, and forgets them if they are about other code.
    pub(super) fn point(&mut self, known: &mut Known) {
        if known.code != self.number {
            known.forget();
            known.code = self.number;
        }
        known.table = self.places.as_mut_ptr().expose_provenance();
    }

    /// Makes an operation, the first of a block, the one to go on with at an address.
    pub(super) fn remember(&mut self, fast: &mut Fast, va: u64, op: *const Op) {
        let key = fast.key(|| {
            self.period += 1;
            self.period
        });
        self.places[place_index(va)] = Place {
            va,
            key,
            op,
            _size: 0,
        };
    }

    fn change_number(&mut self) {
        self.number = NUMBERS.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn jumps(&self) -> *const Jump {
        self.jumps.as_ptr()
    }

    /// The block at an address of the host's memory, if the table of jumps knows it.
    pub(super) fn known(&self, at: u64) -> Option<*const Op> {
        let jump = self.jumps[jump_index(at)];
        (jump.at == at).then_some(jump.op)
    }

    /// The block that begins at a place on a physical page; the jump table knows it from now on.
    pub(super) fn find(&mut self, page: PhysAddr, start: u16) -> Option<*const Op> {
        let block = self.pages.get(&page.0)?.get(&start)?;
        self.jumps[jump_index(block.at)] = Jump {
            at: block.at,
            op: block.first(),
        };
        Some(block.first())
    }

    /// Adds a block. Null pointers become those to stubs.
    pub(super) fn add(&mut self, built: Built, info: Info) {
        let (page, start) = (info.page, info.start);
        let at = page.0.wrapping_add(self.bias) + u64::from(start);
        let info = Box::into_raw(Box::new(info));
        let block = Block::new(at, built, info);
        self.bytes += block.bytes();
        let old = self.pages.entry(page.0).or_default().insert(start, block);
        debug_assert!(old.is_none(), "it would still be linked to");
    }

    /// Drops the blocks of a page.
    pub(super) fn drop_page(&mut self, page: PhysAddr) {
        debug_assert!(page.0.is_multiple_of(PAGE_SIZE));
        self.change_number();
        for block in self.pages.remove(&page.0).into_iter().flatten() {
            let block = block.1;
            self.bytes -= block.bytes();
            let jump = &mut self.jumps[jump_index(block.at)];
            if jump.at == block.at {
                *jump = NO_JUMP;
            }
        }
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.change_number();
        self.pages.clear();
        self.jumps.fill(NO_JUMP);
        self.bytes = 0;
    }
}
