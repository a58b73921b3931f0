//! The results as JSON.
//!
//! One object. `format` is always `"pagewalk-test"`; `version` is 1, and grows when a field
//! changes its meaning or goes; fields may be added without that, so readers skip what they do
//! not know. Addresses and register values are strings in hexadecimal, since JSON's numbers do
//! not hold 64 bits everywhere.
//!
//! - `isa`: the machine's ISA string. `total`, `passed`, `failed`: counts; `not_run`: how many
//!   tests were not begun after a failure. `seconds`: the time of the whole run.
//! - `skipped`: files that are not tests, each with `path` and `why`.
//! - `tests`: for each test `name`, `suite`, `environment` (`p`, `v`, … or null), `path`,
//!   `passed`, `class` (`passed`, `check-failed`, `illegal-instruction`, `unexpected-trap`,
//!   `trap-loop`, `timeout`, `instruction-limit`, `asleep`, `bad-request`, `no-tohost`,
//!   `cannot-load`), `message`, `check` (the number of the failed check, or null),
//!   `instructions`, `seconds`, `output` (what the test printed), and `failure`.
//! - `failure`: null, or `stopped_at` (`address`, `symbol`, `line`, `instruction`, `values`),
//!   `notes`, `traps` (`count`, `from`, `to`, `cause`, `value`, `address`, `symbol`,
//!   `instruction`), `registers`, `csrs`, `instructions` (`count`, `privilege`, `address`,
//!   `symbol`, `instruction`, `values`), and `text`, the whole as it is printed.

use super::failure::{Line, Stopped, TrapLine};
use super::{Failure, Run, TestResult};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

#[derive(Serialize)]
struct JsonRun<'a> {
    format: &'static str,
    version: u32,
    isa: String,
    total: usize,
    passed: usize,
    failed: usize,
    not_run: usize,
    seconds: f64,
    skipped: Vec<JsonSkipped<'a>>,
    tests: Vec<JsonTest<'a>>,
}

#[derive(Serialize)]
struct JsonSkipped<'a> {
    path: String,
    why: &'a str,
}

#[derive(Serialize)]
struct JsonTest<'a> {
    name: &'a str,
    suite: String,
    environment: Option<&'a str>,
    path: String,
    passed: bool,
    class: &'static str,
    message: String,
    check: Option<u64>,
    instructions: u64,
    seconds: f64,
    output: &'a str,
    failure: Option<JsonFailure<'a>>,
}

#[derive(Serialize)]
struct JsonFailure<'a> {
    stopped_at: Option<JsonStopped<'a>>,
    notes: &'a [String],
    traps: Vec<JsonTrap<'a>>,
    registers: BTreeMap<&'a str, String>,
    csrs: BTreeMap<&'a str, String>,
    instructions: Vec<JsonLine<'a>>,
    text: String,
}

#[derive(Serialize)]
struct JsonStopped<'a> {
    address: String,
    symbol: String,
    line: Option<String>,
    instruction: Option<&'a str>,
    values: &'a str,
}

#[derive(Serialize)]
struct JsonTrap<'a> {
    count: u64,
    from: char,
    to: char,
    cause: &'a str,
    value: String,
    address: String,
    symbol: String,
    instruction: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonLine<'a> {
    count: u64,
    privilege: char,
    address: String,
    symbol: &'a str,
    instruction: &'a str,
    values: &'a str,
}

/// Writes the results as JSON.
pub fn write_json(out: &mut impl Write, run: &Run<'_>) -> io::Result<()> {
    let passed = run.results.iter().filter(|result| result.outcome.passed());
    let passed = passed.count();
    let skipped = run.skipped.iter().map(|skipped| JsonSkipped {
        path: skipped.path.display().to_string(),
        why: &skipped.why,
    });
    let all = JsonRun {
        format: "pagewalk-test",
        version: 1,
        isa: run.isa.to_string(),
        total: run.results.len(),
        passed,
        failed: run.results.len() - passed,
        not_run: run.not_run,
        seconds: run.time.as_secs_f64(),
        skipped: skipped.collect(),
        tests: run.results.iter().map(test).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

fn test(result: &TestResult) -> JsonTest<'_> {
    let (suite, environment) = result.test.suite();
    JsonTest {
        name: &result.test.name,
        suite,
        environment: (!environment.is_empty()).then_some(environment),
        path: result.test.path.display().to_string(),
        passed: result.outcome.passed(),
        class: result.outcome.class(),
        message: result.outcome.to_string(),
        check: result.outcome.number(),
        instructions: result.instructions,
        seconds: result.time.as_secs_f64(),
        output: &result.output,
        failure: result.failure.as_deref().map(failure),
    }
}

fn hex(value: u64) -> String {
    format!("{value:#x}")
}

fn named(values: &[(String, u64)]) -> BTreeMap<&str, String> {
    let values = values.iter();
    values
        .map(|(name, value)| (name.as_str(), hex(*value)))
        .collect()
}

fn failure(failure: &Failure) -> JsonFailure<'_> {
    JsonFailure {
        stopped_at: failure.stopped_at.as_ref().map(stopped),
        notes: &failure.notes,
        traps: failure.traps.iter().map(trap).collect(),
        registers: named(&failure.registers),
        csrs: named(&failure.csrs),
        instructions: failure.instructions.iter().map(line).collect(),
        text: failure.to_string(),
    }
}

fn stopped(stopped: &Stopped) -> JsonStopped<'_> {
    JsonStopped {
        address: hex(stopped.place.address),
        symbol: stopped.place.name(),
        line: stopped.place.line.as_ref().map(ToString::to_string),
        instruction: stopped.instruction.as_deref(),
        values: &stopped.values,
    }
}

fn trap(trap: &TrapLine) -> JsonTrap<'_> {
    JsonTrap {
        count: trap.count,
        from: trap.from,
        to: trap.to,
        cause: &trap.cause,
        value: hex(trap.value),
        address: hex(trap.place.address),
        symbol: trap.place.name(),
        instruction: trap.instruction.as_deref(),
    }
}

fn line(line: &Line) -> JsonLine<'_> {
    JsonLine {
        count: line.count,
        privilege: line.privilege,
        address: hex(line.address),
        symbol: &line.symbol,
        instruction: &line.instruction,
        values: &line.values,
    }
}
