//! Tests of the walk against tables built by hand and against a second implementation.

mod manual;
mod scenarios;
mod space;
mod tables;
mod tlb;
mod tlb_levels;
mod tlb_spec;
