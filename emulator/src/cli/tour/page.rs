//! The pages that `--html` writes: one for each scene, and a list of them with what the scenes tell.

use super::scenes::Scene;
use crate::cli::walk::machine_facts;
use anyhow::{Context, Result};
use pagewalk::board::MachineConfig;
use pagewalk::loader::Guest;
use pagewalk::mmu::Mode;
use pagewalk::report::heat::Heat;
use pagewalk::report::html;
use pagewalk::report::walk::map::MapReport;
use pagewalk::report::walk::overview::Overview;
use pagewalk::report::walk::roots::RootReport;
use pagewalk::report::walk::tlb::TlbReport;
use pagewalk::report::walk::tree::TreeReport;
use pagewalk::report::walk::until::Watcher;
use pagewalk::report::walk::{Document, VERSION, View};
use std::fs;
use std::path::{Path, PathBuf};

/// The page of a machine as it is now.
pub(super) fn of_machine(
    title: &str,
    config: &MachineConfig,
    view: &mut View<'_>,
    watcher: &Watcher<'_>,
    heat: &Heat,
    guest: &Guest,
) -> Result<String> {
    let roots = watcher.roots();
    let spaces: Vec<_> = (roots.values().into_iter())
        .filter(|satp| satp.mode() != Mode::Bare)
        .collect();
    let limits = html::Limits::default();
    let document = Document {
        format: "pagewalk-walk",
        version: VERSION,
        guest: title.to_owned(),
        overview: Overview::new(view, watcher, "a point of the tour".to_owned()),
        roots: (roots.list().iter())
            .map(|root| RootReport::new(root, view))
            .collect(),
        addresses: Vec::new(),
        maps: (spaces.iter())
            .map(|&satp| MapReport::new(view, satp))
            .collect(),
        trees: (spaces.iter())
            .map(|&satp| TreeReport::new(view, satp))
            .collect(),
        tlb: Some(TlbReport::new(view, &spaces)),
        who: Vec::new(),
        diff: None,
    };
    let sources = html::Sources {
        hart: view.hart,
        guest,
        names: view.names,
        heat,
        limits,
    };
    let data = html::Data::new(document, machine_facts(config), sources);
    html::page(&data).context("cannot make JSON")
}

/// The folder that the pages go to.
pub(super) struct Gallery {
    folder: PathBuf,
    list: String,
}

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Pagewalk: the tour</title>
<style>
  :root { color-scheme: light dark; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
  pre { overflow-x: auto; font-size: 0.85rem; }
</style>
</head>
<body>
<h1>Pagewalk: the tour</h1>
<p>Each scene is a program; its page shows the MMU at one point of its run.</p>
"#;

impl Gallery {
    /// Makes the folder, before anything runs.
    pub(super) fn new(folder: &Path) -> Result<Self> {
        let gallery = Self {
            folder: folder.to_owned(),
            list: HEAD.to_owned(),
        };
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        gallery.write("index.html", HEAD)?;
        Ok(gallery)
    }

    fn write(&self, name: &str, page: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Adds a scene: its page, and what it tells.
    pub(super) fn add(&mut self, scene: &Scene, page: &str, told: &str) -> Result<()> {
        let (number, name, title) = (scene.number, scene.name, scene.title);
        let file = format!("{number}-{name}.html");
        self.write(&file, page)?;
        // The title and the line under it are said already.
        let rest = told.splitn(3, '\n').nth(2).unwrap_or_default();
        self.list.push_str(&format!(
            "<h2><a href=\"{file}\">{number}  {}</a></h2>\n<pre>{}</pre>\n",
            escape(title),
            escape(rest.trim_matches('\n'))
        ));
        self.write("index.html", &format!("{}</body>\n</html>\n", self.list))
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
