//! Runs tests side by side.

use super::{TestConfig, TestFile, TestResult, run_test};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Runs tests on `jobs` threads. `finished` is called on this thread as each test ends. With `fail_fast` no test is begun after one has failed. Tests that
/// [`TestConfig::stop`] interrupts have no result. The results come back in
/// the order of `tests`, without those that were not begun.
pub fn run_all(
    tests: &[TestFile],
    config: &TestConfig,
    jobs: usize,
    fail_fast: bool,
    mut finished: impl FnMut(&TestResult),
) -> Vec<TestResult> {
    let next = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let mut results: Vec<(usize, TestResult)> = Vec::with_capacity(tests.len());
    let work = |sender: &mut dyn FnMut(usize, TestResult)| {
        let interrupted =
            || (config.stop).is_some_and(|interrupted| interrupted.load(Ordering::Relaxed));
        while !stop.load(Ordering::Relaxed) && !interrupted() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(index) else {
                return;
            };
            let result = run_test(test, config);
            if interrupted() && !result.outcome.passed() {
                return;
            }
            if fail_fast && !result.outcome.passed() {
                stop.store(true, Ordering::Relaxed);
            }
            sender(index, result);
        }
    };
    let mut finish = |index, result| {
        finished(&result);
        results.push((index, result));
    };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for _ in 0..jobs.clamp(1, tests.len().max(1)) {
            let sender = sender.clone();
            let work = &work;
            let thread = move || {
                work(&mut |index, result| {
                    // The other end lives until every thread is done.
                    let _ = sender.send((index, result));
                });
            };
            // A host that has no more threads to give: the ones there are do the work.
            if thread::Builder::new().spawn_scoped(scope, thread).is_err() {
                break;
            }
        }
        drop(sender);
        for (index, result) in receiver {
            finish(index, result);
        }
    });
    // Nothing is left to do here unless not a single thread could be made.
    work(&mut finish);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}
