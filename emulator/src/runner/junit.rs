//! The results as JUnit XML, as CI systems read it.

use super::{Outcome, Run, Table, TestResult};
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::time::Duration;

/// Writes the results as JUnit XML: a `testsuite` for each suite, a `failure` for a test that
/// ran and did not pass, an `error` for one that could not be run.
pub fn write_junit(out: &mut impl Write, run: &Run<'_>) -> io::Result<()> {
    let results = run.results;
    let table = Table::new(results);
    let could_not_run =
        |result: &TestResult| matches!(result.outcome, Outcome::NoTohost | Outcome::CannotLoad(_));
    let errors = results.iter().filter(|result| could_not_run(result));
    let errors = errors.count();
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="pagewalk" tests="{}" failures="{}" errors="{errors}" time="{}">"#,
        results.len(),
        table.total.failed - errors,
        seconds(run.time)
    )?;
    for (suite, summary) in &table.suites {
        let tests = results
            .iter()
            .filter(|result| result.test.suite().0 == *suite);
        let errors = tests.clone().filter(|result| could_not_run(result)).count();
        writeln!(
            out,
            r#"  <testsuite name="{}" tests="{}" failures="{}" errors="{errors}" skipped="0" time="{}">"#,
            Escaped(suite),
            summary.total(),
            summary.failed - errors,
            seconds(summary.time)
        )?;
        for result in tests {
            case(out, suite, result, could_not_run(result))?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn case(out: &mut impl Write, suite: &str, result: &TestResult, error: bool) -> io::Result<()> {
    write!(
        out,
        r#"    <testcase classname="{}" name="{}" time="{}""#,
        Escaped(suite),
        Escaped(&result.test.name),
        seconds(result.time)
    )?;
    if result.outcome.passed() {
        return writeln!(out, "/>");
    }
    let element = if error { "error" } else { "failure" };
    let body = result.failure.as_ref().map(ToString::to_string);
    writeln!(out, ">")?;
    writeln!(
        out,
        r#"      <{element} type="{}" message="{}">{}</{element}>"#,
        result.outcome.class(),
        Escaped(&result.outcome.to_string()),
        Escaped(body.as_deref().unwrap_or_default())
    )?;
    if !result.output.is_empty() {
        writeln!(
            out,
            "      <system-out>{}</system-out>",
            Escaped(&result.output)
        )?;
    }
    writeln!(out, "    </testcase>")
}

fn seconds(time: Duration) -> impl Display {
    format!("{:.3}", time.as_secs_f64())
}

/// Text as XML holds it, in an attribute or between tags. Characters that XML 1.0 cannot hold
/// become U+FFFD.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\r' => f.write_str("&#13;")?,
                '\t' | '\n' => fmt::Write::write_char(f, c)?,
                // XML 1.0, production 2: Char.
                '\0'..' ' | '\u{fffe}' | '\u{ffff}' => f.write_str("\u{fffd}")?,
                _ => fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        let text = Escaped("a<b> & \"c\"\u{1b}[0m\r\n\0").to_string();
        assert_eq!(
            text,
            "a&lt;b&gt; &amp; &quot;c&quot;\u{fffd}[0m&#13;\n\u{fffd}"
        );
    }
}
