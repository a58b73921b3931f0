//! What really is at a virtual address: the frame, and the bytes there. Names are given by that.

use super::View;
use crate::hart::Hart;
use crate::isa::Privilege;
use crate::mem::{Bus, PAGE_SIZE, PhysAddr, VirtAddr};
use crate::mmu::{Access, AccessKind, Mode, Satp};
use crate::report::place::Place;

/// How many bytes are compared with those of the file: several instructions, since one (`ret`, `nop`)
/// is in every program.
const COMPARED: u64 = 16;

/// What is at a virtual address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Site {
    /// Whether the address is translated: if not, it is a physical one.
    pub translated: bool,
    /// Where it is in physical memory; none if the translation fails.
    pub pa: Option<PhysAddr>,
    /// The first bytes there; none if it is not RAM.
    pub bytes: Vec<u8>,
}

impl Site {
    /// What a fetch finds at an address: through the TLB if that holds it, else through the tables.
    pub fn fetched(
        hart: &Hart,
        bus: &mut Bus,
        va: VirtAddr,
        privilege: Privilege,
        satp: Satp,
    ) -> Self {
        let translated = privilege != Privilege::Machine && satp.mode() != Mode::Bare;
        if !translated {
            return Self::at(bus, PhysAddr(va.0), false);
        }
        let access = Access::new(AccessKind::Fetch, privilege);
        let cached = (hart.tlb.peek(access.kind, satp.mode(), satp.asid(), va))
            .filter(|entry| entry.pte.check(access, hart.ad_policy()).is_ok())
            .map(|entry| entry.pte.map(va, entry.size));
        let pa = cached.or_else(|| hart.explain(bus, satp, va, access).result().ok());
        match pa {
            Some(pa) => Self::at(bus, pa, true),
            None => Self {
                translated,
                ..Self::default()
            },
        }
    }

    /// What is at a physical address.
    pub fn at(bus: &Bus, pa: PhysAddr, translated: bool) -> Self {
        let length = COMPARED.min(PAGE_SIZE - pa.0 % PAGE_SIZE);
        Self {
            translated,
            pa: Some(pa),
            bytes: bus.ram().slice(pa, length).unwrap_or_default().to_vec(),
        }
    }
}

impl View<'_> {
    /// The place of an instruction that runs, or ran, with a privilege.
    pub fn code(&mut self, pc: u64, privilege: Privilege) -> Place {
        let satp = self.satp();
        self.code_in(pc, privilege, satp)
    }

    /// The same, in an address space.
    pub fn code_in(&mut self, pc: u64, privilege: Privilege, satp: Satp) -> Place {
        let site = Site::fetched(self.hart, self.bus, VirtAddr(pc), privilege, satp);
        self.names.code(pc, &site)
    }

    /// The name of what is at a virtual address that maps a physical one; none if nothing is mapped
    /// there, and then it is what is linked there.
    pub fn data(&self, va: VirtAddr, pa: Option<PhysAddr>) -> Option<String> {
        let site = match pa {
            Some(pa) => Site::at(self.bus, pa, true),
            None => Site::default(),
        };
        self.names.data(va, &site)
    }
}
