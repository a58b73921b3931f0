//! The handlers of atomics: for pages that the fast arrays know for loads and for stores.
//!
//! What other harts have reserved is in no array for stores ([`crate::mem::Memory::watch_reservations`]).

use super::op::{context, go, handler, next};
use super::slow::slow;
use super::step::{first, place, second, set_x};
use crate::exec::functions::Word;
use crate::mem::PhysAddr;

/// What becomes of a value in memory.
pub(super) trait Change {
    type Value: Word;
    fn apply(old: Self::Value, operand: Self::Value) -> Self::Value;
}

handler! {
    fn read_modify_write [C: Change, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc);
        let size = size_of::<C::Value>() as u64;
        let fast = &raw const (*hart).fast;
        match (place(&raw const (*fast).load, va, size), place(&raw const (*fast).store, va, size)) {
            (Some(_), Some(at)) => {
                let operand = C::Value::truncate(second::<K>(hart, op, acc));
                let at = std::ptr::with_exposed_provenance_mut::<C::Value>(at);
                let old = at.read();
                at.write(C::apply(old, operand));
                (*hart).fast.atomic_hits = (*hart).fast.atomic_hits.wrapping_add(1);
                let value = old.extend();
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), acc.then(value), budget, page)
            }
            _ => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn load_reserved [T: Word, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc);
        match place(&raw const (*hart).fast.load, va, size_of::<T>() as u64) {
            Some(at) => {
                let value = std::ptr::with_exposed_provenance::<T>(at).read().extend();
                let pa = PhysAddr((at as u64).wrapping_sub((*hart).fast.bias()));
                let bus = &mut *(*context(hart)).bus;
                bus.memory_mut().reserve((*hart).id, pa);
                let load = &raw mut (*hart).fast.load;
                (*load).hits = (*load).hits.wrapping_add(1);
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), acc.then(value), budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }

    fn store_conditional [T: Word, const K: u8] (hart, op, acc, budget, page) {
        let va = first::<K>(hart, op, acc);
        match place(&raw const (*hart).fast.store, va, size_of::<T>() as u64) {
            Some(at) => {
                let operand = T::truncate(second::<K>(hart, op, acc));
                let pa = PhysAddr((at as u64).wrapping_sub((*hart).fast.bias()));
                let bus = &mut *(*context(hart)).bus;
                let held = bus.memory_mut().take_reservation((*hart).id, pa);
                if held {
                    std::ptr::with_exposed_provenance_mut::<T>(at).write(operand);
                }
                let store = &raw mut (*hart).fast.store;
                (*store).hits = (*store).hits.wrapping_add(1);
                let value = u64::from(!held);
                set_x(hart, (*op).rd, value);
                next!(hart, op.add(1), acc.then(value), budget, page)
            }
            None => go!(slow, hart, op, acc, budget, page),
        }
    }
}
