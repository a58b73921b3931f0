//! How a drive is written on the command line, in QEMU's spelling.

use std::path::PathBuf;
use std::str::FromStr;

/// A drive: its file and how to use it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DriveSpec {
    /// The file or block device.
    pub file: PathBuf,
    /// The guest can only read it.
    pub read_only: bool,
    /// What the guest writes is forgotten at the end.
    pub snapshot: bool,
    /// The serial number that the guest sees.
    pub serial: String,
}

/// Why a text describes no drive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DriveSpecError {
    /// There is no file.
    #[error("no file is named; write FILE or file=FILE")]
    NoFile,
    /// An option that there is not.
    #[error(
        "'{0}' is no option of a drive; there are file=, readonly=, snapshot=, format=, if=, \
         serial= and ro"
    )]
    Unknown(String),
    /// An option with a value that it cannot have.
    #[error("{option}={value}: {expected} is expected")]
    Value {
        /// The option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it can be.
        expected: &'static str,
    },
    /// An option that is there twice.
    #[error("{0} is given twice")]
    Twice(&'static str),
    /// A serial number that does not fit.
    #[error("serial={0}: at most 20 bytes fit")]
    Serial(String),
}

/// The length of a serial number that a driver can ask for.
pub(super) const SERIAL_LENGTH: usize = 20;

impl FromStr for DriveSpec {
    type Err = DriveSpecError;

    fn from_str(text: &str) -> Result<Self, DriveSpecError> {
        let mut spec = Self::default();
        let mut seen = Vec::new();
        let mut once = |option: &'static str| {
            if seen.contains(&option) {
                return Err(DriveSpecError::Twice(option));
            }
            seen.push(option);
            Ok(())
        };
        for (index, part) in parts(text).into_iter().enumerate() {
            let (option, value) = match part.split_once('=') {
                Some((option, value)) => (option, Some(value)),
                None => (part.as_str(), None),
            };
            match (option, value) {
                ("file", Some(value)) => {
                    once("file")?;
                    spec.file = value.into();
                }
                ("readonly" | "read-only" | "ro", value) => {
                    once("readonly")?;
                    spec.read_only = switch("readonly", value)?;
                }
                ("snapshot", value) => {
                    once("snapshot")?;
                    spec.snapshot = switch("snapshot", value)?;
                }
                ("format", Some(value)) => {
                    once("format")?;
                    one_of("format", value, "raw")?;
                }
                ("if", Some(value)) => {
                    once("if")?;
                    one_of("if", value, "virtio")?;
                }
                ("serial", Some(value)) => {
                    once("serial")?;
                    if value.len() > SERIAL_LENGTH {
                        return Err(DriveSpecError::Serial(value.into()));
                    }
                    spec.serial = value.into();
                }
                // A file's name may have an equals sign.
                _ if index == 0 => {
                    once("file")?;
                    spec.file = part.into();
                }
                _ => return Err(DriveSpecError::Unknown(part)),
            }
        }
        if spec.file.as_os_str().is_empty() {
            return Err(DriveSpecError::NoFile);
        }
        Ok(spec)
    }
}

/// What stands between commas; two commas are one that belongs to a name.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character == ',' && characters.next_if_eq(&',').is_none() {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    parts
}

fn switch(option: &'static str, value: Option<&str>) -> Result<bool, DriveSpecError> {
    match value {
        None | Some("on" | "yes" | "true") => Ok(true),
        Some("off" | "no" | "false") => Ok(false),
        Some(value) => Err(DriveSpecError::Value {
            option,
            value: value.into(),
            expected: "on or off",
        }),
    }
}

fn one_of(option: &'static str, value: &str, expected: &'static str) -> Result<(), DriveSpecError> {
    if value == expected {
        return Ok(());
    }
    Err(DriveSpecError::Value {
        option,
        value: value.into(),
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(text: &str) -> Result<DriveSpec, String> {
        text.parse()
            .map_err(|error: DriveSpecError| error.to_string())
    }

    fn file(name: &str) -> DriveSpec {
        DriveSpec {
            file: name.into(),
            ..DriveSpec::default()
        }
    }

    #[test]
    fn a_file_alone_is_a_drive() {
        for text in ["disk.img", "file=disk.img", "disk.img,format=raw,if=virtio"] {
            assert_eq!(spec(text), Ok(file("disk.img")), "{text}");
        }
        assert_eq!(spec("a,,b"), Ok(file("a,b")));
        assert_eq!(spec("file=a,,,,b,,"), Ok(file("a,,b,")));
        assert_eq!(spec("a=b"), Ok(file("a=b")));
        assert_eq!(spec("format=raw,file=x"), Ok(file("x")));
    }

    #[test]
    fn options_are_read() {
        let read_only = DriveSpec {
            read_only: true,
            ..file("x")
        };
        for text in ["x,ro", "x,readonly=on", "readonly,file=x", "x,read-only=on"] {
            assert_eq!(spec(text), Ok(read_only.clone()), "{text}");
        }
        let found = spec("snapshot=on,file=x,serial=s1,readonly=off");
        let expected = DriveSpec {
            snapshot: true,
            serial: "s1".into(),
            ..file("x")
        };
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn errors_name_the_option() {
        for (text, expected) in [
            ("", "no file is named"),
            ("file=", "no file is named"),
            ("snapshot=on", "no file is named"),
            ("x,", "'' is no option"),
            ("x,cache=none", "'cache=none' is no option"),
            ("x,file", "'file' is no option"),
            ("x,snapshot=maybe", "snapshot=maybe: on or off"),
            ("x,ro=1", "readonly=1: on or off"),
            ("x,format=qcow2", "format=qcow2: raw"),
            ("x,if=ide", "if=ide: virtio"),
            ("x,file=y", "file is given twice"),
            ("x,ro,readonly=on", "readonly is given twice"),
            ("x,serial=123456789012345678901", "at most 20 bytes"),
        ] {
            let error = spec(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
