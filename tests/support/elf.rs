//! Builds small ELF files, valid unless a test says otherwise.
//!
//! The file's layout: ELF header, program headers, the segments' bytes, then (with symbols or
//! debug sections) the remaining sections and the section headers.

pub(crate) const PT_LOAD: u32 = 1;
pub(crate) const PT_DYNAMIC: u32 = 2;
pub(crate) const PT_INTERP: u32 = 3;
pub(crate) const R: u32 = 4;
pub(crate) const W: u32 = 2;
pub(crate) const X: u32 = 1;

pub(crate) const ET_EXEC: u16 = 2;
pub(crate) const ET_DYN: u16 = 3;

pub(crate) const STT_NOTYPE: u8 = 0;
pub(crate) const STT_OBJECT: u8 = 1;
pub(crate) const STT_FUNC: u8 = 2;
pub(crate) const SHN_ABS: u16 = 0xfff1;

/// Offsets of fields in the ELF header, for [`put`].
pub(crate) mod field {
    pub(crate) const CLASS: usize = 4;
    pub(crate) const DATA: usize = 5;
    pub(crate) const IDENT_VERSION: usize = 6;
    pub(crate) const TYPE: usize = 16;
    pub(crate) const MACHINE: usize = 18;
    pub(crate) const VERSION: usize = 20;
    pub(crate) const PHOFF: usize = 32;
    pub(crate) const SHOFF: usize = 40;
    pub(crate) const FLAGS: usize = 48;
    pub(crate) const PHENTSIZE: usize = 54;
    pub(crate) const PHNUM: usize = 56;
    pub(crate) const SHNUM: usize = 60;
}

/// One program header and its bytes.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) kind: u32,
    pub(crate) flags: u32,
    pub(crate) virtual_address: u64,
    pub(crate) physical_address: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) size: u64,
    pub(crate) align: u64,
}

/// A segment at an address, loaded where it is linked, and with no zero part.
pub(crate) fn segment(flags: u32, address: u64, bytes: &[u8]) -> Segment {
    Segment {
        kind: PT_LOAD,
        flags,
        virtual_address: address,
        physical_address: address,
        bytes: bytes.to_vec(),
        size: bytes.len() as u64,
        align: 4096,
    }
}

#[derive(Clone)]
pub(crate) struct Symbol {
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) kind: u8,
    pub(crate) global: bool,
    pub(crate) section: u16,
}

#[derive(Clone)]
pub(crate) struct Elf {
    pub(crate) kind: u16,
    pub(crate) flags: u32,
    pub(crate) entry: u64,
    pub(crate) segments: Vec<Segment>,
    pub(crate) symbols: Vec<Symbol>,
    /// Sections that take no memory: name, flags and bytes.
    pub(crate) debug: Vec<(String, u64, Vec<u8>)>,
}

impl Elf {
    /// An executable with these segments that starts where the first one does.
    pub(crate) fn new(segments: Vec<Segment>) -> Self {
        Self {
            kind: ET_EXEC,
            flags: 0,
            entry: segments.first().map_or(0, |s| s.virtual_address),
            segments,
            symbols: Vec::new(),
            debug: Vec::new(),
        }
    }

    /// Adds a global label in section `section`: the n-th PT_LOAD is section n, from 1.
    pub(crate) fn symbol(&mut self, name: &str, address: u64, section: u16) -> &mut Symbol {
        self.symbols.push(Symbol {
            name: name.to_owned(),
            address,
            kind: STT_NOTYPE,
            global: true,
            section,
        });
        self.symbols.last_mut().unwrap()
    }

    /// Where the file has the bytes of segment `index`.
    pub(crate) fn offset(&self, index: usize) -> u64 {
        let headers = 64 + 56 * self.segments.len();
        let before = self.segments[..index].iter().map(|s| s.bytes.len());
        (headers + before.sum::<usize>()) as u64
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1];
        file.resize(16, 0);
        word16(&mut file, &[self.kind, 243]);
        word32(&mut file, &[1]);
        word64(&mut file, &[self.entry, 64, 0]);
        word32(&mut file, &[self.flags]);
        word16(&mut file, &[64, 56, self.segments.len() as u16, 64, 0, 0]);
        for (index, segment) in self.segments.iter().enumerate() {
            word32(&mut file, &[segment.kind, segment.flags]);
            let offset = self.offset(index);
            let length = segment.bytes.len() as u64;
            let (virt, phys) = (segment.virtual_address, segment.physical_address);
            word64(
                &mut file,
                &[offset, virt, phys, length, segment.size, segment.align],
            );
        }
        for segment in &self.segments {
            file.extend(&segment.bytes);
        }
        if !self.symbols.is_empty() || !self.debug.is_empty() {
            self.add_sections(&mut file);
        }
        file
    }

    fn add_sections(&self, file: &mut Vec<u8>) {
        let mut names = vec![0];
        let mut headers = vec![0; 64];
        let mut add = |file: &mut Vec<u8>, name: &str, kind: u32, flags, link, bytes: &[u8]| {
            word32(&mut headers, &[names.len() as u32, kind]);
            names.extend(name.bytes().chain([0]));
            let entry_size = if kind == 2 { 24 } else { 0 };
            word64(
                &mut headers,
                &[flags, 0, file.len() as u64, bytes.len() as u64],
            );
            word32(&mut headers, &[link, 0]);
            word64(&mut headers, &[1, entry_size]);
            file.extend(bytes);
            headers.len()
        };
        let loads = self.segments.iter().enumerate();
        let loads: Vec<_> = loads.filter(|(_, s)| s.kind == PT_LOAD).collect();
        let mut ends = Vec::new();
        for (index, _) in &loads {
            ends.push(add(file, &format!(".load{index}"), 1, 2, 0, &[]));
        }
        let (symbols, strings) = self.symbol_table();
        let strings_index = loads.len() as u32 + 2;
        add(file, ".symtab", 2, 0, strings_index, &symbols);
        add(file, ".strtab", 3, 0, 0, &strings);
        for (name, flags, bytes) in &self.debug {
            add(file, name, 1, *flags, 0, bytes);
        }
        add(file, ".shstrtab", 3, 0, 0, &[]);
        // The sections of segments lie where the segments do; the names' size is known last.
        for ((index, segment), end) in loads.iter().zip(ends) {
            let place = [segment.virtual_address, self.offset(*index), segment.size];
            for (field, value) in place.into_iter().enumerate() {
                put(&mut headers, end - 48 + 8 * field, &value.to_le_bytes());
            }
        }
        let last = headers.len() - 64;
        put(&mut headers, last + 32, &(names.len() as u64).to_le_bytes());
        file.extend(names);
        let start = file.len() as u64;
        put(file, field::SHOFF, &start.to_le_bytes());
        let count = (headers.len() / 64) as u16;
        put(file, field::SHNUM, &count.to_le_bytes());
        put(file, field::SHNUM + 2, &(count - 1).to_le_bytes());
        file.extend(headers);
    }

    fn symbol_table(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut symbols, mut strings) = (vec![0; 24], vec![0]);
        for symbol in &self.symbols {
            word32(&mut symbols, &[strings.len() as u32]);
            symbols.extend([u8::from(symbol.global) << 4 | symbol.kind, 0]);
            word16(&mut symbols, &[symbol.section]);
            word64(&mut symbols, &[symbol.address, 0]);
            strings.extend(symbol.name.bytes().chain([0]));
        }
        (symbols, strings)
    }
}

/// Overwrites bytes at an offset.
pub(crate) fn put(file: &mut [u8], offset: usize, bytes: &[u8]) {
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn word16(file: &mut Vec<u8>, words: &[u16]) {
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn word32(file: &mut Vec<u8>, words: &[u32]) {
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn word64(file: &mut Vec<u8>, words: &[u64]) {
    file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}
