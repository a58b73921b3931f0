//! What was asked of `pagewalk walk`, and the answers.

use super::super::values;
use super::{Arguments, From, Kind, TranslationMode, wrong};
use anyhow::Result;
use pagewalk::isa::Privilege;
use pagewalk::loader::Guest;
use pagewalk::mem::{PhysAddr, VirtAddr};
use pagewalk::mmu::{AccessKind, Mode, Satp, Space};
use pagewalk::report::html::Limits;
use pagewalk::report::walk::address::{Explanation, Question, access_now};
use pagewalk::report::walk::diff::{DiffReport, Snapshot};
use pagewalk::report::walk::map::MapReport;
use pagewalk::report::walk::names::Names;
use pagewalk::report::walk::overview::Overview;
use pagewalk::report::walk::roots::RootReport;
use pagewalk::report::walk::tlb::TlbReport;
use pagewalk::report::walk::tree::TreeReport;
use pagewalk::report::walk::until::{Point, Watcher};
use pagewalk::report::walk::who::WhoReport;
use pagewalk::report::walk::{Document, VERSION, View};

/// What was asked, understood.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) until: Point,
    pub(super) diff: Option<Point>,
    va: Vec<VirtAddr>,
    who: Vec<PhysAddr>,
    kind: AccessKind,
    from: Option<Privilege>,
    pub(super) map: bool,
    pub(super) tree: bool,
    tlb: bool,
    pub(super) root: Option<Satp>,
    root_mode: Option<Mode>,
    asid: Option<u16>,
    pub(super) all_roots: bool,
    most_spaces: usize,
}

impl Asked {
    /// The same, for a page: the map, the tables and the TLB.
    pub(super) fn for_page(&self) -> Self {
        Self {
            va: Vec::new(),
            who: Vec::new(),
            diff: None,
            map: true,
            tree: true,
            tlb: true,
            all_roots: self.root.is_none() && self.asid.is_none(),
            most_spaces: Limits::default().spaces,
            ..self.clone()
        }
    }

    pub(super) fn read(arguments: &Arguments, names: &Names<'_>) -> Result<Self> {
        let point = |text: &String| match is_count(text) {
            true => (values::count(text).map(Point::Instructions))
                .map_err(|error| wrong(format!("`{text}`: {error}"))),
            false => Point::parse(text, names).map_err(wrong),
        };
        let address = |text: &String| names.address(text).map_err(wrong);
        let root = arguments.root.as_ref().map(address).transpose()?;
        if let Some(root) = root.filter(|root| root % 4096 != 0 || root >> 56 != 0) {
            return Err(wrong(format!(
                "--root {root:#x}: a table lies at a multiple of 0x1000, below 2^56"
            )));
        }
        let mode = arguments.mode.map(|mode| match mode {
            TranslationMode::Sv39 => Mode::Sv39,
            TranslationMode::Sv48 => Mode::Sv48,
            TranslationMode::Sv57 => Mode::Sv57,
        });
        Ok(Self {
            until: point(&arguments.until)?,
            diff: arguments.diff.as_ref().map(point).transpose()?,
            va: arguments
                .va
                .iter()
                .map(|text| address(text).map(VirtAddr))
                .collect::<Result<_>>()?,
            who: arguments
                .who
                .iter()
                .map(|text| names.physical_address(text).map(PhysAddr).map_err(wrong))
                .collect::<Result<_>>()?,
            kind: match arguments.kind {
                Kind::Load => AccessKind::Load,
                Kind::Store => AccessKind::Store,
                Kind::Fetch => AccessKind::Fetch,
                Kind::Amo => AccessKind::Amo,
                Kind::CboZero => AccessKind::CacheBlockZero,
                Kind::Cbo => AccessKind::CacheBlockManage,
            },
            from: arguments.from.map(|from| match from {
                From::U => Privilege::User,
                From::S => Privilege::Supervisor,
            }),
            map: arguments.map,
            tree: arguments.tree,
            tlb: arguments.tlb,
            root: root.map(|root| Satp::new(mode.unwrap_or(Mode::Sv39), 0, root >> 12)),
            root_mode: mode,
            asid: arguments.asid,
            all_roots: arguments.all_roots,
            most_spaces: usize::MAX,
        })
    }

    /// The address spaces to show: at least one.
    fn spaces(&self, present: Satp, watcher: &Watcher<'_>) -> Result<Vec<Satp>> {
        if let Some(root) = self.root {
            let mode = match (self.root_mode, present.mode()) {
                (Some(mode), _) => mode,
                (None, Mode::Bare) => Mode::Sv39,
                (None, mode) => mode,
            };
            return Ok(vec![Satp::new(mode, present.asid(), root.root_ppn())]);
        }
        if let Some(asid) = self.asid {
            return match watcher.roots().with_asid(asid) {
                Some(satp) => Ok(vec![satp]),
                None => Err(wrong(no_asid(asid, watcher))),
            };
        }
        let mut all = vec![present];
        if self.all_roots {
            all = watcher.roots().values();
            if !all.contains(&present) && present.mode() != Mode::Bare || all.is_empty() {
                all.push(present);
            }
            if all.len() > self.most_spaces {
                all.sort_by_key(|satp| *satp != present);
                all.truncate(self.most_spaces);
            }
        }
        Ok(all)
    }

    pub(super) fn snapshot(&self, view: &mut View<'_>, point: &Point, satp: Satp) -> Snapshot {
        let config = view.space(satp);
        Snapshot {
            point: point.to_string(),
            retired: view.hart.retired,
            satp,
            space: Space::read(&config, view),
        }
    }

    /// Whether nothing was asked but where the guest is.
    pub(super) fn nothing(&self) -> bool {
        let lists = self.va.is_empty() && self.who.is_empty() && self.diff.is_none();
        lists && !self.map && !self.tree && !self.tlb && !self.explains_fault()
    }

    /// Whether the access that faulted is to be explained.
    pub(super) fn explains_fault(&self) -> bool {
        let fault = matches!(self.until, Point::PageFault(_) | Point::AccessFault(_));
        let other =
            self.map || self.tree || self.tlb || self.diff.is_some() || !self.who.is_empty();
        fault && self.va.is_empty() && !other
    }

    pub(super) fn answer(
        &self,
        view: &mut View<'_>,
        guest: &Guest,
        watcher: &Watcher<'_>,
        snapshot: Option<Snapshot>,
        how: String,
    ) -> Result<Document> {
        let names = view.names;
        let present = view.satp();
        let spaces = self.spaces(present, watcher)?;
        let first = spaces.first().copied().unwrap_or(present);
        let mut seen = watcher.roots().values();
        if present.mode() != Mode::Bare && !seen.contains(&present) {
            seen.push(present);
        }
        let overview = Overview::new(view, watcher, how);
        let mut addresses = Vec::new();
        for &va in &self.va {
            for &satp in &spaces {
                let privilege = self.from.unwrap_or(match view.hart.privilege {
                    Privilege::Machine => Privilege::Supervisor,
                    other => other,
                });
                let access = access_now(view, self.kind, privilege);
                addresses.push(Explanation::new(view, Question { va, access, satp }, &seen));
            }
        }
        if self.explains_fault()
            && let Some(fault) = watcher.fault(0)
        {
            addresses.push(Explanation::of_fault(view, fault, &seen));
        }
        let diff = snapshot.map(|from| {
            let to = self.snapshot(view, &self.until, first);
            DiffReport::new(&from, &to, names)
        });
        // A frame is looked for everywhere, unless one address space was named.
        let everywhere = match self.root.is_some() || self.asid.is_some() {
            true => spaces.clone(),
            false => seen.clone(),
        };
        let who = self
            .who
            .iter()
            .map(|&pa| WhoReport::new(view, pa, &everywhere))
            .collect();
        let of = |wanted: bool| if wanted { spaces.clone() } else { Vec::new() };
        Ok(Document {
            format: "pagewalk-walk",
            version: VERSION,
            guest: guest.name().to_owned(),
            overview,
            roots: (watcher.roots().list().iter())
                .map(|root| RootReport::new(root, view))
                .collect(),
            addresses,
            maps: of(self.map)
                .into_iter()
                .map(|satp| MapReport::new(view, satp))
                .collect(),
            trees: of(self.tree)
                .into_iter()
                .map(|satp| TreeReport::new(view, satp))
                .collect(),
            tlb: self.tlb.then(|| TlbReport::new(view, &seen)),
            who,
            diff,
        })
    }
}

/// Whether a point is a number of instructions: a number that is no address, and comes once.
fn is_count(text: &str) -> bool {
    let hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    text.starts_with(|c: char| c.is_ascii_digit()) && !hexadecimal && !text.contains(':')
}

/// That no address space with an ASID was seen, and which were.
fn no_asid(asid: u16, watcher: &Watcher<'_>) -> String {
    let mut known: Vec<u16> = watcher
        .roots()
        .values()
        .iter()
        .map(|satp| satp.asid())
        .collect();
    known.sort_unstable();
    known.dedup();
    let known: Vec<String> = known.iter().take(16).map(u16::to_string).collect();
    match known.is_empty() {
        true => format!("--asid {asid}: satp was never written, so there is no address space"),
        false => format!(
            "--asid {asid}: no address space had it; those seen: {}",
            known.join(", ")
        ),
    }
}
