//! The results as JSON.
//!
//! One object. `format` is always `"pagewalk-test"`; `version` is 1, and grows when a field
//! changes its meaning or goes; fields may be added without that, so readers skip what they do
//! not know. Addresses and register values are strings in hexadecimal, since JSON's numbers do
//! not hold 64 bits everywhere.
//!
//! - `total`, `passed`, `failed`: counts. `seconds`: the time of the whole run.
//! - `isa`: the machine's ISA string.
//! - `tests`: for each test `name`, `suite`, `environment` (`p`, `v`, … or null), `path`,
//!   `passed`, `class` (`passed`, `check-failed`, `illegal-instruction`, `unexpected-trap`,
//!   `trap-loop`, `timeout`, `instruction-limit`, `asleep`, `bad-request`, `no-tohost`,
//!   `cannot-load`), `message`, `check` (the number of the failed check, or null),
//!   `instructions`, `seconds`, `output` (what the test printed), and `failure`.
//! - `failure`: null, or `stopped_at` (`address`, `symbol`, `line`, `instruction`, `values`),
//!   `notes`, `traps`, `registers`, `csrs`, `instructions` (`count`, `privilege`, `address`,
//!   `symbol`, `instruction`, `values`), and `text`, the whole as it is printed.

use super::{Failure, TestResult};
use crate::isa::Isa;
use serde_json::{Map, Value, json};
use std::io::{self, Write};
use std::time::Duration;

/// Writes the results as JSON.
pub fn write_json(
    out: &mut impl Write,
    results: &[TestResult],
    isa: &Isa,
    time: Duration,
) -> io::Result<()> {
    let passed = results.iter().filter(|result| result.outcome.passed());
    let passed = passed.count();
    let tests: Vec<Value> = results.iter().map(test).collect();
    let all = json!({
        "format": "pagewalk-test",
        "version": 1,
        "isa": isa.to_string(),
        "total": results.len(),
        "passed": passed,
        "failed": results.len() - passed,
        "seconds": time.as_secs_f64(),
        "tests": tests,
    });
    serde_json::to_writer_pretty(&mut *out, &all)?;
    writeln!(out)
}

fn test(result: &TestResult) -> Value {
    let (suite, environment) = result.test.suite();
    json!({
        "name": result.test.name,
        "suite": suite,
        "environment": (!environment.is_empty()).then_some(environment),
        "path": result.test.path.display().to_string(),
        "passed": result.outcome.passed(),
        "class": result.outcome.class(),
        "message": result.outcome.to_string(),
        "check": result.outcome.number(),
        "instructions": result.instructions,
        "seconds": result.time.as_secs_f64(),
        "output": result.output,
        "failure": result.failure.as_deref().map(failure),
    })
}

fn hex(value: u64) -> Value {
    Value::String(format!("{value:#x}"))
}

fn failure(failure: &Failure) -> Value {
    let stopped_at = failure.stopped_at.as_ref().map(|stopped| {
        json!({
            "address": hex(stopped.place.address),
            "symbol": stopped.place.name(),
            "line": stopped.place.line.as_ref().map(ToString::to_string),
            "instruction": stopped.instruction,
            "values": stopped.values,
        })
    });
    let instructions = failure.instructions.iter().map(|line| {
        json!({
            "count": line.count,
            "privilege": line.privilege,
            "address": hex(line.address),
            "symbol": line.symbol,
            "instruction": line.instruction,
            "values": line.values,
        })
    });
    json!({
        "stopped_at": stopped_at,
        "notes": failure.notes,
        "traps": failure.traps,
        "registers": named(&failure.registers),
        "csrs": named(&failure.csrs),
        "instructions": instructions.collect::<Vec<_>>(),
        "text": failure.to_string(),
    })
}

fn named(values: &[(String, u64)]) -> Value {
    let values = values.iter();
    let values = values.map(|(name, value)| (name.clone(), hex(*value)));
    Value::Object(values.collect::<Map<_, _>>())
}
