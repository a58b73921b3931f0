//! What the README shows is what the program prints.

use crate::cli::{done, pagewalk};
use std::path::Path;

/// The blocks of the README that begin with a command, each as the command and what follows it.
fn examples(text: &str) -> Vec<(&str, &str)> {
    text.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.trim_start().strip_prefix("$ pagewalk "))
        .filter_map(|block| block.split_once('\n'))
        .collect()
}

#[test]
fn the_examples_are_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let examples = examples(&text);
    assert!(examples.len() >= 4, "{}", examples.len());
    for (command, shown) in examples {
        let done = done(
            pagewalk()
                .args(command.split_whitespace())
                .current_dir(&root),
        );
        // What the guest prints goes the other way, or is not shown.
        let said = [&done.out, &done.err].map(|text| text.starts_with(shown.trim_end()));
        assert!(
            said.contains(&true),
            "pagewalk {command} prints\n{}{}\nand not\n{shown}",
            done.out,
            done.err
        );
    }
}
