//! Where the profile of a run goes.

use anyhow::{Context, Result};
use pagewalk::report::profile::Profile;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What is asked for.
#[derive(Default)]
pub(super) struct ProfileRequest<'a> {
    /// The tables: to a file, or to standard error.
    pub(super) text: Option<Option<&'a Path>>,
    /// The folded stacks.
    pub(super) folded: Option<&'a Path>,
    /// How many rows a table has.
    pub(super) top: usize,
}

/// The files, open.
pub(super) struct ProfileFiles<'a> {
    print: bool,
    top: usize,
    text: Option<(&'a Path, File)>,
    folded: Option<(&'a Path, File)>,
}

impl<'a> ProfileFiles<'a> {
    /// Opens the files before the run, so that nobody waits for nothing; none if there is nothing
    /// to count.
    pub(super) fn create(request: &ProfileRequest<'a>) -> Result<Option<Self>> {
        if request.text.is_none() && request.folded.is_none() {
            return Ok(None);
        }
        let open = |path: Option<&'a Path>| -> Result<_> {
            let Some(path) = path else {
                return Ok(None);
            };
            let file = File::create(path).with_context(|| cannot_write(path))?;
            Ok(Some((path, file)))
        };
        Ok(Some(Self {
            print: request.text == Some(None),
            top: request.top,
            text: open(request.text.flatten())?,
            folded: open(request.folded)?,
        }))
    }

    /// Prints the tables, if they go to standard error.
    pub(super) fn print(&self, profile: &Profile<'_>) -> io::Result<()> {
        if !self.print {
            return Ok(());
        }
        let mut text = Vec::new();
        profile.write_text(&mut text, self.top)?;
        io::stderr().write_all(&text)
    }

    /// Writes the files.
    pub(super) fn write(self, profile: &Profile<'_>) -> [Result<()>; 2] {
        let text = self.text.map_or(Ok(()), |(path, file)| {
            let mut out = BufWriter::new(file);
            let written = profile.write_text(&mut out, self.top);
            written
                .and_then(|()| out.flush())
                .with_context(|| cannot_write(path))
        });
        let folded = self.folded.map_or(Ok(()), |(path, file)| {
            let mut out = BufWriter::new(file);
            let written = profile.write_folded(&mut out);
            written
                .and_then(|()| out.flush())
                .with_context(|| cannot_write(path))
        });
        [text, folded]
    }
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
