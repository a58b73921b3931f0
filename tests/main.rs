//! Integration tests: one binary, one file per topic.

mod loader;
mod support;
