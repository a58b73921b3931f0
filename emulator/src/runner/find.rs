//! Finds test files in the files and folders that the user names.

use crate::loader::{Probe, Reason, probe};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestFile {
    /// What it is called: its path below the folder that the user named. It is the same wherever
    /// that folder lies, so that filters and partitions are too.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

impl TestFile {
    /// The suite (`rv64ui` of `rv64ui-p-add`) and the environment (`p`, or nothing). A file whose
    /// name is of another form belongs to the suite named like its folder.
    pub fn suite(&self) -> (String, &str) {
        let file = self.name.rsplit('/').next().unwrap_or(&self.name);
        let environment = ENVIRONMENTS
            .into_iter()
            .filter_map(|env| file.find(&format!("-{env}-")).map(|at| (at, env)))
            .min();
        if let Some((at, environment)) = environment {
            return (file[..at].to_owned(), environment);
        }
        let folder = self.path.parent().and_then(Path::file_name);
        let folder = folder.map(|name| name.to_string_lossy().into_owned());
        (folder.unwrap_or_else(|| "other".into()), "")
    }
}

/// The environments of riscv-tests: physical, with timer, on several harts, virtual.
const ENVIRONMENTS: [&str; 4] = ["p", "pm", "pt", "v"];

/// A file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it is.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The test files, sorted by name.
    pub tests: Vec<TestFile>,
    /// Files in folders that are no RISC-V programs, sorted by path.
    pub skipped: Vec<Skipped>,
}

/// A path that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct FindError {
    path: PathBuf,
    error: io::Error,
}

/// Finds the tests in files and folders. A file that is named is a test, whatever is in it: if
/// it cannot be loaded, it fails. In folders, and folders in them, only RISC-V programs are
/// tests. Links to folders are not followed.
pub fn find(paths: &[PathBuf]) -> Result<Found, FindError> {
    let mut found = Found::default();
    for path in paths {
        let failed = |error| FindError {
            path: path.clone(),
            error,
        };
        if fs::metadata(path).map_err(failed)?.is_dir() {
            folder(path, path, &mut found)?;
        } else {
            let name = path.file_name().unwrap_or(path.as_os_str());
            found.tests.push(TestFile {
                name: name.to_string_lossy().into_owned(),
                path: path.clone(),
            });
        }
    }
    found
        .tests
        .sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    // The same file may be named twice, or lie in a folder that is named too.
    found.tests.dedup();
    found.skipped.sort_by(|a, b| a.path.cmp(&b.path));
    found.skipped.dedup();
    Ok(found)
}

fn folder(root: &Path, path: &Path, found: &mut Found) -> Result<(), FindError> {
    let failed = |path: &Path, error| FindError {
        path: path.to_owned(),
        error,
    };
    for entry in fs::read_dir(path).map_err(|error| failed(path, error))? {
        let entry = entry.map_err(|error| failed(path, error))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|error| failed(&path, error))?;
        if kind.is_dir() {
            folder(root, &path, found)?;
            continue;
        }
        let why = match probe(&path) {
            // A file that is cut short is a test that was not built whole: it must fail, not vanish.
            Ok(Probe::RiscvExecutable | Probe::OtherElf(Reason::TruncatedHeader { .. })) => {
                let name = path.strip_prefix(root).unwrap_or(&path);
                found.tests.push(TestFile {
                    name: name.to_string_lossy().into_owned(),
                    path,
                });
                continue;
            }
            Ok(Probe::NotElf) => "not an ELF file".into(),
            Ok(Probe::OtherElf(reason)) => reason.to_string(),
            Err(error) => error.to_string(),
        };
        found.skipped.push(Skipped { path, why });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(path: &str) -> (String, String) {
        let test = TestFile {
            name: path.rsplit('/').next().unwrap().into(),
            path: path.into(),
        };
        let (suite, environment) = test.suite();
        (suite, environment.into())
    }

    #[test]
    fn the_suite_is_what_stands_before_the_environment() {
        assert_eq!(suite("x/rv64ui-p-add"), ("rv64ui".into(), "p".into()));
        assert_eq!(suite("x/rv64uf-v-fadd"), ("rv64uf".into(), "v".into()));
        assert_eq!(
            suite("x/hypervisor-svadu-p-a-v-b"),
            ("hypervisor-svadu".into(), "p".into())
        );
        assert_eq!(suite("x/rv64ui-pm-lrsc"), ("rv64ui".into(), "pm".into()));
        assert_eq!(
            suite("benchmarks/median.riscv"),
            ("benchmarks".into(), String::new())
        );
        assert_eq!(suite("median"), ("other".into(), String::new()));
    }
}
