//! The handlers of computations, loads, stores and jumps.
//!
//! `K` says where the sources come from: bit 0, the first is the last result; bit 1, the second is.

use super::leave::go_to;
use super::op::{Op, Trailer, follow, go, handler, next};
use super::slow::slow;
use crate::hart::Hart;
use crate::hart::fast::{Arrays, Slot};

/// `x[rd] = f(a, b)`.
pub(super) trait Binary {
    fn apply(a: u64, b: u64) -> u64;
}

/// A comparison.
pub(super) trait Condition {
    fn holds(a: u64, b: u64) -> bool;
}

/// A register.
#[inline(always)]
unsafe fn x(hart: *mut Hart, index: u8) -> u64 {
    // SAFETY: an operation's registers are below 33.
    unsafe { *(&raw const (*hart).x).cast::<u64>().add(index.into()) }
}

#[inline(always)]
pub(super) unsafe fn set_x(hart: *mut Hart, index: u8, value: u64) {
    // SAFETY: an operation's registers are below 33.
    unsafe { *(&raw mut (*hart).x).cast::<u64>().add(index.into()) = value };
}

#[inline(always)]
pub(super) unsafe fn first<const K: u8>(hart: *mut Hart, op: *const Op, acc: u64) -> u64 {
    if K & 1 != 0 {
        acc
    } else {
        // SAFETY: the operation is valid.
        unsafe { x(hart, (*op).rs1) }
    }
}

#[inline(always)]
pub(super) unsafe fn second<const K: u8>(hart: *mut Hart, op: *const Op, acc: u64) -> u64 {
    if K & 2 != 0 {
        acc
    } else {
        // SAFETY: the operation is valid.
        unsafe { x(hart, (*op).rs2) }
    }
}

#[inline(always)]
unsafe fn immediate(op: *const Op) -> u64 {
    // SAFETY: the operation is valid.
    unsafe { (*op).imm as u64 }
}

/// Where an aligned access goes in the host's memory, if the fast array knows the page.
#[inline(always)]
pub(super) unsafe fn place(arrays: *const Arrays, va: u64, size: u64) -> Option<usize> {
    // SAFETY: the hart is valid.
    let (base, mask) = unsafe { ((*arrays).base, (*arrays).mask) };
    let slot = base + ((va >> 8) as usize & mask);
    // SAFETY: the mask keeps it within the array.
    let slot = unsafe { *std::ptr::with_exposed_provenance::<Slot>(slot) };
    (va & (!0xfff | (size - 1)) == slot.tag).then(|| va.wrapping_add(slot.delta) as usize)
}

/// The same for an access that is not aligned, but on one page. It counts as any other hit does.
#[inline(always)]
pub(super) unsafe fn place_within_page(arrays: *const Arrays, va: u64, size: u64) -> Option<usize> {
    if va & 0xfff > 0x1000 - size {
        return None;
    }
    // SAFETY: the caller says so; every access of one byte is aligned.
    unsafe { place(arrays, va, 1) }
}

/// What a load makes of bytes, and a store of a register.
pub(super) trait Memory: Copy {
    fn extend(self) -> u64;
    fn truncate(value: u64) -> Self;
}

macro_rules! memory {
    ($($type:ty)*) => {$(
        impl Memory for $type {
            #[inline(always)]
            fn extend(self) -> u64 {
                self as u64
            }
            #[inline(always)]
            fn truncate(value: u64) -> Self {
                value as Self
            }
        }
    )*};
}
memory!(u8 i8 u16 i16 u32 i32 u64);

handler! {
    fn register_register [F: Binary, const K: u8] (hart, op, acc, budget, page) {
        let value = F::apply(first::<K>(hart, op, acc), second::<K>(hart, op, acc));
        set_x(hart, (*op).rd, value);
        next!(hart, op.add(1), value, budget, page)
    }

    fn register_immediate [F: Binary, const K: u8] (hart, op, acc, budget, page) {
        let value = F::apply(first::<K>(hart, op, acc), immediate(op));
        set_x(hart, (*op).rd, value);
        next!(hart, op.add(1), value, budget, page)
    }

    fn constant [] (hart, op, _, budget, page) {
        let value = immediate(op);
        set_x(hart, (*op).rd, value);
        next!(hart, op.add(1), value, budget, page)
    }

    /// The immediate counts from the start of the page.
    fn pc_relative [] (hart, op, _, budget, page) {
        let value = page.wrapping_add(immediate(op));
        set_x(hart, (*op).rd, value);
        next!(hart, op.add(1), value, budget, page)
    }

    fn nothing [] (hart, op, acc, budget, page) {
        next!(hart, op.add(1), acc, budget, page)
    }

    fn load [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) => {
                let value = std::ptr::with_exposed_provenance::<T>(at).read_unaligned().extend();
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), value, budget, page)
            }
            None => go!(load_unaligned::<T, K>, hart, op, acc, budget, page),
        }
    }

    #[cold]
    fn load_unaligned [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place_within_page(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) => {
                let value = std::ptr::with_exposed_provenance::<T>(at).read_unaligned().extend();
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), value, budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn store [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place(&raw const (*hart).fast.store, va, size_of::<T>() as u64) {
            Some(at) => {
                let value = T::truncate(second::<K>(hart, op, acc));
                std::ptr::with_exposed_provenance_mut::<T>(at).write_unaligned(value);
                next!(hart, op.add(1), acc, budget, page)
            }
            None => go!(store_unaligned::<T, K>, hart, op, acc, budget, page),
        }
    }

    #[cold]
    fn store_unaligned [T: Memory, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
        match place_within_page(&raw const (*hart).fast.store, va, size_of::<T>() as u64) {
            Some(at) => {
                let value = T::truncate(second::<K>(hart, op, acc));
                std::ptr::with_exposed_provenance_mut::<T>(at).write_unaligned(value);
                next!(hart, op.add(1), acc, budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn branch [C: Condition, const K: u8] (hart, op, acc, budget, page) {
        let trailer = op.add(1).cast::<Trailer>();
        if C::holds(first::<K>(hart, op, acc), second::<K>(hart, op, acc)) {
            follow!(hart, (*trailer).taken, acc, budget, page)
        } else {
            follow!(hart, (*trailer).next, acc, budget, page)
        }
    }

    fn jump [] (hart, op, acc, budget, page) {
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    /// The immediate is where the next instruction stands, from the start of the page.
    fn jump_and_link [] (hart, op, acc, budget, page) {
        set_x(hart, (*op).rd, page.wrapping_add(immediate(op)));
        follow!(hart, (*op.add(1).cast::<Trailer>()).taken, acc, budget, page)
    }

    fn jump_register [const K: u8] (hart, op, acc, budget, _) {
        let target = first::<K>(hart, op, acc).wrapping_add(immediate(op)) & !1;
        go_to!(hart, target, op, acc, budget)
    }

    fn jump_register_and_link [const K: u8] (hart, op, acc, budget, page) {
        let target = first::<K>(hart, op, acc).wrapping_add(immediate(op)) & !1;
        let next = (*op.add(1).cast::<Trailer>()).next.addr() as u64;
        set_x(hart, (*op).rd, page.wrapping_add(next));
        go_to!(hart, target, op, acc, budget)
    }
}
