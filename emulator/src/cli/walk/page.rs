//! The page that `pagewalk walk --html` writes.

use anyhow::{Context, Result};
use pagewalk::board::MachineConfig;
use pagewalk::loader::Guest;
use pagewalk::report::heat::Heat;
use pagewalk::report::html;
use pagewalk::report::walk::{Document, View, bytes};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// The page to write at the end.
pub(super) struct Page {
    path: PathBuf,
    file: File,
    /// Counts the accesses of the run.
    pub(super) heat: Heat,
}

impl Page {
    /// Opens the file before the run, so that nobody waits for nothing.
    pub(super) fn create(path: &PathBuf) -> Result<Self> {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            path: path.clone(),
            file,
            heat: Heat::default(),
        })
    }

    /// Writes it.
    pub(super) fn write(
        mut self,
        document: Document,
        config: &MachineConfig,
        view: &View<'_>,
        guest: &Guest,
    ) -> Result<()> {
        let sources = html::Sources {
            hart: view.hart,
            guest,
            names: view.names,
            heat: &self.heat,
            limits: html::Limits::default(),
        };
        let page = html::page(&html::Data::new(document, machine_facts(config), sources));
        let page = page.context("cannot make JSON")?;
        self.file
            .write_all(page.as_bytes())
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// What the page says of the machine.
pub(in crate::cli) fn machine_facts(config: &MachineConfig) -> Vec<(String, String)> {
    let facts = [
        ("Harts", config.harts.to_string()),
        ("Memory", bytes(config.memory)),
        ("ISA", config.isa.to_string()),
    ];
    facts.map(|(name, value)| (name.to_owned(), value)).to_vec()
}
