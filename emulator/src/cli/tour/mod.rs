//! `pagewalk tour`: scenes that show virtual memory. Each is a program that runs on the built-in
//! supervisor; what is told of it comes from its run.

mod faults;
mod page;
mod scenes;
mod seen;
mod stage;
mod text;
mod witness;

use super::machine;
use super::values;
use super::{NOBODY_READS, WrongUse, interrupt};
use anyhow::{Context, Result};
use clap::Args;
use page::Gallery;
use pagewalk::board::MachineConfig;
use pagewalk::mmu::TlbConfig;
use pagewalk::report::walk::bytes;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use scenes::{SCENES, Scene};
use stage::Stage;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::path::PathBuf;
use text::Text;

/// Show virtual memory at work, scene by scene
///
/// Each scene is a small program, most of them on the built-in supervisor. Pagewalk tells what its MMU did
/// meanwhile: every address and every figure is from that run. On a terminal it waits for Enter between
/// the scenes, and q ends it.
#[derive(Args, Debug, Default)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The scenes to show, by number or name [default: all]
    #[arg(value_name = "SCENE")]
    scenes: Vec<String>,

    /// List the scenes
    #[arg(long)]
    list: bool,

    /// Memory of the machine [default: 64M, and 16M for scene 6]
    ///
    /// The physical addresses in the scenes depend on it. Scene 6 has 8M to 64M, scene 8 at least 12M.
    #[arg(short, long, value_name = "SIZE", value_parser = values::size, help_heading = "Machine")]
    memory: Option<u64>,

    /// The TLB that is modelled, as `pagewalk run` takes it
    #[arg(long, value_name = "SPEC", value_parser = machine::tlb, help_heading = "Machine")]
    tlb: Option<TlbConfig>,

    /// Write a page of each scene to this folder, which shows the MMU, and a list of them: index.html
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    html: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  pagewalk tour                    all scenes
  pagewalk tour fault copy         two of them
  pagewalk tour 8 --tlb u=4        large pages, with a TLB of four entries
  pagewalk tour | less             without pauses
  pagewalk tour --html pages       all scenes, and pages to look at in a browser

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
    let mut gallery = arguments.html.as_deref().map(Gallery::new).transpose()?;
    for (index, scene) in chosen.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
            if waits && !goes_on(&mut out)? {
                return Ok(interrupt::signal().map_or(0, interrupt::Signal::exit_code));
            }
        }
        let asked = arguments.memory.unwrap_or(scene.memory);
        let (least, most) = (*scene.memories.start(), *scene.memories.end());
        let memory = asked.clamp(least, most);
        let mut stage = Stage {
            name: scene.name,
            title: format!("Scene {}: {}", scene.number, scene.title),
            config: MachineConfig {
                memory,
                tlb: arguments.tlb.or(scene.tlb()).unwrap_or_default(),
                ..MachineConfig::default()
            },
            draws: gallery.is_some(),
            page: None,
        };
        let mut text = Text::new(colour);
        text.title(&format!("{}  {}", scene.number, scene.title));
        if memory != asked {
            let asked_less = asked < memory;
            let [asked, memory] = [asked, memory].map(bytes);
            text.say(&format!(
                "(With {memory}, and not {asked}: {}.)",
                if asked_less {
                    "this scene needs as much"
                } else {
                    "with more it would take long"
                }
            ));
        }
        let played = scene.play(&mut stage, &mut text);
        if let Some(signal) = interrupt::signal() {
            return Ok(signal.exit_code());
        }
        let named = || format!("scene {}", scene.number);
        played
            .with_context(named)?
            .with_context(|| format!("{}: the run lacks what it tells of", named()))?;
        if let Some(gallery) = &mut gallery {
            let page = stage
                .page
                .with_context(|| format!("{}: no page", named()))?;
            gallery.add(scene, &page, text.as_str())?;
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
    let mut chosen = Vec::new();
    for word in asked {
        let is_meant = |scene: &&Scene| scene.name == word || scene.number.to_string() == *word;
        let before = chosen.len();
        chosen.extend(SCENES.iter().filter(is_meant));
        if chosen.len() == before {
            let all: Vec<_> = (SCENES.iter())
                .map(|scene| format!("{} {}", scene.number, scene.name))
                .collect();
            return Err(WrongUse(format!(
                "there is no scene `{word}`; the scenes are {}",
                all.join(", ")
            ))
            .into());
        }
    }
    Ok(chosen)
}

/// Waits for Enter; false if the reader has had enough, or a signal came.
fn goes_on(out: &mut impl Write) -> Result<bool> {
    const LOOK_UP: Timespec = Timespec {
        tv_sec: 0,
        tv_nsec: 50_000_000,
    };
    write!(out, "(Enter: go on, q: end) ")?;
    out.flush()?;
    let stdin = io::stdin();
    loop {
        if interrupt::signal().is_some() {
            writeln!(out)?;
            return Ok(false);
        }
        let mut waits_for = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut waits_for, Some(&LOOK_UP)) {
            Ok(0) | Err(Errno::INTR) => {}
            _ => break,
        }
    }
    let mut line = String::new();
    let count = stdin
        .read_line(&mut line)
        .context("cannot read the keyboard")?;
    writeln!(out)?;
    Ok(count > 0 && !line.trim_start().starts_with(['q', 'Q']))
}
