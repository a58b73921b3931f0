//! What must hold of a hart's CSRs whatever was written to them: the WARL rules.

use pagewalk::hart::Hart;
use pagewalk::isa::Extension;

/// Every CSR that the hart has, with its value.
pub(crate) fn all(hart: &Hart) -> Vec<(u16, u64)> {
    (0..4096)
        .filter_map(|n| hart.peek_csr(n).map(|value| (n, value)))
        .collect()
}

pub(crate) fn check(hart: &Hart) {
    let read = |number| hart.peek_csr(number);
    let within = |number: u16, mask: u64| {
        let value = read(number).unwrap_or(0);
        assert_eq!(
            value & !mask,
            0,
            "CSR {number:#x} = {value:#x} has bits outside {mask:#x}"
        );
    };
    mstatus(hart);
    misa(hart);
    within(0x302, 0xb3ff);
    within(0x303, 0x222);
    within(0x304, 0xaaa);
    within(0x344, 0xaaa);
    within(0x104, 0x222);
    within(0x144, 0x222);
    for vector in [0x305, 0x105] {
        within(vector, !2);
    }
    for epc in [0x341, 0x141] {
        within(epc, !1);
    }
    within(0x001, 0x1f);
    within(0x002, 7);
    within(0x003, 0xff);
    within(0x306, 0xffff_ffff);
    within(0x106, 0xffff_ffff);
    within(0x320, 0xffff_fffd);
    within(0x30a, 0xe000_0000_0000_00f1);
    within(0x10a, 0xf1);
    for envcfg in [0x30a, 0x10a] {
        assert_ne!(read(envcfg).unwrap_or(0) >> 4 & 3, 2, "CBIE of {envcfg:#x}");
    }
    let mode = read(0x180).unwrap_or(0) >> 60;
    assert!(matches!(mode, 0 | 8 | 9 | 10), "satp.MODE {mode}");
    pmp(hart);
    within(0x7a0, 3);
    if let Some(tdata1) = read(0x7a1) {
        assert!(matches!(tdata1 >> 60, 2 | 6 | 15), "tdata1 {tdata1:#x}");
        assert_eq!(tdata1 >> 59 & 1, 0, "dmode");
    }
}

fn mstatus(hart: &Hart) {
    let mstatus = hart.csr.mstatus;
    let dirty = mstatus >> 13 & 3 == 3;
    assert_ne!(mstatus >> 11 & 3, 2, "mstatus.MPP");
    assert_eq!(mstatus >> 63 != 0, dirty, "mstatus.SD of {mstatus:#x}");
    let supervisor = hart.isa().has(Extension::S);
    let user = hart.isa().has(Extension::U);
    assert_eq!(mstatus >> 32 & 3, if user { 2 } else { 0 }, "mstatus.UXL");
    assert_eq!(
        mstatus >> 34 & 3,
        if supervisor { 2 } else { 0 },
        "mstatus.SXL"
    );
    assert_eq!(mstatus & !0x8000_000a_007e_79aa, 0, "mstatus {mstatus:#x}");
    if let Some(sstatus) = hart.peek_csr(0x100) {
        assert_eq!(sstatus, mstatus & 0x8000_0003_000c_6122);
    }
}

fn misa(hart: &Hart) {
    let misa = hart.csr.misa;
    let bit = |letter: u8| misa >> (letter - b'A') & 1 != 0;
    assert_eq!(misa >> 62, 2, "misa.MXL");
    assert_eq!(
        misa & !hart.isa().misa(),
        0,
        "misa {misa:#x} has more than the ISA"
    );
    assert!(bit(b'I'));
    assert!(bit(b'F') || !bit(b'D'), "misa: D without F");
    for (letter, extension) in [
        (b'A', Extension::Zaamo),
        (b'C', Extension::Zca),
        (b'D', Extension::D),
        (b'F', Extension::F),
        (b'M', Extension::M),
    ] {
        let has = hart.isa().has(extension);
        let on = hart.extensions().has(extension);
        assert_eq!(on, has && bit(letter), "{extension:?} and misa {misa:#x}");
    }
}

fn pmp(hart: &Hart) {
    let machine_lockdown = hart.peek_csr(0x747).unwrap_or(0) & 1 != 0;
    for register in [0x3a0, 0x3a2] {
        for config in hart.peek_csr(register).unwrap_or(0).to_le_bytes() {
            assert_eq!(config & 0x60, 0, "reserved bits of a PMP entry");
            assert!(
                machine_lockdown || config & 3 != 2,
                "PMP entry with W without R"
            );
        }
    }
    for register in 0x3b0..0x3c0 {
        assert_eq!(hart.peek_csr(register).unwrap_or(0) >> 54, 0, "pmpaddr");
    }
}
