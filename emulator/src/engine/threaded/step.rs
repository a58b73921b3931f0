//! What the operations do that are followed by another of their block: each is written once, for its own handler and
//! for those that do several operations.
//!
//! `K` says where the sources come from: bit 0, the first is the last result; bit 1, the second is; bit 2, the second
//! is `x0`; bit 3, the first is the result before the last; bit 4, the second is.

use super::handlers::{branch_out, load_unaligned, store_unaligned};
use super::op::{Handler, Op, Results};
use super::slow::slow;
use crate::hart::Hart;
use crate::hart::fast::{Arrays, Slot};
use std::marker::PhantomData;

/// What an operation does that can be followed by another in its handler.
pub(super) trait Step {
    /// The handler that goes on from this operation if `step` gives up.
    const OTHERWISE: Handler = slow;

    /// Does it, and gives the last results from now on. `None`: nothing was done.
    ///
    /// # Safety
    ///
    /// As for a [`Handler`].
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, page: u64) -> Option<Results>;
}

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
pub(super) unsafe fn first<const K: u8>(hart: *mut Hart, op: *const Op, acc: Results) -> u64 {
    if K & 1 != 0 {
        acc.last
    } else if K & 8 != 0 {
        acc.before
    } else {
        // SAFETY: the operation is valid.
        unsafe { x(hart, (*op).rs1) }
    }
}

#[inline(always)]
pub(super) unsafe fn second<const K: u8>(hart: *mut Hart, op: *const Op, acc: Results) -> u64 {
    if K & 4 != 0 {
        0
    } else if K & 2 != 0 {
        acc.last
    } else if K & 16 != 0 {
        acc.before
    } else {
        // SAFETY: the operation is valid.
        unsafe { x(hart, (*op).rs2) }
    }
}

#[inline(always)]
pub(super) unsafe fn immediate(op: *const Op) -> u64 {
    // SAFETY: the operation is valid.
    unsafe { (*op).imm as u64 }
}

/// The page of an aligned access, if the fast array knows it.
#[inline(always)]
pub(super) unsafe fn slot(arrays: *const Arrays, va: u64, size: u64) -> Option<Slot> {
    // SAFETY: the hart is valid.
    let (base, mask) = unsafe { ((*arrays).base, (*arrays).mask) };
    let slot = base + ((va >> 8) as usize & mask);
    // SAFETY: the mask keeps it within the array.
    let slot = unsafe { *std::ptr::with_exposed_provenance::<Slot>(slot) };
    is_on(&slot, va, size).then_some(slot)
}

/// Whether an aligned access is to the page of a slot.
#[inline(always)]
pub(super) fn is_on(slot: &Slot, va: u64, size: u64) -> bool {
    va & (!0xfff | (size - 1)) == slot.tag
}

/// Where an aligned access goes in the host's memory, if the fast array knows the page.
#[inline(always)]
pub(super) unsafe fn place(arrays: *const Arrays, va: u64, size: u64) -> Option<usize> {
    // SAFETY: the caller says so.
    let slot = unsafe { slot(arrays, va, size) };
    slot.map(|slot| va.wrapping_add(slot.delta) as usize)
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

/// Loads into the operation's register from a place in the host's memory.
///
/// # Safety
///
/// As for a [`Handler`]; the place is in RAM.
#[inline(always)]
pub(super) unsafe fn load<T: Memory>(hart: *mut Hart, op: *const Op, at: usize) -> u64 {
    // SAFETY: the caller says so.
    unsafe {
        let value = std::ptr::with_exposed_provenance::<T>(at)
            .read_unaligned()
            .extend();
        set_x(hart, (*op).rd, value);
        value
    }
}

/// Stores the operation's register to a place in the host's memory.
///
/// # Safety
///
/// As for a [`Handler`]; the place is in RAM.
#[inline(always)]
pub(super) unsafe fn store<T: Memory, const K: u8>(
    hart: *mut Hart,
    op: *const Op,
    acc: Results,
    at: usize,
) {
    // SAFETY: the caller says so.
    unsafe {
        let value = T::truncate(second::<K>(hart, op, acc));
        std::ptr::with_exposed_provenance_mut::<T>(at).write_unaligned(value);
    }
}

/// A function of two registers.
pub(super) struct Registers<F, const K: u8>(PhantomData<F>);

impl<F: Binary, const K: u8> Step for Registers<F, K> {
    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let value = F::apply(first::<K>(hart, op, acc), second::<K>(hart, op, acc));
            set_x(hart, (*op).rd, value);
            Some(acc.then(value))
        }
    }
}

/// A function of a register and the immediate.
pub(super) struct Immediate<F, const K: u8>(PhantomData<F>);

impl<F: Binary, const K: u8> Step for Immediate<F, K> {
    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let value = F::apply(first::<K>(hart, op, acc), immediate(op));
            set_x(hart, (*op).rd, value);
            Some(acc.then(value))
        }
    }
}

/// A register as it is.
pub(super) struct Move<const K: u8>;

impl<const K: u8> Step for Move<K> {
    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let value = first::<K>(hart, op, acc);
            set_x(hart, (*op).rd, value);
            Some(acc.then(value))
        }
    }
}

/// The immediate.
pub(super) struct Constant<const K: u8>;

impl<const K: u8> Step for Constant<K> {
    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let value = immediate(op);
            set_x(hart, (*op).rd, value);
            Some(acc.then(value))
        }
    }
}

/// An address that its page and the immediate say.
pub(super) struct PageRelative;

impl Step for PageRelative {
    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, page: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let value = page.wrapping_add(immediate(op));
            set_x(hart, (*op).rd, value);
            Some(acc.then(value))
        }
    }
}

/// A load.
pub(super) struct Load<T, const K: u8>(PhantomData<T>);

impl<T: Memory, const K: u8> Step for Load<T, K> {
    const OTHERWISE: Handler = load_unaligned::<T, K>;

    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
            let at = place(&raw const (*hart).fast.load, va, size_of::<T>() as u64)?;
            Some(acc.then(load::<T>(hart, op, at)))
        }
    }
}

/// A store.
pub(super) struct Store<T, const K: u8>(PhantomData<T>);

impl<T: Memory, const K: u8> Step for Store<T, K> {
    const OTHERWISE: Handler = store_unaligned::<T, K>;

    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        unsafe {
            let va = first::<K>(hart, op, acc).wrapping_add(immediate(op));
            let at = place(&raw const (*hart).fast.store, va, size_of::<T>() as u64)?;
            store::<T, K>(hart, op, acc, at);
            Some(acc)
        }
    }
}

/// A branch in the middle of a block; the step is not to take it.
pub(super) struct Out<C, const K: u8>(PhantomData<C>);

impl<C: Condition, const K: u8> Step for Out<C, K> {
    const OTHERWISE: Handler = branch_out::<C, K>;

    #[inline(always)]
    unsafe fn step(hart: *mut Hart, op: *const Op, acc: Results, _: u64) -> Option<Results> {
        // SAFETY: the caller says so.
        let holds = unsafe { C::holds(first::<K>(hart, op, acc), second::<K>(hart, op, acc)) };
        (!holds).then_some(acc)
    }
}
