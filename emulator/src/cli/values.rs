//! Values on the command line: sizes and durations.

use std::time::Duration;

/// A size: a plain number is in MiB, as QEMU's and Spike's `-m` take it.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "m" | "mib" => 20,
        "b" => 0,
        "k" | "kib" => 10,
        "g" | "gib" => 30,
        "t" | "tib" => 40,
        _ => {
            return Err(format!(
                "no unit `{unit}`: use K, M, G or T (KiB, MiB, GiB, TiB)"
            ));
        }
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a size is a whole number with a unit, such as 512M or 2G".to_owned())?;
    match number.checked_mul(1 << shift) {
        Some(0) => Err("the guest needs some memory".into()),
        Some(size) => Ok(size),
        None => Err("more than 64 bits can say".into()),
    }
}

/// A duration: a plain number is in seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("no unit `{unit}`: use ms, s, m or h")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| "a duration is a number with a unit, such as 10s, 500ms or 2m".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

/// The number and the unit.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(size("512"), Ok(512 << 20));
        assert_eq!(size("512M"), Ok(512 << 20));
        assert_eq!(size("2G"), Ok(2 << 30));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("64k"), Ok(64 << 10));
        assert_eq!(size("4096B"), Ok(4096));
        assert_eq!(size("1 GiB"), Ok(1 << 30));
        for bad in ["", "M", "1.5G", "-1", "2X", "2GB", "0", "99999999T", "0x10"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        for bad in ["", "s", "-1", "1d", "1e999", "1.2.3"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
