//! The trigger module (Sdtrig 1.0): four triggers that raise a breakpoint exception on the address of a fetch,
//! load or store.
//!
//! What is chosen where the debug specification leaves a choice:
//! - Types: mcontrol6 (6), mcontrol (2, deprecated, for older debuggers), disabled (15). A write with any other
//!   type, 0 among them, disables the trigger.
//! - Action 0 (breakpoint exception) only, taken *before* the instruction. There is no debug mode, so `dmode`
//!   reads zero. Addresses are compared, never data (`select` reads zero).
//! - `tdata3` (textra64) is implemented with every field fixed at "ignore". `scontext`, `mcontext` and
//!   `tcontrol` are absent.
//! - Re-entrancy ("Native Triggers"): the first of the two solutions. No trigger fires in M-mode while
//!   `mstatus.MIE` is clear, nor in S-mode while breakpoints are delegated and `sstatus.SIE` is clear. The other
//!   (`tcontrol`) forbids delegating breakpoints, which a kernel wants.

use crate::isa::Privilege;

/// How many triggers there are.
pub const TRIGGERS: usize = 4;

/// `tinfo`: the types 2, 6 and 15, by the ratified version 1.0.
const TINFO: u64 = 1 << 24 | 1 << TYPE_MCONTROL | 1 << TYPE_MCONTROL6 | 1 << TYPE_DISABLED;

const TYPE_MCONTROL: u64 = 2;
const TYPE_MCONTROL6: u64 = 6;
const TYPE_DISABLED: u64 = 15;
const TYPE_SHIFT: u32 = 60;

// Where both types have a field, they agree on its place.
const LOAD: u64 = 1 << 0;
const STORE: u64 = 1 << 1;
const EXECUTE: u64 = 1 << 2;
const U: u64 = 1 << 3;
const S: u64 = 1 << 4;
const M: u64 = 1 << 6;
const CHAIN: u64 = 1 << 11;
const MATCH_SHIFT: u32 = 7;
const MATCH: u64 = 0xf << MATCH_SHIFT;
const SIZE_SHIFT: u32 = 16;

const MCONTROL_HIT: u64 = 1 << 20;
/// `hit1:hit0` = 1: fired before the instruction. `hit1` stays zero.
const MCONTROL6_HIT0: u64 = 1 << 22;

/// The largest NAPOT range is 2^63 bytes.
const MASKMAX6: u32 = 63;

/// How `tdata2` is compared (the `match` field).
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Comparison {
    Equal = 0,
    Napot = 1,
    AtLeast = 2,
    Below = 3,
    MaskLow = 4,
    MaskHigh = 5,
    NotEqual = 8,
    NotNapot = 9,
    NotMaskLow = 12,
    NotMaskHigh = 13,
}

impl Comparison {
    const fn from_bits(bits: u64) -> Option<Self> {
        Some(match bits {
            0 => Self::Equal,
            1 => Self::Napot,
            2 => Self::AtLeast,
            3 => Self::Below,
            4 => Self::MaskLow,
            5 => Self::MaskHigh,
            8 => Self::NotEqual,
            9 => Self::NotNapot,
            12 => Self::NotMaskLow,
            13 => Self::NotMaskHigh,
            _ => return None,
        })
    }

    /// Whether one compare value matches. The negated forms match as the plain ones; [`Self::negated`] tells them
    /// apart.
    const fn holds(self, value: u64, tdata2: u64) -> bool {
        let half_mask = tdata2 >> 32;
        let half = tdata2 & 0xffff_ffff;
        match self {
            Self::Equal | Self::NotEqual => value == tdata2,
            Self::Napot | Self::NotNapot => {
                // The bits up to and including the lowest zero do not count.
                (value ^ tdata2) & !(tdata2 ^ tdata2.wrapping_add(1)) == 0
            }
            Self::AtLeast => value >= tdata2,
            Self::Below => value < tdata2,
            Self::MaskLow | Self::NotMaskLow => value & half_mask == half,
            Self::MaskHigh | Self::NotMaskHigh => value >> 32 & half_mask == half,
        }
    }

    const fn negated(self) -> bool {
        self as u8 >= Self::NotEqual as u8
    }

    /// Whether an access matches: any of its bytes' addresses is a compare value, as the specification
    /// recommends. Negated forms match where no byte does.
    fn matches(self, access: Bytes, tdata2: u64) -> bool {
        let any = (0..access.len)
            .any(|offset| self.holds(access.va.wrapping_add(u64::from(offset)), tdata2));
        any != self.negated()
    }
}

/// The bytes that an access touches, or that hold an instruction.
#[derive(Clone, Copy)]
struct Bytes {
    va: u64,
    len: u32,
}

/// The state that decides whether triggers may fire now, and the instruction that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TriggerContext {
    /// The current privilege mode; MPRV does not change it.
    pub privilege: Privilege,
    /// `mstatus.MIE`.
    pub mie: bool,
    /// `mstatus.SIE`.
    pub sie: bool,
    /// `medeleg[3]`: S-mode handles breakpoints.
    pub breakpoint_delegated: bool,
    /// The address of the instruction.
    pub pc: u64,
    /// Its length in bytes.
    pub insn_len: u8,
}

impl TriggerContext {
    /// The rule against firing inside the handler that would handle it.
    const fn may_fire(&self) -> bool {
        match self.privilege {
            Privilege::Machine => self.mie,
            Privilege::Supervisor => self.sie || !self.breakpoint_delegated,
            Privilege::User => true,
        }
    }
}

/// What an instruction does with memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerAccess {
    /// A load; also LR.
    Load,
    /// A store; also SC, and `cbo.*` with the whole cache block as its bytes.
    Store,
    /// An AMO, which is both.
    LoadStore,
}

impl TriggerAccess {
    const fn bits(self) -> u64 {
        match self {
            Self::Load => LOAD,
            Self::Store => STORE,
            Self::LoadStore => LOAD | STORE,
        }
    }
}

/// One trigger.
#[derive(Clone, Copy, Debug)]
struct Trigger {
    tdata1: u64,
    tdata2: u64,
}

impl Trigger {
    const DISABLED: Self = Self {
        tdata1: TYPE_DISABLED << TYPE_SHIFT,
        tdata2: 0,
    };

    const fn kind(&self) -> u64 {
        self.tdata1 >> TYPE_SHIFT
    }

    const fn enabled(&self) -> bool {
        self.kind() != TYPE_DISABLED
    }

    const fn chains(&self) -> bool {
        self.enabled() && self.tdata1 & CHAIN != 0
    }

    const fn comparison(&self) -> Comparison {
        match Comparison::from_bits((self.tdata1 & MATCH) >> MATCH_SHIFT) {
            Some(comparison) => comparison,
            None => Comparison::Equal,
        }
    }

    const fn mode_bit(privilege: Privilege) -> u64 {
        match privilege {
            Privilege::Machine => M,
            Privilege::Supervisor => S,
            Privilege::User => U,
        }
    }

    /// The access size that it is limited to, in bytes; 0 for any.
    const fn size(&self) -> u32 {
        if self.kind() == TYPE_MCONTROL {
            let low = self.tdata1 >> 16 & 3;
            let high = self.tdata1 >> 21 & 3;
            match high << 2 | low {
                9 => 16,
                size => small_size(size),
            }
        } else {
            match self.tdata1 >> SIZE_SHIFT & 7 {
                6 => 16,
                size => small_size(size),
            }
        }
    }

    fn matches_bytes(&self, bytes: Bytes) -> bool {
        let size = self.size();
        (size == 0 || size == bytes.len) && self.comparison().matches(bytes, self.tdata2)
    }

    fn set_hit(&mut self) {
        self.tdata1 |= if self.kind() == TYPE_MCONTROL {
            MCONTROL_HIT
        } else {
            MCONTROL6_HIT0
        };
    }
}

/// The access sizes that both types encode alike.
const fn small_size(size: u64) -> u32 {
    match size {
        1 => 1,
        2 => 2,
        3 => 4,
        5 => 8,
        _ => 0,
    }
}

/// The trigger module of one hart.
#[derive(Clone, Debug)]
pub struct Triggers {
    triggers: [Trigger; TRIGGERS],
    selected: usize,
    /// The union of the enabled triggers' LOAD, STORE and EXECUTE bits, for each privilege mode.
    armed: [u64; 4],
}

impl Triggers {
    /// The module after reset: every trigger disabled.
    pub const fn new() -> Self {
        Self {
            triggers: [Trigger::DISABLED; TRIGGERS],
            selected: 0,
            armed: [0; 4],
        }
    }

    /// Whether a trigger could match fetches in this mode. The one test that a fetch pays.
    #[inline]
    pub const fn armed_execute(&self, privilege: Privilege) -> bool {
        self.armed[privilege as usize] & EXECUTE != 0
    }

    /// Whether a trigger could match anything in this mode.
    #[inline]
    pub const fn armed(&self, privilege: Privilege) -> bool {
        self.armed[privilege as usize] != 0
    }

    /// Whether a trigger could match loads in this mode.
    #[inline]
    pub const fn armed_load(&self, privilege: Privilege) -> bool {
        self.armed[privilege as usize] & LOAD != 0
    }

    /// Whether a trigger could match stores in this mode.
    #[inline]
    pub const fn armed_store(&self, privilege: Privilege) -> bool {
        self.armed[privilege as usize] & STORE != 0
    }

    /// Whether a trigger fires on the fetch of the context's instruction. If so, its `hit` is set, and the
    /// instruction must not run: breakpoint exception, `tval` the pc. To be asked before the fetch translates.
    #[cold]
    pub fn check_execute(&mut self, context: &TriggerContext) -> bool {
        self.fire(context, None)
    }

    /// Whether a trigger fires on a data access. If so, its `hit` is set, and the access must not happen:
    /// breakpoint exception, `tval` the address. To be asked before alignment and translation are looked at.
    #[cold]
    pub fn check_data(
        &mut self,
        va: u64,
        len: u32,
        access: TriggerAccess,
        context: &TriggerContext,
    ) -> bool {
        self.fire(context, Some((Bytes { va, len }, access.bits())))
    }

    /// Walks the chains. A chain fires if all its triggers match the same instruction, and at least one of them
    /// matches the event at hand; a single trigger is a chain of one.
    fn fire(&mut self, context: &TriggerContext, data: Option<(Bytes, u64)>) -> bool {
        if !context.may_fire() {
            return false;
        }
        let mode = Trigger::mode_bit(context.privilege);
        let instruction = Bytes {
            va: context.pc,
            len: u32::from(context.insn_len),
        };
        let mut fired = false;
        let mut start = 0;
        while start < TRIGGERS {
            let chain = self.triggers.get_mut(start..).unwrap_or_default();
            let length = chain.iter().take_while(|trigger| trigger.chains()).count() + 1;
            let chain = chain.get_mut(..length).unwrap_or_default();
            let mut all = !chain.is_empty();
            let mut any_now = false;
            for trigger in chain.iter() {
                let enabled = trigger.enabled() && trigger.tdata1 & mode != 0;
                let by_fetch =
                    enabled && trigger.tdata1 & EXECUTE != 0 && trigger.matches_bytes(instruction);
                let by_data = data.is_some_and(|(bytes, kinds)| {
                    enabled && trigger.tdata1 & kinds != 0 && trigger.matches_bytes(bytes)
                });
                all &= by_fetch || by_data;
                any_now |= by_data || data.is_none() && by_fetch;
            }
            if all && any_now {
                chain.iter_mut().for_each(Trigger::set_hit);
                fired = true;
            }
            start += length;
        }
        fired
    }

    fn current(&self) -> Trigger {
        self.triggers
            .get(self.selected)
            .copied()
            .unwrap_or(Trigger::DISABLED)
    }

    /// `tselect`.
    pub const fn read_tselect(&self) -> u64 {
        self.selected as u64
    }

    /// Writes `tselect`; the number of a trigger that is not there is ignored.
    pub fn write_tselect(&mut self, value: u64) {
        if value < TRIGGERS as u64 {
            self.selected = value as usize;
        }
    }

    /// `tdata1`.
    pub fn read_tdata1(&self) -> u64 {
        self.current().tdata1
    }

    /// Writes `tdata1`; what is not supported becomes the nearest legal value.
    pub fn write_tdata1(&mut self, value: u64) {
        let last = self.selected + 1 == TRIGGERS;
        if let Some(trigger) = self.triggers.get_mut(self.selected) {
            trigger.tdata1 = legal_tdata1(value, last);
            self.arm();
        }
    }

    /// `tdata2`.
    pub fn read_tdata2(&self) -> u64 {
        self.current().tdata2
    }

    /// Writes `tdata2`, the address.
    pub fn write_tdata2(&mut self, value: u64) {
        if let Some(trigger) = self.triggers.get_mut(self.selected) {
            let napot = matches!(
                trigger.comparison(),
                Comparison::Napot | Comparison::NotNapot
            );
            // A NAPOT range beyond the largest becomes the largest.
            trigger.tdata2 = if napot && value.trailing_ones() >= MASKMAX6 {
                value & !(1 << (MASKMAX6 - 1))
            } else {
                value
            };
        }
    }

    /// `tdata3`: every field is fixed at zero, "ignore".
    pub const fn read_tdata3(&self) -> u64 {
        0
    }

    /// Writes `tdata3`, to no effect.
    pub const fn write_tdata3(&mut self, _value: u64) {}

    /// `tinfo`, the same for every trigger. Writes have no effect.
    pub const fn read_tinfo(&self) -> u64 {
        TINFO
    }

    fn arm(&mut self) {
        self.armed = [0; 4];
        for privilege in [Privilege::User, Privilege::Supervisor, Privilege::Machine] {
            let mode = Trigger::mode_bit(privilege);
            self.armed[privilege as usize] = self
                .triggers
                .iter()
                .filter(|trigger| trigger.enabled() && trigger.tdata1 & mode != 0)
                .fold(0, |union, trigger| {
                    union | trigger.tdata1 & (LOAD | STORE | EXECUTE)
                });
        }
    }
}

impl Default for Triggers {
    fn default() -> Self {
        Self::new()
    }
}

/// What `tdata1` becomes when software writes `value`. The last trigger has none to chain to.
fn legal_tdata1(value: u64, last: bool) -> u64 {
    let kind = value >> TYPE_SHIFT;
    let mut legal = kind << TYPE_SHIFT | value & (M | S | U | EXECUTE | STORE | LOAD);
    if !last {
        legal |= value & CHAIN;
    }
    let comparison = (value & MATCH) >> MATCH_SHIFT;
    if Comparison::from_bits(comparison).is_some() {
        legal |= value & MATCH;
    }
    match kind {
        TYPE_MCONTROL => {
            // `maskmax` reads zero: NAPOT matches are mcontrol6's.
            if matches!(comparison, 1 | 9) {
                legal &= !MATCH;
            }
            let size = value & (3 << 21 | 3 << 16);
            let trigger = Trigger {
                tdata1: legal | size,
                tdata2: 0,
            };
            if trigger.size() != 0 {
                legal |= size;
            }
            legal | value & MCONTROL_HIT
        }
        TYPE_MCONTROL6 => {
            let size = value & 7 << SIZE_SHIFT;
            let trigger = Trigger {
                tdata1: legal | size,
                tdata2: 0,
            };
            if trigger.size() != 0 {
                legal |= size;
            }
            legal | value & MCONTROL6_HIT0
        }
        _ => TYPE_DISABLED << TYPE_SHIFT,
    }
}

#[cfg(test)]
#[path = "triggers_tests.rs"]
mod tests;
