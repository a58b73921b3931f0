//! Pagewalk's own firmware, seen by what it starts.

use pagewalk::board::{Limits, Machine, MachineConfig};
use pagewalk::loader::{BootFiles, Guest};
use pagewalk::mem::PhysAddr;

/// U-Boot adds properties to the tree where it stands, without looking whether there is room.
#[test]
fn the_device_tree_has_room_to_grow() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = folder.path().join("kernel");
    // It jumps to itself.
    std::fs::write(&kernel, 0x0000_006f_u32.to_le_bytes()).unwrap();
    let mut guest = Guest::boot(&BootFiles {
        kernel: Some(kernel),
        ..BootFiles::default()
    })
    .unwrap();
    let config = MachineConfig {
        memory: 64 << 20,
        ..MachineConfig::default()
    };
    let mut machine = Machine::new(&config, &mut guest, Box::new(std::io::sink())).unwrap();
    let limits = Limits {
        max_instructions: Some(2_000_000),
        ..Limits::default()
    };
    machine.run(&limits, &mut ());
    assert_eq!(machine.hart().pc, 0x8020_0000);

    let tree = machine.hart().x(11);
    let load = |offset: usize, bytes: &mut [u8]| {
        let at = PhysAddr(tree + offset as u64);
        machine.bus().memory().load_for_device(at, bytes).unwrap();
    };
    let word = |offset| {
        let mut bytes = [0; 4];
        load(offset, &mut bytes);
        u32::from_be_bytes(bytes) as usize
    };
    assert_eq!(word(0), 0xd00d_feed);
    let (size, strings, strings_size) = (word(4), word(12), word(32));
    let end = strings + strings_size;
    assert!(size >= end + 4096, "{size} bytes, of which {end} are used");
    let mut slack = vec![1; size - end];
    load(end, &mut slack);
    assert!(slack.iter().all(|byte| *byte == 0));
}
