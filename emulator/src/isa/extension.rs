//! The extensions Pagewalk knows, what each implies, and sets of them.

use std::fmt;

/// Calls `$callback!` with a row for every extension: variant, name in an ISA string, the
/// extensions it implies, what it is. The order is the canonical order of an ISA string.
macro_rules! for_each_extension {
    ($callback:ident) => {
        $callback! {
            I "i" [] "the base integer instructions";
            M "m" [Zmmul] "multiply and divide";
            A "a" [Zaamo Zalrsc] "atomics";
            F "f" [Zicsr] "single-precision floating point";
            D "d" [F] "double-precision floating point";
            C "c" [Zca] "compressed instructions";
            B "b" [Zba Zbb Zbs] "bit manipulation";
            S "s" [U Zicsr] "supervisor mode";
            U "u" [Zicsr] "user mode";
            Zic64b "zic64b" [] "cache blocks are 64 bytes, naturally aligned";
            Zicbom "zicbom" [] "cache-block management";
            Zicbop "zicbop" [] "cache-block prefetch";
            Zicboz "zicboz" [] "cache-block zero";
            Ziccamoa "ziccamoa" [] "main memory supports every atomic operation";
            Ziccif "ziccif" [] "main memory supports atomic instruction fetch";
            Ziccid "ziccid" [] "stores reach instruction fetch in time without a fence";
            Zicclsm "zicclsm" [] "main memory supports misaligned loads and stores";
            Ziccrse "ziccrse" [] "main memory supports LR/SC with eventual success";
            Zicntr "zicntr" [Zicsr] "cycle, time and instret counters";
            Zicond "zicond" [] "integer conditional operations";
            Zicsr "zicsr" [] "CSR instructions";
            Zifencei "zifencei" [] "instruction-fetch fence";
            Zihintntl "zihintntl" [] "non-temporal locality hints";
            Zihintpause "zihintpause" [] "pause hint";
            Zihpm "zihpm" [Zicsr] "hardware performance counters";
            Zimop "zimop" [] "may-be-operations";
            Zmmul "zmmul" [] "multiply without divide";
            Za64rs "za64rs" [Za128rs] "reservation sets are at most 64 bytes";
            Za128rs "za128rs" [] "reservation sets are at most 128 bytes";
            Zaamo "zaamo" [] "atomic memory operations";
            Zabha "zabha" [Zaamo] "byte and halfword atomics";
            Zacas "zacas" [Zaamo] "atomic compare-and-swap";
            Zalrsc "zalrsc" [] "load-reserved, store-conditional";
            Zawrs "zawrs" [Zalrsc] "wait on reservation set";
            Zfa "zfa" [F] "additional floating-point instructions";
            Zfh "zfh" [Zfhmin] "half-precision floating point";
            Zfhmin "zfhmin" [F] "minimal half-precision floating point";
            Zca "zca" [] "compressed instructions without floating point";
            Zcb "zcb" [Zca] "further simple compressed instructions";
            Zcd "zcd" [Zca D] "compressed double-precision loads and stores";
            Zcmop "zcmop" [Zca] "compressed may-be-operations";
            Zba "zba" [] "address generation";
            Zbb "zbb" [] "basic bit manipulation";
            Zbc "zbc" [] "carry-less multiply";
            Zbkb "zbkb" [] "bit manipulation for cryptography";
            Zbkc "zbkc" [] "carry-less multiply for cryptography";
            Zbkx "zbkx" [] "crossbar permutations";
            Zbs "zbs" [] "single-bit operations";
            Zkt "zkt" [] "data-independent execution latency";
            Sdtrig "sdtrig" [Zicsr] "debug triggers";
            Smepmp "smepmp" [Zicsr] "PMP enhancements for machine mode";
            Smstateen "smstateen" [Ssstateen] "state enable, machine level";
            Ssccptr "ssccptr" [S] "main memory supports page-table reads";
            Sscounterenw "sscounterenw" [S] "scounteren is writable for every counter";
            Ssstateen "ssstateen" [S] "state enable, supervisor level";
            Sstc "sstc" [S] "supervisor timer compare";
            Sstvala "sstvala" [S] "stval holds the faulting address or instruction";
            Sstvecd "sstvecd" [S] "stvec supports direct mode";
            Ssu64xl "ssu64xl" [S] "user mode runs with UXLEN 64";
            Sv39 "sv39" [S] "39-bit virtual addresses";
            Sv48 "sv48" [Sv39] "48-bit virtual addresses";
            Sv57 "sv57" [Sv48] "57-bit virtual addresses";
            Svade "svade" [S] "a page fault when A or D must be set";
            Svadu "svadu" [S] "hardware updating of A and D";
            Svbare "svbare" [S] "no translation as a choice of satp.MODE";
            Svinval "svinval" [S] "fine-grained address-translation invalidation";
            Svnapot "svnapot" [S] "contiguous (NAPOT) translations";
            Svpbmt "svpbmt" [S] "page-based memory types";
            Svvptc "svvptc" [S] "a valid entry is seen without a fence";
        }
    };
}

macro_rules! declare_extensions {
    ($($variant:ident $name:literal [$($implied:ident)*] $what:literal;)*) => {
        /// An ISA extension, a privilege mode, or a named property of the machine.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Extension {
            $(#[doc = $what] $variant,)*
        }

        impl Extension {
            /// Every extension, in the canonical order of an ISA string.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in an ISA string, in lower case.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One phrase on what it is.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// The extensions that this one brings with it, directly.
            pub const fn implies(self) -> &'static [Self] {
                match self { $(Self::$variant => &[$(Self::$implied,)*],)* }
            }
        }
    };
}
for_each_extension!(declare_extensions);

impl Extension {
    /// The extension of that name, which must be in lower case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|e| e.name() == name)
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of extensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExtensionSet(u128);

impl ExtensionSet {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// Every extension there is.
    pub const ALL: Self = Self((1 << Extension::ALL.len()) - 1);

    /// The set of one extension.
    #[inline]
    pub const fn of(extension: Extension) -> Self {
        Self(1 << extension as u8)
    }

    /// Whether `extension` is in the set.
    #[inline]
    pub const fn has(self, extension: Extension) -> bool {
        self.0 & Self::of(extension).0 != 0
    }

    /// Whether every member of `other` is in the set.
    #[inline]
    pub const fn has_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether any member of `other` is in the set.
    #[inline]
    pub const fn has_any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set with `extension` added (and nothing that it implies).
    #[inline]
    pub const fn with(self, extension: Extension) -> Self {
        Self(self.0 | Self::of(extension).0)
    }

    /// The set with `extension` removed (and nothing that needs it).
    #[inline]
    pub const fn without(self, extension: Extension) -> Self {
        Self(self.0 & !Self::of(extension).0)
    }

    /// Members of either set.
    #[inline]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Members of this set that are not in `other`.
    #[inline]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether nothing is in the set.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in canonical order.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        Extension::ALL.iter().copied().filter(move |&e| self.has(e))
    }

    /// The set with everything its members imply: each row's implications, Zcd where C meets D,
    /// and A, B and C where all their parts are there.
    pub fn closed(self) -> Self {
        let mut set = self;
        loop {
            let before = set;
            for extension in before.iter() {
                for &implied in extension.implies() {
                    set = set.with(implied);
                }
            }
            // The letters that are nothing but the sum of their parts.
            if set.has(Extension::C) && set.has(Extension::D) {
                set = set.with(Extension::Zcd);
            }
            if set.has(Extension::Zca) && set.has(Extension::D) == set.has(Extension::Zcd) {
                set = set.with(Extension::C);
            }
            for letter in [Extension::A, Extension::B] {
                if letter.implies().iter().all(|&part| set.has(part)) {
                    set = set.with(letter);
                }
            }
            if set == before {
                return set;
            }
        }
    }

    /// The set with `extension` switched off, as a cleared bit of `misa` does: without it, without
    /// its parts (C takes Zca with it, A takes Zaamo and Zalrsc), and without whatever needs them.
    pub fn disabled(self, extension: Extension) -> Self {
        let gone = match extension {
            Extension::A | Extension::B | Extension::C | Extension::M => {
                Self::of(extension).closed()
            }
            _ => Self::of(extension),
        };
        let mut set = self.minus(gone);
        for member in self.iter() {
            if Self::of(member).closed().has_any(gone) {
                set = set.without(member);
            }
        }
        if set.has(Extension::D) && !set.has(Extension::Zcd) {
            set = set.without(Extension::C);
        }
        set
    }
}

impl FromIterator<Extension> for ExtensionSet {
    fn from_iter<T: IntoIterator<Item = Extension>>(iter: T) -> Self {
        iter.into_iter().fold(Self::NONE, Self::with)
    }
}

/// What an instruction needs to be there: some or all of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    set: ExtensionSet,
    all: bool,
}

impl Requirement {
    pub(crate) const fn all(set: ExtensionSet) -> Self {
        Self { set, all: true }
    }

    pub(crate) const fn any(set: ExtensionSet) -> Self {
        Self { set, all: false }
    }

    /// Whether a machine with these extensions has the instruction.
    #[inline]
    pub const fn met_by(self, extensions: ExtensionSet) -> bool {
        if self.all {
            extensions.has_all(self.set)
        } else {
            extensions.has_any(self.set)
        }
    }

    /// The extensions named.
    pub const fn extensions(self) -> ExtensionSet {
        self.set
    }
}

/// The extension column of a table row as a `Requirement`.
macro_rules! requirement {
    ($one:ident) => {
        $crate::isa::extension::Requirement::all($crate::isa::ExtensionSet::of(
            $crate::isa::Extension::$one,
        ))
    };
    (($($each:ident)|+)) => {
        $crate::isa::extension::Requirement::any(
            $crate::isa::ExtensionSet::NONE$(.with($crate::isa::Extension::$each))+,
        )
    };
    (($($each:ident)&+)) => {
        $crate::isa::extension::Requirement::all(
            $crate::isa::ExtensionSet::NONE$(.with($crate::isa::Extension::$each))+,
        )
    };
}
pub(crate) use requirement;
