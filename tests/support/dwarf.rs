//! Debug information by hand: one source file with one instruction a line.

/// The debug sections of `/src/demo.S`: four-byte instructions from `start` on, the first of
/// them at line 10.
pub(crate) fn sections(start: u64, instructions: u8) -> Vec<(String, u64, Vec<u8>)> {
    vec![
        (".debug_abbrev".into(), 0, abbreviations()),
        (".debug_info".into(), 0, unit(start, instructions)),
        (".debug_line".into(), 0, lines(start, instructions)),
    ]
}

/// One abbreviation: a compilation unit without children.
fn abbreviations() -> Vec<u8> {
    let parts: [&[u8]; 7] = [
        &[1, 0x11, 0], // number 1: DW_TAG_compile_unit
        &[0x03, 0x08], // DW_AT_name, DW_FORM_string
        &[0x1b, 0x08], // DW_AT_comp_dir, DW_FORM_string
        &[0x11, 0x01], // DW_AT_low_pc, DW_FORM_addr
        &[0x12, 0x01], // DW_AT_high_pc, DW_FORM_addr
        &[0x10, 0x17], // DW_AT_stmt_list, DW_FORM_sec_offset
        &[0, 0, 0],
    ];
    parts.concat()
}

fn unit(start: u64, instructions: u8) -> Vec<u8> {
    let end = start + 4 * u64::from(instructions);
    let parts: [&[u8]; 6] = [
        &[4, 0, 0, 0, 0, 0, 8], // DWARF 4, abbreviations at 0, eight-byte addresses
        &[1],                   // the abbreviation
        b"demo.S\0/src\0",
        &start.to_le_bytes(),
        &end.to_le_bytes(),
        &[0, 0, 0, 0],
    ];
    with_length(&parts.concat())
}

fn lines(start: u64, instructions: u8) -> Vec<u8> {
    let tables: [&[u8]; 4] = [
        &[4, 1, 1, 0, 1], // instructions of 4 bytes, …, line base 0, line range 1
        &[10, 0, 1, 1, 1, 1, 0, 0, 0, 1], // nine standard opcodes and their operands
        &[0],             // no directories
        b"demo.S\0\0\0\0\0", // one file, and the end of the table
    ];
    let set_address: [&[u8]; 3] = [&[0, 9, 2], &start.to_le_bytes(), &[3, 9]];
    let mut program = set_address.concat();
    for _ in 0..instructions {
        // copy, advance_pc 1, advance_line 1
        program.extend([1, 2, 1, 3, 1]);
    }
    program.extend([0, 1, 1]); // end_sequence
    let parts = [&[4, 0][..], &with_length(&tables.concat()), &program];
    with_length(&parts.concat())
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}
