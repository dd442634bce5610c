//! How far a long run is: a bar on standard error, while somebody is watching.
//!
//! Invariant: nothing is written where standard error is no terminal, and what is shown of a step is cleaned: registries
//! are named by whoever writes image references.

use super::terminal::can_draw;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use signature_continuity::clean::clean;
use std::fmt::Write;
use std::time::Duration;

const LONGEST_STEP: usize = 60;
const TEMPLATE: &str = "{bar:24} {pos}/{len}  {rate}  {eta} left  {msg}";

/// The progress of one run. Copies show the same bar; any thread may step.
#[derive(Debug, Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// On standard error, where that is a terminal.
    #[must_use]
    pub(crate) fn new() -> Self {
        if !can_draw() {
            return Self::hidden();
        }
        Self::on(ProgressDrawTarget::stderr())
    }

    /// Nowhere.
    #[must_use]
    pub(crate) fn hidden() -> Self {
        Self::on(ProgressDrawTarget::hidden())
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            let style = style.with_key("rate", |state: &ProgressState, to: &mut dyn Write| {
                // A writer to memory does not fail.
                let _ = to.write_str(&rate(state.per_sec()));
            });
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar }
    }

    /// Begins, with this many steps to go.
    pub(crate) fn start(&self, total: usize) {
        self.bar.reset();
        self.bar
            .set_length(u64::try_from(total).unwrap_or(u64::MAX));
        if !self.bar.is_hidden() {
            // So that a registry that hangs does not look like a program that does.
            self.bar.enable_steady_tick(Duration::from_millis(200));
        }
    }

    /// One more is done. `what` says how things stand: `ghcr.io: waiting 12 s (rate limit)`.
    pub(crate) fn step(&self, what: &str) {
        self.bar.set_message(clean(what, LONGEST_STEP));
        self.bar.inc(1);
    }

    /// Ends, and takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// `0.4/s`, `12/s`: nobody reads decimals of a thousand.
fn rate(per_second: f64) -> String {
    if per_second < 10.0 {
        format!("{per_second:.1}/s")
    } else {
        format!("{per_second:.0}/s")
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    #[test]
    fn shows_how_far_it_is_and_nothing_afterwards() {
        let terminal = InMemoryTerm::new(5, 100);
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(terminal.clone()), 255);
        let progress = Progress::on(target);
        progress.start(2);
        progress.step("ghcr.io: \u{1b}[2Jwaiting");
        // Drawing is limited to so many times a second, but for the last time.
        progress.bar.abandon();
        let shown = terminal.contents();
        assert!(
            shown.contains("1/2") && shown.contains("ghcr.io: ?[2Jwaiting"),
            "{shown}"
        );
        progress.finish();
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn a_rate_is_a_number_that_can_be_read() {
        assert_eq!(rate(0.44), "0.4/s");
        assert_eq!(rate(1398.5629), "1399/s");
    }

    #[test]
    fn counts_without_being_seen() {
        let progress = Progress::hidden();
        progress.start(3);
        progress.clone().step("a");
        progress.step("b");
        assert_eq!(progress.bar.position(), 2);
        progress.finish();
    }
}
