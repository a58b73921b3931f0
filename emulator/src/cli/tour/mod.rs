//! `pagewalk tour`: scenes that show virtual memory. Each is a program that runs on the built-in
//! supervisor; what is told of it comes from its run.

mod scenes;
mod text;
mod witness;

use super::machine;
use super::values;
use super::{NOBODY_READS, WrongUse, interrupt};
use anyhow::{Context, Result, anyhow};
use clap::Args;
use pagewalk::board::MachineConfig;
use pagewalk::mmu::TlbConfig;
use scenes::{SCENES, Scene};
use std::io::{self, ErrorKind, IsTerminal, Write};
use text::Text;

/// The memory of the machine, if nothing else is said.
const MEMORY: u64 = 64 << 20;

/// Show virtual memory at work, scene by scene
///
/// Each scene is a small program that runs on the built-in supervisor. Pagewalk tells what its MMU did
/// meanwhile: every address and every figure is from that run. On a terminal it waits for Enter between
/// the scenes, and q ends it.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The scenes to show, by number or name [default: all]
    #[arg(value_name = "SCENE")]
    scenes: Vec<String>,

    /// List the scenes
    #[arg(long)]
    list: bool,

    /// Memory of the machine [default: 64M]
    ///
    /// The physical addresses in the scenes depend on it.
    #[arg(short, long, value_name = "SIZE", value_parser = values::size, help_heading = "Machine")]
    memory: Option<u64>,

    /// The TLB that is modelled, as `pagewalk run` takes it
    #[arg(long, value_name = "SPEC", value_parser = machine::tlb, help_heading = "Machine")]
    tlb: Option<TlbConfig>,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk tour                    all scenes
  pagewalk tour fault copy         two of them
  pagewalk tour 8 --tlb u=4        large pages, with a TLB of four entries
  pagewalk tour | less             without pauses

Exit codes:
  0    every scene was shown
  125  Pagewalk cannot go on
  130  interrupted by Ctrl-C (143: by SIGTERM)
  2    wrong command line";

pub(super) fn run(arguments: &Arguments) -> Result<u8> {
    let chosen = chosen(&arguments.scenes)?;
    interrupt::listen();
    match show(arguments, &chosen) {
        Err(error) if is_broken_pipe(&error) => Ok(NOBODY_READS),
        other => other,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let found = error.downcast_ref::<io::Error>();
    found.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

fn show(arguments: &Arguments, chosen: &[&Scene]) -> Result<u8> {
    let mut out = io::stdout();
    if arguments.list {
        for scene in SCENES {
            let Scene {
                number,
                name,
                title,
                ..
            } = scene;
            writeln!(out, "{number}  {name:<10}  {title}")?;
        }
        return Ok(0);
    }
    let waits = out.is_terminal() && io::stdin().is_terminal();
    let colour = out.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    for (index, scene) in chosen.iter().enumerate() {
        if index > 0 && waits && !goes_on(&mut out)? {
            break;
        }
        let config = MachineConfig {
            memory: arguments.memory.unwrap_or(MEMORY),
            tlb: arguments.tlb.or(scene.tlb()).unwrap_or_default(),
            ..MachineConfig::default()
        };
        let seen = witness::run(scene.name, scene.program, &config)
            .with_context(|| format!("scene {}", scene.number))?;
        if let Some(signal) = interrupt::signal() {
            return Ok(signal.exit_code());
        }
        let mut text = Text::new(colour);
        text.title(&format!("{}  {}", scene.number, scene.title));
        // What a scene tells of is missing if the machine is one that cannot do it.
        (scene.tell)(&seen, &mut text)
            .ok_or_else(|| anyhow!("scene {}: the run lacks what it tells of", scene.number))?;
        if index + 1 < chosen.len() {
            text.blank();
        }
        out.write_all(text.as_str().as_bytes())?;
        out.flush()?;
    }
    Ok(0)
}

/// The scenes that are asked for, or all.
fn chosen(asked: &[String]) -> Result<Vec<&'static Scene>> {
    if asked.is_empty() {
        return Ok(SCENES.iter().collect());
    }
    let find = |word: &String| {
        let found = SCENES
            .iter()
            .find(|scene| scene.name == word || scene.number.to_string() == *word);
        found.ok_or_else(|| {
            let all = SCENES.iter();
            let all: Vec<_> = all
                .map(|scene| format!("{} {}", scene.number, scene.name))
                .collect();
            WrongUse(format!(
                "there is no scene `{word}`; the scenes are {}",
                all.join(", ")
            ))
        })
    };
    Ok(asked.iter().map(find).collect::<Result<_, _>>()?)
}

/// Waits for Enter; false if the reader has had enough.
fn goes_on(out: &mut impl Write) -> Result<bool> {
    write!(out, "(Enter: go on, q: end) ")?;
    out.flush()?;
    let mut line = String::new();
    let count = io::stdin()
        .read_line(&mut line)
        .context("cannot read the keyboard")?;
    writeln!(out)?;
    Ok(count > 0 && !line.trim_start().starts_with(['q', 'Q']))
}
