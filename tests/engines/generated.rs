//! Random programs, compared after each of many budgets.

use super::generator::{pair, place};
use crate::support::random::Random;
use pagewalk::board::Stop;
use pagewalk::isa::Privilege;
use pagewalk::mem::PhysAddr;

const PROGRAMS: u64 = 60;
/// How often each program is compared.
const PIECES: u64 = 150;

/// Gives the instructions that the program ran.
fn check(seed: u64) -> u64 {
    let (mut pair, mix, tlb) = pair(seed);
    let random = &mut Random(seed ^ 0x5555);
    let mut most = 0;
    let step = [8, 70, 400, 3000][random.below(4)];
    for _ in 0..PIECES {
        most += 1 + random.below(step) as u64;
        if random.below(12) == 0 {
            // As a device does, or whoever loads a program.
            let at = PhysAddr(place(random) & 0x800f_ffff);
            let (word, device) = (random.next() as u32, random.below(2) == 0);
            pair.both(|machine| {
                let bus = machine.bus_mut();
                if device {
                    let _ = bus.memory_mut().store_from_device(at, &word.to_le_bytes());
                } else {
                    bus.ram_mut().store(at, 4, word.into());
                }
            });
        }
        if random.below(3) == 0 {
            let hart = random.below(mix.harts);
            let pc = place(random);
            let privilege = [
                None,
                None,
                Some(Privilege::Supervisor),
                Some(Privilege::User),
            ][random.below(4)];
            pair.both(|machine| {
                let hart = &mut machine.harts_mut()[hart];
                hart.pc = pc;
                if let Some(privilege) = privilege {
                    hart.privilege = privilege;
                    hart.changed_from_outside();
                }
            });
        }
        match pair.run_to(most) {
            Ok(Stop::InstructionLimit) => {}
            Ok(Stop::Asleep | Stop::TrapLoop(_)) => pair.both(|machine| {
                for hart in machine.harts_mut() {
                    hart.waiting = false;
                    hart.pc = hart.x(28);
                }
            }),
            Ok(stop) => panic!("seed {seed}: {stop:?}"),
            Err(error) => panic!("seed {seed}, {mix:?}, {tlb}, step {step}, to {most}: {error}"),
        }
    }
    pair.reference.instructions()
}

#[test]
fn engines_agree_on_random_programs() {
    let total: u64 = (0..PROGRAMS).map(check).sum();
    assert!(total > 2_000 * PROGRAMS, "only {total} instructions");
}
