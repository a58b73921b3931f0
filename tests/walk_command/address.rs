//! One address explained, and whole address spaces, on tables made here.

use super::*;

pub(super) const ROOT: u64 = 0x8010_0000;
pub(super) const MIDDLE: u64 = 0x8010_1000;
pub(super) const LAST: u64 = 0x8010_2000;
/// VPN[2] = 1, VPN[1] = 1, VPN[0] = 1, offset 0x234.
pub(super) const VA: u64 = 0x4020_1234;
pub(super) const MIDDLE_ENTRY: u64 = MIDDLE + 8;
pub(super) const LAST_ENTRY: u64 = LAST + 8;
pub(super) const LEAF: u64 = Pte::V | Pte::R | Pte::W | Pte::A | Pte::D;

/// A hart in S-mode, Sv39, with three tables and a page at [`VA`].
pub(super) struct Bench {
    machine: Machine,
    guest: Guest,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(&MachineConfig::default())
    }

    pub(super) fn with(config: &MachineConfig) -> Self {
        let mut machine = Machine::empty(config, MemoryMap::RAM).unwrap();
        let hart = machine.hart_mut();
        hart.privilege = Privilege::Supervisor;
        hart.csr.satp = Satp::new(Mode::Sv39, 7, ROOT >> 12).0;
        hart.pmp.write_addr(0, u64::MAX);
        hart.pmp.write_cfg(0, 0x1f);
        let guest = Guest::from_bytes("names", FIRST).unwrap();
        let mut bench = Self { machine, guest };
        bench.put(ROOT + 8, Pte::new(MIDDLE >> 12, Pte::V).0);
        bench.put(MIDDLE_ENTRY, Pte::new(LAST >> 12, Pte::V).0);
        bench.put(LAST_ENTRY, Pte::new(0x81234, LEAF).0);
        bench
    }

    pub(super) fn put(&mut self, at: u64, value: u64) -> &mut Self {
        let ram = self.machine.bus_mut().ram_mut();
        ram.store(PhysAddr(at), 8, value).unwrap();
        self
    }

    pub(super) fn look<T>(&mut self, what: impl FnOnce(&mut View<'_>) -> T) -> T {
        let names = Names::new(&self.guest);
        let (hart, bus) = self.machine.hart_and_bus(0).unwrap();
        what(&mut View {
            hart,
            bus,
            names: &names,
        })
    }

    pub(super) fn explain(
        &mut self,
        va: u64,
        kind: AccessKind,
        privilege: Privilege,
    ) -> Explanation {
        self.look(|view| {
            let question = Question {
                va: VirtAddr(va),
                access: access_now(view, kind, privilege),
                satp: view.satp(),
            };
            Explanation::new(view, question, &[])
        })
    }

    pub(super) fn load(&mut self) -> Explanation {
        self.explain(VA, AccessKind::Load, Privilege::Supervisor)
    }

    /// What a load from S-mode says, with this entry in the last table.
    pub(super) fn with_leaf(bits: u64) -> Explanation {
        let mut bench = Self::new();
        bench.put(LAST_ENTRY, bits);
        bench.load()
    }

    /// Lets the TLB hold what the tables say now.
    pub(super) fn fill(&mut self) {
        let satp = Satp(self.machine.hart().csr.satp);
        let access = Access::new(AccessKind::Load, Privilege::Supervisor);
        let (hart, bus) = self.machine.hart_and_bus(0).unwrap();
        let walk = hart.explain(bus, satp, VirtAddr(VA), access);
        let entry = Entry::from_walk(&walk, satp.mode(), satp.asid(), 0).unwrap();
        let tlb = &mut self.machine.hart_mut().tlb;
        tlb.insert(AccessKind::Load, entry, 0);
    }
}

#[track_caller]
pub(super) fn fault(explanation: &Explanation, reason: &str, number: u8, mend: &str) {
    let OutcomeReport::Fault(fault) = &explanation.outcome else {
        panic!("no fault:\n{explanation}");
    };
    assert_eq!((fault.reason, fault.number), (reason, number));
    assert_eq!(fault.stval.0, explanation.va.0);
    let mending = fault.mend.join("\n");
    assert!(mending.contains(mend), "{mend:?} is not in:\n{mending}");
    // The text tells the same.
    let text = explanation.to_string();
    lines(
        &text,
        &["The fault", &fault.text, &format!("cause  {number} "), mend],
    );
}

#[track_caller]
pub(super) fn translated(explanation: &Explanation, expected: u64, size: u64) {
    match &explanation.outcome {
        OutcomeReport::Translated { pa, page_size, .. } => {
            assert_eq!((pa.0, *page_size), (expected, size));
        }
        OutcomeReport::Fault(_) => panic!("a fault:\n{explanation}"),
    }
}

#[test]
fn an_address_in_columns_and_each_table_read() {
    let text = Bench::new().load().to_string();
    lines(
        &text,
        &[
            "Load of va:0x0000000040201234 from S-mode: pa:0x81234234\n",
            "satp = 0x8000700000080100\n",
            "  63-60  MODE  8              Sv39\n",
            "  59-44  ASID  7 ",
            "  43-0   PPN   0x80100        the root table is at pa:0x80100000\n",
            "  63                     39 | 38     30 | 29     21 | 20     12 | 11         0\n",
            "  0000000000000000000000000 | 000000001 | 000000001 | 000000001 | 001000110100\n",
            "             0x0            |    0x1    |    0x1    |    0x1    |    0x234\n",
            "           unused           |  VPN[2]   |  VPN[1]   |  VPN[0]   |    offset\n",
            "bit 38, which is 0: they do",
            "Step 1: level 2, table pa:0x80100000\n",
            "  entry  pa:0x80100008 = table + VPN[2] * 8 = 0x80100000 + 1 * 8\n",
            "  value  0x0000000020040401 -------V\n",
            "a pointer to the table of level 1 at pa:0x80101000\n",
            "Step 2: level 1, table pa:0x80101000\n",
            "Step 3: level 0, table pa:0x80102000\n",
            "  value  0x000000002048d0c7 DA---WRV\n",
            "    53-10  PPN   0x81234        the 4 KiB frame is at pa:0x81234000\n",
            "  yes  U is clear: a page of S-mode\n",
            "  yes  R is set: the page may be read\n",
            "  pa:0x81234234 = frame 0x81234000 (4 KiB) + offset 0x234\n",
            "  there is RAM\n",
            "  PMP entry 0 allows rwx\n",
            "The TLB\n  miss: this access walks the tables\n",
        ],
    );
}

#[test]
fn each_way_to_break_an_entry_has_its_reason_and_what_mends_it() {
    let frame = |bits| Pte::new(0x81234, bits).0;
    let cases = [
        (0, "not-valid", "write a leaf with V, R and A"),
        (
            frame(Pte::V | Pte::W),
            "write-without-read",
            "set R in the entry at pa:0x80102008",
        ),
        (
            frame(LEAF | 1 << 54),
            "reserved-bits",
            "clear the bits 0x40000000000000",
        ),
        (
            frame(Pte::V | Pte::D),
            "non-leaf-bits",
            "clear the bits 0x80",
        ),
        (frame(Pte::V), "level-exhausted", "it must be a leaf"),
        (
            frame(Pte::V | Pte::X | Pte::A),
            "not-readable",
            "mstatus.MXR",
        ),
        (
            frame(LEAF | Pte::U),
            "user-page-without-sum",
            "set sstatus.SUM",
        ),
        (
            frame(LEAF | Pte::N),
            "reserved-napot",
            "write 0x800000002048e0c7",
        ),
        (
            frame(LEAF | 1 << 61),
            "pbmt-without-svpbmt",
            "set menvcfg.PBMTE",
        ),
    ];
    for (pte, reason, mend) in cases {
        fault(&Bench::with_leaf(pte), reason, 13, mend);
    }
}

#[test]
fn a_fault_above_the_last_level() {
    let mut bench = Bench::new();
    bench.put(MIDDLE_ENTRY, 0);
    fault(&bench.load(), "not-valid", 13, "maps 2 MiB at once");
    bench.put(MIDDLE_ENTRY, Pte::new(0x81234, LEAF).0);
    fault(
        &bench.load(),
        "misaligned-superpage",
        13,
        "for example pa:0x81200000",
    );
    // A table where there is no RAM is no page fault but an access fault.
    bench.put(MIDDLE_ENTRY, Pte::new(0x10, Pte::V).0);
    fault(
        &bench.load(),
        "entry-outside-memory",
        5,
        "RAM is from 0x80000000 to 0xffffffff",
    );
}

#[test]
fn the_kind_of_access_and_the_mode_decide_right_and_cause() {
    let mut bench = Bench::new();
    let store = AccessKind::Store;
    bench.put(LAST_ENTRY, Pte::new(0x81234, Pte::V | Pte::R | Pte::A).0);
    fault(
        &bench.explain(VA, store, Privilege::Supervisor),
        "not-writable",
        15,
        "set W in the entry",
    );
    let fetch = AccessKind::Fetch;
    fault(
        &bench.explain(VA, fetch, Privilege::Supervisor),
        "not-executable",
        12,
        "set X",
    );
    fault(
        &bench.explain(VA, AccessKind::Load, Privilege::User),
        "supervisor-page",
        13,
        "set U",
    );
    bench.put(LAST_ENTRY, Pte::new(0x81234, LEAF | Pte::X | Pte::U).0);
    let explanation = bench.explain(VA, fetch, Privilege::Supervisor);
    fault(
        &explanation,
        "user-page-fetched-by-supervisor",
        12,
        "SUM does not help",
    );
    translated(
        &bench.explain(VA, fetch, Privilege::User),
        0x8123_4234,
        0x1000,
    );
    bench.machine.hart_mut().csr.mstatus |= status::SUM;
    translated(&bench.load(), 0x8123_4234, 0x1000);
}

#[test]
fn who_sets_a_and_d() {
    let leaf = Pte::new(0x81234, Pte::V | Pte::R | Pte::W).0;
    let mut bench = Bench::new();
    bench.put(LAST_ENTRY, leaf);
    let explanation = bench.explain(VA, AccessKind::Store, Privilege::Supervisor);
    translated(&explanation, 0x8123_4234, 0x1000);
    let text = explanation.to_string();
    assert!(
        text.contains("this store makes it set A and D in pa:0x80102008"),
        "{text}"
    );
    let isa = Isa::parse("rv64gc_svade").unwrap();
    let mut bench = Bench::with(&MachineConfig {
        isa,
        ..MachineConfig::default()
    });
    bench.put(LAST_ENTRY, leaf);
    fault(&bench.load(), "accessed-clear", 13, "--ad hardware");
    bench.put(LAST_ENTRY, leaf | Pte::A);
    translated(&bench.load(), 0x8123_4234, 0x1000);
    let store = bench.explain(VA, AccessKind::Store, Privilege::Supervisor);
    fault(
        &store,
        "dirty-clear",
        15,
        "set D in the entry at pa:0x80102008",
    );
}

#[test]
fn large_pages_keep_more_of_the_offset() {
    let mut bench = Bench::new();
    bench.put(MIDDLE_ENTRY, Pte::new(0x81200, LEAF).0);
    let explanation = bench.load();
    translated(&explanation, 0x8120_1234, 2 << 20);
    lines(
        &explanation.to_string(),
        &[
            "pa:0x81201234 = frame 0x81200000 (2 MiB) + offset 0x1234\n",
            "the leaf is at level 1 and maps 2 MiB: bits 20 to 0 are the offset\n",
        ],
    );
    // 64 KiB of sixteen entries: VA is in the second page of it.
    let napot = Bench::with_leaf(Pte::new(0x81238, LEAF | Pte::N).0);
    translated(&napot, 0x8123_1234, 64 << 10);
    lines(
        &napot.to_string(),
        &[
            "    63     N     1              part of a NAPOT range",
            "the frame is at pa:0x81230000\n",
            "bits 15 to 0 are the offset",
        ],
    );
}

#[test]
fn a_memory_type_is_told() {
    let mut bench = Bench::new();
    // menvcfg.PBMTE
    bench.machine.hart_mut().csr.menvcfg |= 1 << 62;
    for (pbmt, meaning) in [(1, "NC: main memory"), (2, "IO: not cached")] {
        bench.put(LAST_ENTRY, Pte::new(0x81234, LEAF | pbmt << 61).0);
        let explanation = bench.load();
        translated(&explanation, 0x8123_4234, 0x1000);
        assert!(explanation.to_string().contains(meaning));
    }
    bench.put(LAST_ENTRY, Pte::new(0x81234, LEAF | 3 << 61).0);
    fault(
        &bench.load(),
        "reserved-pbmt",
        13,
        "0 (PMA), 1 (NC) or 2 (IO)",
    );
}

#[test]
fn an_address_that_is_not_canonical() {
    let mut bench = Bench::new();
    let va = 0x0000_0040_0000_0000;
    let explanation = bench.explain(va, AccessKind::Load, Privilege::Supervisor);
    fault(&explanation, "non-canonical", 13, "0xffffffc000000000");
    assert!(explanation.steps.is_empty());
    lines(
        &explanation.to_string(),
        &["bit 38, which is 1: they do not", "Sv48 would take it"],
    );
}

#[test]
fn nothing_is_translated_in_bare_mode_and_machine_mode() {
    let mut bench = Bench::new();
    bench.machine.hart_mut().csr.satp = 0;
    let explanation = bench.explain(0x8000_1000, AccessKind::Load, Privilege::Supervisor);
    translated(&explanation, 0x8000_1000, 0);
    assert!(explanation.to_string().contains("satp.MODE is bare"));
    // Nothing is at this address: neither RAM nor a device.
    let nowhere = bench.explain(0x4000_0000, AccessKind::Store, Privilege::User);
    fault(&nowhere, "nothing-there", 7, "before translation is on?");
    let mut bench = Bench::new();
    let machine = bench.explain(0x8000_1000, AccessKind::Fetch, Privilege::Machine);
    translated(&machine, 0x8000_1000, 0);
    assert!(
        machine
            .to_string()
            .contains("M-mode uses physical addresses")
    );
    let clint = bench.explain(0x200_0000, AccessKind::Load, Privilege::Machine);
    assert!(clint.to_string().contains("there is clint"), "{clint}");
}

#[test]
fn pmp_has_the_last_word() {
    let mut bench = Bench::new();
    // Entry 0 covers the frame and allows reads; entry 1 allows everything everywhere.
    let pmp = &mut bench.machine.hart_mut().pmp;
    pmp.write_addr(0, (0x8123_4000 >> 2) | 0x1ff);
    pmp.write_addr(1, u64::MAX);
    pmp.write_cfg(0, 0x1f19);
    translated(&bench.load(), 0x8123_4234, 0x1000);
    let store = bench.explain(VA, AccessKind::Store, Privilege::Supervisor);
    fault(&store, "pmp-denied", 7, "set W in pmp0cfg");
    // Without any entry S-mode has no memory, and the walk ends at the root.
    bench.machine.hart_mut().pmp.write_cfg(0, 0);
    let explanation = bench.load();
    fault(
        &explanation,
        "entry-denied",
        5,
        "let S-mode read the entry at pa:0x80100008",
    );
}

#[test]
fn the_tlb_is_compared_with_the_tables() {
    let mut bench = Bench::new();
    bench.fill();
    lines(
        &bench.load().to_string(),
        &[
            "hit: this access goes to pa:0x81234234",
            "agrees with the tables",
        ],
    );
    bench.put(LAST_ENTRY, Pte::new(0x85678, LEAF & !Pte::W).0);
    let explanation = bench.load();
    translated(&explanation, 0x8567_8234, 0x1000);
    assert!(explanation.tlb.stale());
    lines(
        &explanation.to_string(),
        &[
            "hit: this access goes to pa:0x81234234",
            "STALE: the frame is now pa:0x85678000, the bits are now r----AD",
            "until sfence.vma va:0x40201234",
        ],
    );
    bench.put(LAST_ENTRY, 0);
    let text = bench.look(|view| TlbReport::new(view, &[]).to_string());
    lines(
        &text,
        &[
            "DTLB: 1 of",
            "0000000040201000  000081234000    4 KiB      7  rw---AD",
            "0x80100008 > 0x80101008 > 0x80102008",
            "STALE: the tables map nothing here now: at level 0, the entry is not valid",
            "1 entry is stale",
        ],
    );
    // What another ASID filled says nothing of this one.
    bench.machine.hart_mut().csr.satp = Satp::new(Mode::Sv39, 8, ROOT >> 12).0;
    let explanation = bench.load();
    assert!(!explanation.tlb.hit);
    lines(
        &explanation.to_string(),
        &["miss", "ASID 7", "not the present one"],
    );
}

#[test]
fn maps_and_trees_of_broken_tables() {
    let mut bench = Bench::new();
    // The root again as the table of level 1, and a table outside memory.
    bench.put(ROOT + 16, Pte::new(ROOT >> 12, Pte::V).0);
    bench.put(ROOT + 24, Pte::new(0x10, Pte::V).0);
    let satp = Satp(bench.machine.hart().csr.satp);
    let tree = bench.look(|view| TreeReport::new(view, satp).to_string());
    lines(
        &tree,
        &[
            "root, level 2: table pa:0x80100000\n    [0] not valid\n",
            "      [1] va:0x40200000 -> level 0: table pa:0x80102000\n",
            "        [1] va:0x40201000 -> pa:0x81234000 rw---AD 4 KiB\n",
            "    [2] va:0x80000000 -> table pa:0x80100000 again: a loop, it is the table of level 2 above\n",
            "    [3] va:0xc0000000 -> level 1: table pa:0x10000\n",
            "      [0..511] va:0xc0000000 broken: the page-table entry lies where there is no memory",
            "    [4..511] not valid\n",
        ],
    );
    let map = bench.look(|view| MapReport::new(view, satp).to_string());
    lines(
        &map,
        &[
            "Address space: Sv39, root pa:0x80100000, ASID 7\n",
            "0000000040201000-0000000040201fff  000081234000-000081234fff      4 KiB    4 KiB  rw---AD",
            "broken: the page-table entry lies where there is no memory",
        ],
    );
}

#[test]
fn a_maze_of_tables_is_cut_short() {
    let mut bench = Bench::new();
    // Every entry of the root points to the root, but for a leaf at each level.
    for index in 0..512 {
        bench.put(ROOT + 8 * index, Pte::new(ROOT >> 12, Pte::V).0);
    }
    bench.put(ROOT + 8, Pte::new(0, LEAF).0);
    let satp = Satp::new(Mode::Sv57, 0, ROOT >> 12);
    bench.machine.hart_mut().csr.satp = satp.0;
    let (map, tree, who) = bench.look(|view| {
        (
            MapReport::new(view, satp),
            TreeReport::new(view, satp).to_string(),
            WhoReport::new(view, PhysAddr(ROOT), &[satp]),
        )
    });
    assert!(map.ranges.len() <= 1 << 18 | 1, "{}", map.ranges.len());
    lines(&map.to_string(), &["cut short at va:0x"]);
    assert_eq!(tree.lines().count(), 5, "{tree}");
    assert!(who.cut_short && who.mappings.len() <= 4096 && who.tables.len() <= 4096);
}

#[test]
fn who_maps_a_frame_and_which_frames_are_tables() {
    let mut bench = Bench::new();
    bench.put(LAST + 16, Pte::new(LAST >> 12, LEAF | Pte::U).0);
    let satp = Satp(bench.machine.hart().csr.satp);
    let who = bench.look(|view| WhoReport::new(view, PhysAddr(LAST_ENTRY), &[satp]));
    lines(
        &who.to_string(),
        &[
            "Who maps pa:0x80102008, in the frame pa:0x80102000",
            "  va:0x40202008  rw-u-AD  4 KiB page, leaf pa:0x80102010",
            "it is the table of level 0 for va:0x40200000.., the entry pa:0x80101008 points to it",
            "user mode reaches this table at va:0x40202008",
        ],
    );
    let nobody = bench.look(|view| WhoReport::new(view, PhysAddr(0x8fff_f000), &[satp]));
    lines(
        &nobody.to_string(),
        &["no virtual address maps it", "it holds no page table"],
    );
}
