//! ISA strings (`rv64imafdc_zba_zbb`) and profile names (`rva22s64`).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::extension::{Extension, ExtensionSet};

/// What a machine implements: the extensions, with all that they imply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Isa {
    extensions: ExtensionSet,
}

/// Why an ISA string is refused. Every message names the offending part.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IsaError {
    /// Nothing there.
    #[error("the ISA string is empty")]
    Empty,
    /// Neither `rv64…` nor a profile.
    #[error("`{0}`: an ISA string begins with rv64, or is a profile: {known}", known = PROFILE_NAMES)]
    Prefix(String),
    /// A register width other than 64.
    #[error("`{0}`: only RV64 is supported")]
    Width(String),
    /// `rv64` is not followed by a base.
    #[error("`{0}`: the base is missing; after rv64 comes `i` or `g`")]
    Base(String),
    /// A profile that asks for what is not there.
    #[error("profile `{name}` is not supported: it requires {requires}")]
    Profile {
        /// The profile.
        name: String,
        /// What it asks for.
        requires: &'static str,
    },
    /// An extension that exists and is not supported.
    #[error("extension `{name}` is not supported: {reason}")]
    Unsupported {
        /// The extension.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// No such extension.
    #[error("unknown extension `{0}`")]
    Unknown(String),
    /// A character that cannot stand in an ISA string.
    #[error("`{0}` cannot stand in an ISA string")]
    Character(char),
    /// Two underscores in a row, or one at the end.
    #[error("an extension name is missing after `_`")]
    EmptyPart,
}

const PROFILE_NAMES: &str = "rva20u64, rva20s64, rva22u64, rva22s64";

/// The mandatory extensions of the profiles, from "RISC-V Profiles" 1.0. The second column is for
/// user mode; a supervisor profile adds the third.
const PROFILES: [(&str, &str, &str); 2] = [
    (
        "rva20",
        "imafdc_zicsr_zicntr_ziccif_ziccrse_ziccamoa_za128rs_zicclsm",
        "zifencei_svbare_sv39_svade_ssccptr_sstvecd_sstvala",
    ),
    (
        "rva22",
        "imafdc_zicsr_zicntr_ziccif_ziccrse_ziccamoa_za64rs_zicclsm_zihpm_zba_zbb_zbs_zic64b_\
         zicbom_zicbop_zicboz_zfhmin_zkt_zihintpause",
        "zifencei_svbare_sv39_svade_ssccptr_sstvecd_sstvala_sscounterenw_svpbmt_svinval",
    ),
];

/// Extensions that people write and Pagewalk lacks, and why.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("e", "the base with 16 registers"),
    ("h", "no hypervisor extension"),
    ("l", "never ratified"),
    ("p", "no packed-SIMD extension"),
    ("q", "no quad-precision floating point"),
    ("v", "no vector extension"),
    ("sscofpmf", "no counter-overflow interrupts"),
    ("zce", "no Zcmp and Zcmt"),
    ("zcmp", "its encodings are those of Zcd"),
    ("zcmt", "its encodings are those of Zcd"),
    ("zcf", "it exists for RV32 only"),
    ("zfinx", "no floating point in integer registers"),
    ("zdinx", "no floating point in integer registers"),
];

impl Isa {
    /// Every extension there is.
    pub const EVERYTHING: Self = Self {
        extensions: ExtensionSet::ALL,
    };

    /// Reads an ISA string or a profile name, in any case, with versions (`i2p1`) accepted and
    /// ignored. After a profile further extensions may follow: `rva22s64_sstc`.
    ///
    /// What an extension implies comes with it. Zicsr is always there, since machine mode needs
    /// it; S and U modes too, unless [`Isa::without`] takes them away: `without(U)` leaves machine
    /// mode alone, `without(S)` machine and user mode.
    pub fn parse(text: &str) -> Result<Self, IsaError> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Err(IsaError::Empty);
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if let Some(bad) = text.chars().find(|&c| !legal(c)) {
            return Err(IsaError::Character(bad));
        }
        let extensions =
            if text.starts_with("rv") && text[2..].starts_with(|c: char| c.is_ascii_digit()) {
                base_and_extensions(&text)?
            } else {
                profile_and_extensions(&text)?
            };
        Ok(Self::of(extensions.with(Extension::S).with(Extension::U)))
    }

    fn of(extensions: ExtensionSet) -> Self {
        Self {
            extensions: extensions
                .with(Extension::I)
                .with(Extension::Zicsr)
                .closed(),
        }
    }

    /// The same with one more extension, and what it implies.
    pub fn with(self, extension: Extension) -> Self {
        Self::of(self.extensions.with(extension))
    }

    /// The same without an extension, and without those that need it. I and Zicsr stay.
    pub fn without(self, extension: Extension) -> Self {
        if matches!(extension, Extension::I | Extension::Zicsr) {
            return self;
        }
        Self {
            extensions: self.extensions.disabled(extension),
        }
    }

    /// Whether the machine has the extension.
    #[inline]
    pub const fn has(&self, extension: Extension) -> bool {
        self.extensions.has(extension)
    }

    /// All extensions of the machine.
    #[inline]
    pub const fn extensions(&self) -> ExtensionSet {
        self.extensions
    }

    /// The widest translation mode, by its name in lower case. An ISA with S-mode that names none
    /// has them all, since an unprivileged ISA string never names one.
    pub fn widest_translation(&self) -> Option<&'static str> {
        if !self.has(Extension::S) {
            return None;
        }
        let modes = [Extension::Sv57, Extension::Sv48, Extension::Sv39];
        match modes.into_iter().find(|&mode| self.has(mode)) {
            Some(mode) => Some(mode.name()),
            None if self.has(Extension::Svbare) => None,
            None => Some(Extension::Sv57.name()),
        }
    }

    /// The value of `misa`: MXL is 2 (64 bits), and a bit for each single-letter extension.
    pub fn misa(&self) -> u64 {
        let mut misa = 2 << 62;
        for extension in self.extensions.iter() {
            if let &[letter] = extension.name().as_bytes() {
                misa |= 1 << (letter - b'a');
            }
        }
        misa
    }
}

impl Default for Isa {
    /// Everything that Pagewalk implements but three: the state enables (Smstateen, Ssstateen),
    /// since a kernel that does not know them would find `senvcfg` shut; Svade, which says that the
    /// hardware does not set A and D bits; and Svvptc, which says that a new mapping needs no fence,
    /// so that a kernel that forgets one is told.
    fn default() -> Self {
        Self::EVERYTHING
            .without(Extension::Ssstateen)
            .without(Extension::Svade)
            .without(Extension::Svvptc)
    }
}

impl FromStr for Isa {
    type Err = IsaError;

    fn from_str(text: &str) -> Result<Self, IsaError> {
        Self::parse(text)
    }
}

impl fmt::Display for Isa {
    /// The canonical string, with all that is implied; S and U are not part of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rv64")?;
        for extension in self.extensions.iter() {
            match extension {
                Extension::S | Extension::U => {}
                _ if extension.name().len() == 1 => f.write_str(extension.name())?,
                _ => write!(f, "_{extension}")?,
            }
        }
        Ok(())
    }
}

fn profile_and_extensions(text: &str) -> Result<ExtensionSet, IsaError> {
    let (name, rest) = text.split_once('_').unwrap_or((text, ""));
    if let Some(requires) = match name {
        "rva23u64" => Some("the vector extension"),
        "rva23s64" => Some("the hypervisor and vector extensions"),
        "rvi20u32" => Some("RV32"),
        _ => None,
    } {
        return Err(IsaError::Profile {
            name: name.into(),
            requires,
        });
    }
    let found =
        PROFILES.iter().find_map(
            |(family, user, supervisor)| match name.strip_prefix(family)? {
                "u64" => Some((user, "")),
                "s64" => Some((user, *supervisor)),
                _ => None,
            },
        );
    let Some((user, supervisor)) = found else {
        return Err(IsaError::Prefix(text.into()));
    };
    let mut set = ExtensionSet::NONE;
    extensions(user, &mut set)?;
    if !supervisor.is_empty() {
        extensions(supervisor, &mut set)?;
    }
    if text.len() > name.len() {
        if rest.is_empty() {
            return Err(IsaError::EmptyPart);
        }
        extensions(rest, &mut set)?;
    }
    Ok(set)
}

fn base_and_extensions(text: &str) -> Result<ExtensionSet, IsaError> {
    let Some(rest) = text.strip_prefix("rv64") else {
        let width = text[2..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |at| at + 2);
        return Err(IsaError::Width(text[..width].into()));
    };
    match rest.bytes().next() {
        Some(b'i' | b'g') => {}
        Some(b'e') => return Err(unsupported("e").expect("it is listed")),
        _ => return Err(IsaError::Base(text.into())),
    }
    let mut set = ExtensionSet::NONE;
    extensions(rest, &mut set)?;
    Ok(set)
}

/// Reads parts separated by underscores: runs of single letters, each run ended by at most one
/// longer name.
fn extensions(text: &str, set: &mut ExtensionSet) -> Result<(), IsaError> {
    for part in text.split('_') {
        if part.is_empty() {
            return Err(IsaError::EmptyPart);
        }
        let mut rest = part;
        while let Some(letter) = rest.chars().next() {
            // `su` at the end of a run of letters is QEMU's old way to write the modes.
            let modes = matches!(rest, "s" | "u" | "su");
            if matches!(letter, 's' | 'x' | 'z') && !modes {
                *set = set.with(named(rest)?);
                break;
            }
            rest = after_version(&rest[letter.len_utf8()..]);
            single(letter, set)?;
        }
    }
    Ok(())
}

/// What follows the version (`2`, `2p1`) that may stand at the start of `text`.
fn after_version(text: &str) -> &str {
    let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
    let major = digits(text);
    let rest = &text[major..];
    match rest.strip_prefix('p').filter(|_| major > 0) {
        Some(minor) if digits(minor) > 0 => &minor[digits(minor)..],
        _ => rest,
    }
}

fn single(letter: char, set: &mut ExtensionSet) -> Result<(), IsaError> {
    if letter == 'g' {
        use Extension::{A, D, F, I, M, Zicsr, Zifencei};
        *set = set.union([I, M, A, F, D, Zicsr, Zifencei].into_iter().collect());
        return Ok(());
    }
    let name = letter.to_string();
    match Extension::from_name(&name) {
        Some(extension) => *set = set.with(extension),
        None => return Err(unsupported(&name).unwrap_or(IsaError::Unknown(name))),
    }
    Ok(())
}

/// The extension of a longer name, which may carry a version.
fn named(text: &str) -> Result<Extension, IsaError> {
    // Names may end in digits themselves (`sv39`), so each split is tried, the longest name first.
    for end in (2..=text.len()).rev() {
        let (name, version) = text.split_at(end);
        let versioned = version.is_empty()
            || version.starts_with(|c: char| c.is_ascii_digit())
                && after_version(version).is_empty();
        if !versioned {
            continue;
        }
        if let Some(extension) = Extension::from_name(name) {
            return Ok(extension);
        }
        if let Some(error) = unsupported(name) {
            return Err(error);
        }
    }
    Err(IsaError::Unknown(text.into()))
}

fn unsupported(name: &str) -> Option<IsaError> {
    let (_, reason) = UNSUPPORTED.iter().find(|(known, _)| *known == name)?;
    Some(IsaError::Unsupported {
        name: name.into(),
        reason,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Isa {
        Isa::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn refused(text: &str) -> String {
        Isa::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn one_machine_has_many_spellings() {
        let expected = "rv64imafdc_zicsr_zifencei_zmmul_zaamo_zalrsc_zca_zcd";
        for text in [
            "rv64gc",
            "RV64GC",
            " rv64gc\n",
            "rv64imafdc_zicsr_zifencei",
            "rv64i_m_a_f_d_c_zifencei",
            "rv64i2p1m2p0a2p1f2p2d2p2c2p0_zicsr2p0_zifencei2p0_zmmul1p0",
            "rv64i2_m2_a2_f2_d2_c2_zifencei2",
            "rv64icdfamzifencei",
            "rv64gcsu",
            "rv64gc_zaamo_zaamo_c",
        ] {
            assert_eq!(parsed(text).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_implied_comes_along() {
        for (text, canonical) in [
            ("rv64i", "rv64i_zicsr"),
            ("rv64id", "rv64ifd_zicsr"),
            ("rv64ic", "rv64ic_zicsr_zca"),
            ("rv64idc", "rv64ifdc_zicsr_zca_zcd"),
            ("rv64i_zcb", "rv64ic_zicsr_zca_zcb"),
            ("rv64id_zca", "rv64ifd_zicsr_zca"),
            ("rv64i_zfh", "rv64if_zicsr_zfh_zfhmin"),
            ("rv64i_zfa", "rv64if_zicsr_zfa"),
            ("rv64i_zabha_zacas", "rv64i_zicsr_zaamo_zabha_zacas"),
            ("rv64ib", "rv64ib_zicsr_zba_zbb_zbs"),
            ("rv64i_zba_zbb_zbs", "rv64ib_zicsr_zba_zbb_zbs"),
            ("rv64i_zaamo_zalrsc", "rv64ia_zicsr_zaamo_zalrsc"),
            ("rv64i_sv571p0", "rv64i_zicsr_sv39_sv48_sv57"),
            ("rv64i_zic64b1p0", "rv64i_zic64b_zicsr"),
        ] {
            assert_eq!(parsed(text).to_string(), canonical, "{text}");
        }
    }

    #[test]
    fn the_canonical_string_means_the_same_machine() {
        for text in [
            "rv64i",
            "rv64gc_zba",
            "rva20u64",
            "rva20s64",
            "rva22u64",
            "rva22s64_sstc",
        ] {
            let isa = parsed(text);
            assert_eq!(parsed(&isa.to_string()), isa, "{text}");
        }
        let everything = Isa::default();
        assert_eq!(parsed(&everything.to_string()), everything);
        assert_eq!(everything.extensions(), everything.extensions().closed());
    }

    #[test]
    fn profiles() {
        let user = parsed("rva22u64");
        let supervisor = parsed("RVA22S64");
        assert!(user.has(Extension::Zicboz) && !user.has(Extension::Svpbmt));
        assert!(supervisor.extensions().has_all(user.extensions()));
        for extension in [Extension::Svpbmt, Extension::Svinval, Extension::Zifencei] {
            assert!(supervisor.has(extension), "{extension}");
        }
        assert!(
            !supervisor.has(Extension::Sstc),
            "it is an option of the profile"
        );
        assert!(parsed("rva22s64_sstc").has(Extension::Sstc));
        assert!(!parsed("rva20s64").has(Extension::Zba));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, message) in [
            ("", "the ISA string is empty"),
            ("rv32imac", "`rv32`: only RV64 is supported"),
            ("rv128i", "`rv128`: only RV64 is supported"),
            (
                "rv64",
                "`rv64`: the base is missing; after rv64 comes `i` or `g`",
            ),
            (
                "rv64mac",
                "`rv64mac`: the base is missing; after rv64 comes `i` or `g`",
            ),
            (
                "rv64e",
                "extension `e` is not supported: the base with 16 registers",
            ),
            (
                "rv64gcv",
                "extension `v` is not supported: no vector extension",
            ),
            (
                "rv64gch",
                "extension `h` is not supported: no hypervisor extension",
            ),
            (
                "rv64gc_zcf",
                "extension `zcf` is not supported: it exists for RV32 only",
            ),
            (
                "rv64gc_zfinx1p0",
                "extension `zfinx` is not supported: no floating point in integer registers",
            ),
            ("rv64gc_zzz", "unknown extension `zzz`"),
            ("rv64gc_smaia", "unknown extension `smaia`"),
            ("rv64gc_zba1x0", "unknown extension `zba1x0`"),
            ("rv64iw", "unknown extension `w`"),
            ("rv64gc_xventana", "unknown extension `xventana`"),
            ("rv64gc__zba", "an extension name is missing after `_`"),
            ("rv64gc_", "an extension name is missing after `_`"),
            ("rva22s64_", "an extension name is missing after `_`"),
            ("rv64gc,zba", "`,` cannot stand in an ISA string"),
            ("rv64gç", "`ç` cannot stand in an ISA string"),
            (
                "rva23s64",
                "profile `rva23s64` is not supported: it requires the hypervisor and vector extensions",
            ),
            (
                "rva99s64",
                "`rva99s64`: an ISA string begins with rv64, or is a profile: rva20u64, rva20s64, rva22u64, rva22s64",
            ),
            (
                "x86",
                "`x86`: an ISA string begins with rv64, or is a profile: rva20u64, rva20s64, rva22u64, rva22s64",
            ),
        ] {
            assert_eq!(refused(text), message, "{text}");
        }
    }

    #[test]
    fn misa_holds_the_letters() {
        let bits = |letters: &str| letters.bytes().fold(2 << 62, |m, l| m | 1u64 << (l - b'a'));
        assert_eq!(parsed("rv64gc").misa(), bits("imafdcsu"));
        assert_eq!(parsed("rv64i").misa(), bits("isu"));
        assert_eq!(Isa::default().misa(), bits("imafdcbsu"));
        assert_eq!(Isa::default().misa() >> 62, 2);
    }

    #[test]
    fn modes_and_extensions_can_be_taken_away() {
        let machine = Isa::default().without(Extension::U);
        assert!(!machine.has(Extension::S) && !machine.has(Extension::Sv39));
        assert!(machine.has(Extension::Zba) && machine.has(Extension::Zicsr));
        let user = Isa::default().without(Extension::S);
        assert!(user.has(Extension::U) && !user.has(Extension::Sstc));
        let wide = Isa::default().without(Extension::C);
        for extension in [
            Extension::C,
            Extension::Zca,
            Extension::Zcb,
            Extension::Zcd,
            Extension::Zcmop,
        ] {
            assert!(!wide.has(extension), "{extension}");
        }
        let integer = Isa::default().without(Extension::F);
        for extension in [Extension::D, Extension::Zfh, Extension::Zfa, Extension::Zcd] {
            assert!(!integer.has(extension), "{extension}");
        }
        assert!(integer.has(Extension::C));
        assert!(
            Isa::default()
                .without(Extension::Zicsr)
                .has(Extension::Zicsr)
        );
        let all_but_division = Isa::default().without(Extension::M);
        assert!(!all_but_division.has(Extension::Zmmul));
    }
}
