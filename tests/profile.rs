//! The profile: every instruction counted, once for its function and stack, and once for its block.

mod options;

use crate::support::elf::Elf;
use crate::support::guest::{CODE, guest};
use pagewalk::board::{Limits, Machine, MachineConfig, Stop};
use pagewalk::loader::Guest;
use pagewalk::report::profile::{BlockFigures, FunctionFigures, Profiler};
use std::path::Path;

/// A program whose only symbols are its functions.
fn program(source: &str, functions: &[&str]) -> Elf {
    let mut elf = guest(source);
    let is_function = |name: &str| functions.contains(&name) || ["_start", "exit"].contains(&name);
    elf.symbols
        .retain(|symbol| symbol.section == 2 || is_function(&symbol.name));
    elf
}

/// What was counted.
struct Counted {
    folded: Vec<String>,
    functions: Vec<FunctionFigures>,
    blocks: Vec<BlockFigures>,
    retired: u64,
}

impl Counted {
    fn of(mut guest: Guest, harts: usize) -> Self {
        let config = MachineConfig {
            harts,
            ..MachineConfig::default()
        };
        let console = Box::new(std::io::sink());
        let mut machine = Machine::new(&config, &mut guest, console).unwrap();
        let mut profiler = Profiler::new(&guest);
        let limits = Limits {
            max_instructions: Some(2_000_000),
            ..Limits::default()
        };
        let stop = machine.run(&limits, &mut profiler);
        assert_eq!(stop, Stop::Exit(0), "{}", guest.name());
        let profile = profiler.finish();
        let mut folded = Vec::new();
        profile.write_folded(&mut folded).unwrap();
        let folded = String::from_utf8(folded).unwrap();
        let counted = Self {
            folded: folded.lines().map(str::to_owned).collect(),
            functions: profile.functions(),
            blocks: profile.blocks(),
            retired: machine.harts().iter().map(|hart| hart.retired).sum(),
        };
        assert_eq!(profile.instructions(), counted.retired);
        assert_eq!(profile.other_blocks(), 0);
        counted.check_sums();
        counted
    }

    fn run(source: &str, functions: &[&str]) -> Self {
        let elf = program(source, functions).build();
        Self::of(Guest::from_bytes("guest", elf).unwrap(), 1)
    }

    /// Nothing is lost, whichever way it is counted.
    fn check_sums(&self) {
        let stacks = self.folded.iter().map(|line| {
            let (_, count) = line.rsplit_once(' ').unwrap();
            count.parse::<u64>().unwrap()
        });
        assert_eq!(stacks.sum::<u64>(), self.retired);
        let own = self.functions.iter().map(FunctionFigures::own);
        assert_eq!(own.sum::<u64>(), self.retired);
        let blocks = self.blocks.iter().map(|block| block.instructions);
        assert_eq!(blocks.sum::<u64>(), self.retired);
        for function in &self.functions {
            assert!(function.total >= function.own(), "{function:?}");
            assert!(function.total <= self.retired, "{function:?}");
        }
    }

    /// A function's own instructions, and those with what it called.
    fn figures(&self, name: &str) -> (u64, u64) {
        let mut functions = self.functions.iter();
        let found = functions.find(|function| function.name == name);
        found.map_or((0, 0), |found| (found.own(), found.total))
    }

    /// The stacks, but for those of the boot ROM.
    #[track_caller]
    fn expect(&self, stacks: &[&str]) {
        let rom = "hart 0;M-mode;[page 0x1000] ";
        let found: Vec<_> = self
            .folded
            .iter()
            .filter(|line| !line.starts_with(rom))
            .collect();
        assert_eq!(found, stacks);
    }

    /// The blocks that begin at the n-th instruction of the program: length and how often.
    fn blocks_at(&self, n: u64) -> Vec<(u32, u64)> {
        let at = CODE + 4 * n;
        let found = self.blocks.iter().filter(|block| block.start == at);
        found.map(|block| (block.length, block.times)).collect()
    }
}

/// A stack for calls.
const STACK: &str = "
    la sp, signature
    addi sp, sp, 1024
";

#[test]
fn calls_are_counted_for_the_function_and_its_callers() {
    let source = format!(
        "{STACK}
        jal ra, twice
        li a0, 0
        j exit
    twice:
        addi sp, sp, -16
        sd ra, 0(sp)
        jal ra, leaf
        jal ra, leaf
        ld ra, 0(sp)
        addi sp, sp, 16
        ret
    leaf:
        addi a0, a0, 1
        ret"
    );
    let counted = Counted::run(&source, &["twice", "leaf"]);
    counted.expect(&[
        "hart 0;M-mode;_start 6",
        "hart 0;M-mode;_start;twice 7",
        "hart 0;M-mode;_start;twice;leaf 4",
        "hart 0;M-mode;exit 5",
    ]);
    assert_eq!(counted.figures("_start"), (6, 17));
    assert_eq!(counted.figures("twice"), (7, 11));
    assert_eq!(counted.figures("leaf"), (4, 4));
    assert_eq!(counted.blocks_at(0), [(4, 1)]);
    assert_eq!(counted.blocks_at(13), [(2, 2)], "leaf");
}

/// Calls itself as often as `a0` says: eight instructions each time, and two the last time.
const RECURSION: &str = "
    jal ra, down
    li a0, 0
    j exit
down:
    beqz a0, 1done
    addi sp, sp, -16
    sd ra, 0(sp)
    addi a0, a0, -1
    jal ra, down
    ld ra, 0(sp)
    addi sp, sp, 16
1done:
    ret
";

#[test]
fn recursion_counts_once() {
    let source = format!("{STACK}\nli a0, 3\n{RECURSION}");
    let counted = Counted::run(&source, &["down"]);
    counted.expect(&[
        "hart 0;M-mode;_start 7",
        "hart 0;M-mode;_start;down 8",
        "hart 0;M-mode;_start;down;down 8",
        "hart 0;M-mode;_start;down;down;down 8",
        "hart 0;M-mode;_start;down;down;down;down 2",
        "hart 0;M-mode;exit 5",
    ]);
    assert_eq!(counted.figures("down"), (26, 26));
    assert_eq!(counted.figures("_start"), (7, 33));
}

#[test]
fn deep_recursion_loses_frames_and_no_instruction() {
    let source =
        format!("la sp, signature\nlui t1, 0x100\nadd sp, sp, t1\nli a0, 2000\n{RECURSION}");
    let counted = Counted::run(&source, &["down"]);
    assert_eq!(counted.figures("down"), (2000 * 8 + 2, 2000 * 8 + 2));
    assert!(counted.figures("[deeper]").1 > 0);
    let frames = counted.folded.iter().map(|line| line.split(';').count());
    assert!(frames.max().unwrap() < 600);
}

#[test]
fn a_tail_call_takes_the_place_of_its_caller() {
    let source = "
        jal ra, outer
        la t1, outer
        jalr ra, 0(t1)
        li a0, 0
        j exit
    outer:
        addi a0, a0, 1
        j inner
    inner:
        addi a0, a0, 1
        addi a0, a0, 1
        ret";
    let counted = Counted::run(source, &["outer", "inner"]);
    counted.expect(&[
        "hart 0;M-mode;_start 6",
        "hart 0;M-mode;_start;inner 6",
        "hart 0;M-mode;_start;outer 4",
        "hart 0;M-mode;exit 5",
    ]);
}

/// Skips the instruction that trapped.
const HANDLER: &str = "
handler:
    csrrs t2, mepc, zero
    addi t2, t2, 4
    csrrw zero, mepc, t2
    mret
";

#[test]
fn a_trap_stands_between_the_function_and_the_handler() {
    let source = format!(
        "la t1, handler
        csrrw zero, mtvec, t1
        jal ra, work
        li a0, 0
        j exit
    work:
        addi a0, a0, 1
        ebreak
        addi a0, a0, 1
        ret
        {HANDLER}"
    );
    let counted = Counted::run(&source, &["work", "handler"]);
    counted.expect(&[
        "hart 0;M-mode;_start 6",
        "hart 0;M-mode;_start;work 3",
        "hart 0;M-mode;_start;work;[breakpoint];handler 4",
        "hart 0;M-mode;exit 5",
    ]);
    assert_eq!(counted.figures("[breakpoint]"), (0, 4));
    assert_eq!(counted.figures("work"), (3, 7));
}

#[test]
fn each_privilege_has_a_stack_of_its_own() {
    let source = format!(
        "la t1, handler
        csrrw zero, mtvec, t1
        la t1, user
        csrrw zero, mepc, t1
        li t1, -1
        csrrw zero, pmpaddr0, t1
        li t1, 31
        csrrw zero, pmpcfg0, t1
        mret
    user:
        jal ra, service
        jal ra, service
        li a0, 0
        j exit
    service:
        addi a0, a0, 1
        ecall
        ret
        {HANDLER}"
    );
    let counted = Counted::run(&source, &["user", "service", "handler"]);
    counted.expect(&[
        "hart 0;M-mode;[environment call from U-mode];handler 8",
        "hart 0;M-mode;_start 11",
        "hart 0;U-mode;exit 5",
        "hart 0;U-mode;user 4",
        "hart 0;U-mode;user;service 4",
    ]);
    let service = counted.functions.iter().find(|it| it.name == "service");
    assert_eq!(service.map(|it| it.own), Some([4, 0, 0, 0]));
}

/// As Linux does it: the next instruction is mapped elsewhere only, and `stvec` says where.
#[test]
fn turning_translation_on_is_no_trap() {
    let source = "
        la t1, tohost
        lui t2, 3
        add t1, t1, t2
        lui t2, 0x20000
        addi t2, t2, 207
        sd t2, 8(t1)
        srli t1, t1, 12
        li t2, 8
        slli t2, t2, 60
        or t1, t1, t2
        li t2, -1
        csrrw zero, pmpaddr0, t2
        li t2, 31
        csrrw zero, pmpcfg0, t2
        la t2, entered
        lui t3, 0x40000
        sub t2, t2, t3
        csrrw zero, stvec, t2
        lui t2, 1
        csrrw zero, medeleg, t2
        la t2, supervisor
        csrrw zero, mepc, t2
        lui t2, 1
        addi t2, t2, -2048
        csrrs zero, mstatus, t2
        mret
    supervisor:
        jal ra, turn_on
    turn_on:
        csrrw zero, satp, t1
    entered:
        li a0, 0
        j exit";
    let counted = Counted::run(source, &["supervisor", "turn_on"]);
    counted.expect(&[
        "hart 0;M-mode;_start 29",
        "hart 0;S-mode;supervisor 1",
        "hart 0;S-mode;supervisor;exit 5",
        "hart 0;S-mode;supervisor;turn_on 3",
    ]);
}

#[test]
fn a_block_that_an_interrupt_cuts_is_one() {
    let source = "
        la t1, handler
        csrrw zero, mtvec, t1
        lui t1, 0x2000
        li t2, 1
        csrrwi zero, mie, 8
        csrrsi zero, mstatus, 8
        jal ra, work
        li a0, 0
        j exit
    work:
        sw t2, 0(t1)
        addi a0, a0, 1
        addi a0, a0, 1
        ret
    handler:
        sw zero, 0(t1)
        mret";
    let counted = Counted::run(source, &["work", "handler"]);
    assert_eq!(counted.figures("work"), (4, 6));
    assert_eq!(counted.figures("handler"), (2, 2));
    assert_eq!(counted.blocks_at(10), [(4, 1)]);
    assert_eq!(counted.blocks_at(14), [(2, 1)]);
}

#[test]
fn tasks_that_take_turns_keep_their_stacks() {
    let source = "
        la sp, signature
        lui t1, 4
        add s1, sp, t1
        add sp, s1, t1
        la s2, green
        jal ra, red
        li a0, 0
        j exit
    red:
        addi sp, sp, -16
        sd ra, 0(sp)
        jal ra, red_helper
        ld ra, 0(sp)
        addi sp, sp, 16
        ret
    red_helper:
        addi sp, sp, -16
        sd ra, 0(sp)
        jal ra, switch
        jal ra, switch
        ld ra, 0(sp)
        addi sp, sp, 16
        ret
    green:
        jal ra, green_helper
        j green
    green_helper:
        addi sp, sp, -16
        sd ra, 0(sp)
        jal ra, switch
        ld ra, 0(sp)
        addi sp, sp, 16
        ret
    switch:
        addi t3, ra, 0
        addi t4, sp, 0
        addi ra, s2, 0
        addi sp, s1, 0
        addi s2, t3, 0
        addi s1, t4, 0
        ret";
    let functions = ["red", "red_helper", "green", "green_helper", "switch"];
    let counted = Counted::run(source, &functions);
    counted.expect(&[
        "hart 0;M-mode;_start 10",
        "hart 0;M-mode;_start;red 6",
        "hart 0;M-mode;_start;red;red_helper 7",
        "hart 0;M-mode;_start;red;red_helper;switch 14",
        "hart 0;M-mode;exit 5",
        "hart 0;M-mode;green 3",
        "hart 0;M-mode;green;green_helper 9",
        "hart 0;M-mode;green;green_helper;switch 14",
    ]);
}

#[test]
fn a_long_jump_ends_the_calls_in_between() {
    let source = format!(
        "{STACK}
        jal ra, catch
        li a0, 0
        j exit
    catch:
        addi s1, ra, 0
        addi s2, sp, 0
        addi sp, sp, -32
        jal ra, deeper
        ret
    deeper:
        addi sp, sp, -32
        jal ra, throw
        ret
    throw:
        addi sp, s2, 0
        addi ra, s1, 0
        ret"
    );
    let counted = Counted::run(&source, &["catch", "deeper", "throw"]);
    counted.expect(&[
        "hart 0;M-mode;_start 6",
        "hart 0;M-mode;_start;catch 4",
        "hart 0;M-mode;_start;catch;deeper 2",
        "hart 0;M-mode;_start;catch;deeper;throw 3",
        "hart 0;M-mode;exit 5",
    ]);
}

#[test]
fn code_that_changes_makes_another_block() {
    let source = "
        la t1, patch
        lw t2, 8(t1)
        jal ra, patch
        sw t2, 0(t1)
        fence.i
        jal ra, patch
        li a0, 0
        j exit
    patch:
        addi a0, a0, 1
        ret
        addi a0, a0, 2";
    let mut elf = program(source, &["patch"]);
    elf.segments[0].flags |= 2;
    let counted = Counted::of(Guest::from_bytes("guest", elf.build()).unwrap(), 1);
    assert_eq!(counted.figures("patch"), (4, 4));
    assert_eq!(counted.blocks_at(9), [(2, 1), (2, 1)]);
}

#[test]
fn harts_are_told_apart() {
    let source = "
        csrrs s11, mhartid, zero
        la s0, signature
        addi s0, s0, 64
        addi t1, zero, 5
        jal ra, work
        amoadd.w zero, t1, (s0)
        beqz s11, 1wait
    1sleep:
        j 1sleep
    1wait:
        lw t2, 0(s0)
        addi t2, t2, -15
        blt t2, zero, 1wait
        li a0, 0
        j exit
    work:
        addi a0, a0, 1
        ret";
    let elf = program(source, &["work"]).build();
    let counted = Counted::of(Guest::from_bytes("guest", elf).unwrap(), 3);
    for hart in 0..3 {
        let line = format!("hart {hart};M-mode;_start;work 2");
        assert!(counted.folded.contains(&line), "{:?}", counted.folded);
    }
    assert_eq!(counted.figures("work"), (6, 6));
}

#[test]
fn the_sums_are_those_of_the_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../riscv-tests/own/elf");
    for name in [
        "pw64ua-v-amo-pages",
        "pw64ua-v-misaligned",
        "pw64uc-p-memory",
        "pw64si-p-asid",
        "pw64si-p-superpages",
        "pw64si-p-straddle-fetch",
        "pw64mi-p-csr-epc",
        "pw64mi-p-pmp-translated",
        "pw64ui-v-paging",
    ] {
        let counted = Counted::of(Guest::open(&folder.join(name)).unwrap(), 1);
        assert!(counted.retired > 100, "{name}");
        let mut starts: Vec<_> = counted
            .folded
            .iter()
            .map(|line| line.rsplit_once(' '))
            .collect();
        starts.dedup_by_key(|line| line.map(|(stack, _)| stack));
        assert_eq!(
            starts.len(),
            counted.folded.len(),
            "{name}: a stack is there twice"
        );
    }
}
