//! Values on the command line: sizes, counts and durations.

use std::time::Duration;

/// A size: a plain number is in MiB, as QEMU's and Spike's `-m` take it.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_prefix("0x") {
        // In hexadecimal B is a digit, and the units that are left are not.
        Some(rest) => {
            let end = rest.find(|c: char| !c.is_ascii_hexdigit());
            let (digits, unit) = rest.split_at(end.unwrap_or(rest.len()));
            (u64::from_str_radix(digits, 16).ok(), unit.trim())
        }
        None => {
            let (digits, unit) = split(text);
            (digits.parse().ok(), unit)
        }
    };
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
    let number =
        number.ok_or("a size is a whole number with a unit, such as 512M, 2G or 0x200M")?;
    match number.checked_mul(1 << shift) {
        Some(0) => Err("the guest needs some memory".into()),
        Some(size) => Ok(size),
        None => Err("more than 64 bits can say".into()),
    }
}

/// A count: a whole number, with K, M, G or T for thousands, millions and so on.
pub(super) fn count(text: &str) -> Result<u64, String> {
    let text = text.replace('_', "");
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16).map_err(|_| format!("`{text}` is not a number"));
    }
    let (number, unit) = split(&text);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "t" => 1_000_000_000_000,
        _ => return Err(format!("no unit `{unit}`: use K, M, G or T")),
    };
    let number: u64 = number.parse().map_err(
        |_| "a count is a whole number, with or without a unit, such as 5000, 1_000_000 or 10M",
    )?;
    let count = number.checked_mul(factor);
    count.ok_or_else(|| "more than 64 bits can say".to_owned())
}

/// A duration: a plain number is in seconds; several with their units are added, as in 1m30s.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    loop {
        let (number, unit) = split(rest);
        let end = unit
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(unit.len());
        let (unit, next) = unit.split_at(end);
        let seconds = match unit.trim() {
            "" | "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            unit => return Err(format!("no unit `{unit}`: use ms, s, m or h")),
        };
        let number: f64 = number.parse().map_err(|_| {
            "a duration is a number with a unit, such as 10s, 500ms, 2m or 1m30s".to_owned()
        })?;
        let part = Duration::try_from_secs_f64(number * seconds).map_err(|e| e.to_string())?;
        sum = (sum.checked_add(part)).ok_or("longer than any run can last")?;
        if next.is_empty() {
            return Ok(sum);
        }
        rest = next;
    }
}

/// The number and the unit.
fn split(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

/// A date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Date {
    /// The host's.
    Now,
    /// So many nanoseconds after 1970 began.
    At(u64),
}

/// A date: `now`, `@SECONDS`, `2026-02-28` or `2026-02-28T12:00:00`, in UTC.
pub(super) fn date(text: &str) -> Result<Date, String> {
    let wrong = || {
        format!("`{text}` is no date: use now, 2026-02-28, 2026-02-28T12:00:00 or @SECONDS since 1970")
    };
    if text == "now" {
        return Ok(Date::Now);
    }
    let seconds = match text.strip_prefix('@') {
        Some(seconds) => seconds.parse().map_err(|_| wrong())?,
        None => calendar(text).ok_or_else(wrong)?,
    };
    let nanoseconds = seconds.checked_mul(1_000_000_000);
    nanoseconds.map(Date::At).ok_or_else(|| format!("{text} is too far in the future"))
}

/// The seconds from 1970 to a date.
fn calendar(text: &str) -> Option<u64> {
    let (day, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let numbers = |text: &str, by: char| -> Option<[u64; 3]> {
        let parts: Option<Vec<u64>> = text.split(by).map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    let [year, month, day] = numbers(day, '-')?;
    let [hour, minute, second] = numbers(time.trim_end_matches('Z'), ':')?;
    let leap = |year: u64| year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let length = |month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let right = (1970..=2500).contains(&year)
        && (1..=12).contains(&month)
        && (1..=length(month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !right {
        return None;
    }
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(length).sum();
    Some((((years + months + day - 1) * 24 + hour) * 60 + minute) * 60 + second)
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
        assert_eq!(size("0x200"), Ok(512 << 20));
        assert_eq!(size("0x2G"), Ok(2 << 30));
        for bad in [
            "",
            "M",
            "1.5G",
            "-1",
            "2X",
            "2GB",
            "0",
            "99999999T",
            "0x",
            "0x+1",
        ] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts() {
        assert_eq!(count("5000"), Ok(5000));
        assert_eq!(count("1_000_000"), Ok(1_000_000));
        assert_eq!(count("10M"), Ok(10_000_000));
        assert_eq!(count("3k"), Ok(3000));
        assert_eq!(count("0x10"), Ok(16));
        assert_eq!(count("0"), Ok(0));
        for bad in ["", "M", "1.5M", "-1", "2X", "0xg", "18446744073709552G"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h2m3s4ms"), Ok(Duration::from_millis(3_723_004)));
        assert_eq!(duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("1.5h"), Ok(Duration::from_secs(5400)));
        for bad in ["", "s", "-1", "1d", "1e999", "1.2.3", "1m30x", "1ms-2s"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_are_counted_from_1970() {
        let seconds = |text| match date(text) {
            Ok(Date::At(at)) => Some(at / 1_000_000_000),
            _ => None,
        };
        assert_eq!(seconds("1970-01-01"), Some(0));
        assert_eq!(seconds("2000-03-01"), Some(951_868_800));
        assert_eq!(seconds("2024-02-29T23:59:59Z"), Some(1_709_251_199));
        assert_eq!(seconds("2025-01-01"), Some(1_735_689_600));
        assert_eq!(seconds("@1735689600"), Some(1_735_689_600));
        assert_eq!(date("now"), Ok(Date::Now));
        for wrong in ["", "2025", "2025-02-29", "2025-13-01", "1969-01-01", "2025-01-01T24:00:00", "@x", "@99999999999"] {
            assert!(date(wrong).is_err(), "{wrong}");
        }
    }
}
