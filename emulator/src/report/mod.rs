//! What people read: logs, explanations, figures.

pub mod commit_log;
