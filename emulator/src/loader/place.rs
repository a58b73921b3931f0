//! Where the parts of a boot set go, and what the board asks about them.

use std::ops::Range;

use super::boot::MAX_DEVICE_TREE;
use super::boot_error::BootReason;
use super::error::{LoadError, Span};
use super::guest::Guest;
use super::image::Image;
use super::part::{Content, Part, Role};
use super::program::{LARGE_PAGE, span_of};

/// A device tree lies below this address, where QEMU has it too: software with 32-bit addresses
/// reaches it.
const DEVICE_TREE_BELOW: u64 = 0xc000_0000;

/// The initrd lies half of RAM above the kernel, but not further than this.
const INITRD_ABOVE: u64 = 512 << 20;

/// OpenSBI's `fw_jump` for the generic platform copies the device tree so far from the start of
/// RAM before it starts the kernel.
const FW_JUMP_DEVICE_TREE: u64 = 0x220_0000;

const PAGE: u64 = 4096;

impl Guest {
    pub(super) fn place_boot(&mut self, ram: &Range<u64>) -> Result<(), LoadError> {
        let mut base = ram.start;
        if let Some(index) = self.index_of(Role::Firmware) {
            let slide = place_firmware(&mut self.parts[index], ram)?;
            self.set_slide(index, slide);
            let end = self.parts[index].end();
            base = end.checked_next_multiple_of(LARGE_PAGE).unwrap_or(u64::MAX);
        }
        if let Some(index) = self.index_of(Role::Kernel) {
            let firmware = self.has_firmware();
            let image = self.image;
            let slide = place_kernel(&mut self.parts[index], ram, base, image, firmware)?;
            self.set_slide(index, slide);
            self.check_apart(index)?;
            base = extent(&self.parts[index]).start;
            self.tell_of_entry();
        }
        if let Some(index) = self.index_of(Role::Initrd) {
            let place = self.place_for_initrd(index, ram, base)?;
            if let Content::Binary(binary) = &mut self.parts[index].content {
                binary.address = place;
            }
        }
        self.place_movable(ram);
        Ok(())
    }

    /// Symbols given apart for a static PIE move with it.
    pub(super) fn place_movable(&mut self, ram: &Range<u64>) {
        let movable = self.movable.iter();
        let slides: Vec<_> = movable
            .filter(|(_, program)| !program.is_linked_to(ram))
            .filter_map(|(table, program)| Some((*table, program.slide_to(ram.start)?)))
            .collect();
        for (table, slide) in slides {
            self.symbols_mut().set_slide(table, slide);
        }
    }

    fn index_of(&self, role: Role) -> Option<usize> {
        self.parts.iter().position(|part| part.role == role)
    }

    pub(super) fn part(&self, role: Role) -> Option<&Part> {
        self.parts.iter().find(|part| part.role == role)
    }

    /// Checks that a part takes no memory that another one has.
    fn check_apart(&self, index: usize) -> Result<(), LoadError> {
        let part = &self.parts[index];
        let others = self.parts.iter().enumerate().filter(|(at, other)| {
            // The initrd goes where nothing else is.
            *at != index && other.role != Role::Initrd
        });
        for (_, other) in others {
            for span in part.segments().iter().map(|segment| segment.span()) {
                let mut spans = other.segments().into_iter().map(|segment| segment.span());
                let Some(other_span) = spans.find(|other| overlap(span, *other)) else {
                    continue;
                };
                return Err(part.error(BootReason::PartsOverlap {
                    role: part.role,
                    span,
                    other: other.role,
                    other_name: other.name().to_owned(),
                    other_span,
                    advice: "; a kernel for M-mode takes no firmware: use --bios none",
                }));
            }
        }
        Ok(())
    }

    /// An address for the initrd where nothing else is and nothing else will be.
    fn place_for_initrd(
        &self,
        index: usize,
        ram: &Range<u64>,
        kernel: u64,
    ) -> Result<u64, LoadError> {
        let part = &self.parts[index];
        let size = part.segments().first().map_or(0, |segment| segment.size);
        let mut taken: Vec<Range<u64>> = self.parts.iter().map(extent).collect();
        taken.remove(index);
        taken.push(device_tree_room(ram));
        let whole = ram.end.saturating_sub(ram.start);
        let wanted = kernel.saturating_add((whole / 2).min(INITRD_ABOVE));
        let found = |taken: &[Range<u64>]| {
            let mut starts: Vec<_> = taken.iter().map(|range| range.end).collect();
            starts.sort_unstable();
            starts.insert(0, wanted);
            let starts = starts.into_iter().filter_map(|start| {
                let start = start.checked_next_multiple_of(LARGE_PAGE)?;
                // Below the kernel, what firmware uses is not known.
                (start >= kernel).then_some(start)
            });
            let mut free = starts.filter(|&start| {
                let end = start.checked_add(size);
                end.is_some_and(|end| {
                    let clear = |range: &Range<u64>| range.start >= end || range.end <= start;
                    end <= ram.end && taken.iter().all(clear)
                })
            });
            free.next()
        };
        let copy = ram.start.saturating_add(FW_JUMP_DEVICE_TREE);
        let mut cautious = taken.clone();
        cautious.push(copy..copy.saturating_add(MAX_DEVICE_TREE));
        found(&cautious)
            .or_else(|| found(&taken))
            .ok_or_else(|| part.error(no_room_for_initrd(size, kernel, ram, &taken)))
    }

    /// Says so if firmware does not start the kernel where its ELF header says.
    fn tell_of_entry(&self) {
        let program = self.part(Role::Kernel).and_then(Part::program);
        if let (Some(program), Some(first)) = (program, self.next_stage())
            && program.entry() != first
        {
            log::info!(
                target: crate::trace::LOADER,
                "{}: firmware starts it at its first byte, {first:#x}, not at its e_entry, {:#x}",
                self.name,
                program.entry()
            );
        }
    }

    /// Whether it came from [`Guest::boot`], and not from one ELF file alone.
    pub fn is_boot(&self) -> bool {
        self.boot.is_some()
    }

    /// Whether firmware runs first and starts the kernel in S-mode.
    pub fn has_firmware(&self) -> bool {
        self.part(Role::Firmware).is_some()
    }

    /// The physical address of the first instruction in M-mode: the firmware's, or else that of
    /// the kernel or the program. Call [`Guest::place`] first.
    pub fn start(&self) -> u64 {
        let first = self
            .part(Role::Firmware)
            .or_else(|| self.part(Role::Kernel));
        match first.map(|part| &part.content) {
            Some(Content::Program(program)) => program.entry(),
            Some(Content::Binary(binary)) => binary.address,
            None => 0,
        }
    }

    /// The physical address where firmware starts the kernel, in S-mode: what `fw_dynamic`'s
    /// information structure calls the next stage. None without firmware, or without a kernel.
    pub fn next_stage(&self) -> Option<u64> {
        self.part(Role::Firmware)?;
        Some(match &self.part(Role::Kernel)?.content {
            Content::Program(program) => program.entry_for_firmware(),
            Content::Binary(binary) => binary.address,
        })
    }

    /// The physical memory that the initrd's bytes take, for `linux,initrd-start` and
    /// `linux,initrd-end`.
    pub fn initrd(&self) -> Option<Range<u64>> {
        match &self.part(Role::Initrd)?.content {
            Content::Binary(binary) => {
                Some(binary.address..binary.address.saturating_add(binary.size))
            }
            Content::Program(_) => None,
        }
    }

    /// The kernel's command line, for `bootargs`.
    pub fn append(&self) -> Option<&str> {
        self.boot.as_ref()?.append.as_deref()
    }

    /// The device tree blob that the user gave in place of the board's. Its `/chosen` is the
    /// user's too: `append` is not put into it, nor where the `initrd` lies.
    pub fn dtb(&self) -> Option<&[u8]> {
        self.boot.as_ref()?.dtb.as_deref()
    }

    /// The header of the kernel's Linux Image, if it is one.
    pub fn image(&self) -> Option<Image> {
        self.image
    }

    /// Where a device tree of `size` bytes goes in RAM: near its end, but below 3 GiB, at a
    /// multiple of 2 MiB, as QEMU has it; closer to the end if that is taken, at a multiple of
    /// 4 KiB. Call [`Guest::place`] with the same RAM first.
    pub fn device_tree_place(&self, ram: Range<u64>, size: u64) -> Result<u64, LoadError> {
        if size > MAX_DEVICE_TREE {
            return Err(self.error(BootReason::DeviceTreeTooLarge(size)));
        }
        let end = device_tree_end(&ram);
        let places = [LARGE_PAGE, PAGE].into_iter().filter_map(|align| {
            let start = end.checked_sub(size)? & !(align - 1);
            (start >= ram.start).then_some(start)
        });
        let size = size.max(1);
        let taken: Vec<_> = self.parts.iter().flat_map(Part::segments).collect();
        let mut free = places.filter(|&start| {
            let tree = Span { start, size };
            !taken.iter().any(|segment| overlap(segment.span(), tree))
        });
        free.next().ok_or_else(|| {
            let last = taken.iter().map(|segment| segment.span().last()).max();
            self.error(BootReason::NoRoomForDeviceTree {
                size,
                last: last.unwrap_or(0),
                ram: span_of(&ram),
            })
        })
    }
}

/// The memory of a part, and what lies between its segments.
fn extent(part: &Part) -> Range<u64> {
    let starts = part.segments().into_iter().map(|segment| segment.address);
    starts.min().unwrap_or(0)..part.end()
}

fn overlap(one: Span, other: Span) -> bool {
    one.start <= other.last() && other.start <= one.last()
}

fn device_tree_end(ram: &Range<u64>) -> u64 {
    if ram.start < DEVICE_TREE_BELOW {
        ram.end.min(DEVICE_TREE_BELOW)
    } else {
        ram.end
    }
}

/// Where a device tree of any size will go.
fn device_tree_room(ram: &Range<u64>) -> Range<u64> {
    let end = device_tree_end(ram);
    let start = end.saturating_sub(MAX_DEVICE_TREE) & !(LARGE_PAGE - 1);
    start.max(ram.start)..end
}

fn place_firmware(part: &mut Part, ram: &Range<u64>) -> Result<u64, LoadError> {
    match &mut part.content {
        Content::Program(program) => program.place(ram, ram.start),
        Content::Binary(binary) => {
            binary.address = ram.start;
            check_room(part, ram).map(|()| 0)
        }
    }
}

fn place_kernel(
    part: &mut Part,
    ram: &Range<u64>,
    base: u64,
    image: Option<Image>,
    firmware: bool,
) -> Result<u64, LoadError> {
    match &mut part.content {
        Content::Program(program) => {
            if program.is_high() && !firmware && !program.is_linked_to(ram) {
                let why = "its entry is a virtual address";
                return Err(part.error(BootReason::NeedsFirmware(why)));
            }
            program.place_kernel(ram, base)
        }
        Content::Binary(binary) => {
            let offset = image.map_or(0, |image| image.text_offset);
            binary.address = base.max(ram.start.saturating_add(offset));
            check_room(part, ram).map(|()| 0)
        }
    }
}

/// Checks that a part without an ELF header lies in RAM.
fn check_room(part: &Part, ram: &Range<u64>) -> Result<(), LoadError> {
    for segment in part.segments() {
        let end = u128::from(segment.address) + u128::from(segment.size);
        if end > u128::from(ram.end) {
            return Err(part.error(BootReason::NoRoom {
                role: part.role,
                start: segment.address,
                size: segment.size,
                file_size: segment.file_size,
                ram: span_of(ram),
                mebibytes: mebibytes(end.saturating_sub(ram.start.into())),
            }));
        }
    }
    Ok(())
}

fn no_room_for_initrd(
    size: u64,
    kernel: u64,
    ram: &Range<u64>,
    taken: &[Range<u64>],
) -> BootReason {
    let mut starts: Vec<_> = taken.iter().map(|range| range.end).collect();
    starts.push(kernel);
    let free = starts
        .into_iter()
        .filter(|&start| start >= kernel)
        .map(|start| {
            let start = start
                .checked_next_multiple_of(LARGE_PAGE)
                .unwrap_or(u64::MAX);
            let inside = taken.iter().any(|range| range.contains(&start));
            let ends = taken.iter().map(|range| range.start);
            let end = ends.filter(|&end| end >= start).min().unwrap_or(ram.end);
            if inside {
                0
            } else {
                end.min(ram.end).saturating_sub(start)
            }
        });
    // Behind the kernel, with room for the device tree after it.
    let last = taken.iter().filter(|range| range.end < ram.end);
    let last = last.map(|range| range.end).max().unwrap_or(kernel);
    let needed = u128::from(last.saturating_sub(ram.start)) + u128::from(size);
    BootReason::NoRoomForInitrd {
        size,
        longest: free.max().unwrap_or(0),
        ram: span_of(ram),
        mebibytes: mebibytes(needed + u128::from(3 * LARGE_PAGE)),
    }
}

/// Rounded up to an even number.
fn mebibytes(bytes: u128) -> u64 {
    let mebibytes = bytes.div_ceil(1 << 20);
    u64::try_from(mebibytes).map_or(u64::MAX, |number| number.saturating_add(number & 1))
}
