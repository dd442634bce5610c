//! What `/metrics` says of the watcher itself; the images are counted as the inventory counts them.
//!
//! Invariant: no label has a value that somebody else can name, and every series is there from the start.

use std::sync::atomic::{AtomicI64, AtomicU64};
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode_registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use signature_continuity::observe::Observation;
use signature_continuity::posture::Cause;

use super::board::PassSummary;

/// In seconds: a look asks a registry a few times.
const BUCKETS: [f64; 10] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// What a registry's failure to answer is counted under.
const CAUSES: [Cause; 4] = [Cause::Outage, Cause::Answer, Cause::Limit, Cause::TrustRoot];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCause {
    cause: &'static str,
}

/// The watcher's own figures.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    leader: Gauge,
    queue: Gauge,
    dropped: Gauge,
    looked: Counter,
    look_seconds: Histogram,
    failures: Counter,
    unanswered: Family<OfCause, Counter>,
    lost: Gauge,
    pass_success: Gauge<i64, AtomicI64>,
    pass_seconds: Gauge<f64, AtomicU64>,
    pass_failures: Counter,
    events: Counter,
    events_left_out: Counter,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("continuity");
        let metrics = Self {
            leader: Gauge::default(),
            queue: Gauge::default(),
            dropped: Gauge::default(),
            looked: Counter::default(),
            look_seconds: Histogram::new(BUCKETS),
            failures: Counter::default(),
            unanswered: Family::default(),
            lost: Gauge::default(),
            pass_success: Gauge::default(),
            pass_seconds: Gauge::default(),
            pass_failures: Counter::default(),
            events: Counter::default(),
            events_left_out: Counter::default(),
            registry: Registry::default(),
        };
        for cause in CAUSES {
            let _ = metrics.unanswered.get_or_create(&of(cause));
        }
        registry.register(
            "watch_leader",
            "Whether this replica leads: 1, or 0",
            metrics.leader.clone(),
        );
        registry.register(
            "watch_queue_length",
            "Images that wait to be looked at",
            metrics.queue.clone(),
        );
        registry.register(
            "watch_queue_dropped",
            "Images that found no room since the start and wait for the next full pass",
            metrics.dropped.clone(),
        );
        registry.register(
            "watch_images_looked_at",
            "Images that were looked at as objects named them",
            metrics.looked.clone(),
        );
        registry.register_with_unit(
            "watch_look_duration",
            "How long a look at images of one repository took",
            Unit::Seconds,
            metrics.look_seconds.clone(),
        );
        registry.register(
            "watch_failures",
            "What could not be learned or written",
            metrics.failures.clone(),
        );
        registry.register(
            "registry_errors",
            "Images of which nothing was found out, by cause, each time",
            metrics.unanswered.clone(),
        );
        registry.register(
            "lost_baselines",
            "Baselines that were there and are not any more, as of the last full pass",
            metrics.lost.clone(),
        );
        registry.register_with_unit(
            "watch_pass_last_success_timestamp",
            "When a full pass last came to its end without a failure; 0 before",
            Unit::Seconds,
            metrics.pass_success.clone(),
        );
        registry.register_with_unit(
            "watch_pass_duration",
            "How long the last full pass took",
            Unit::Seconds,
            metrics.pass_seconds.clone(),
        );
        registry.register(
            "watch_pass_failures",
            "Full passes that failed, or in which something did",
            metrics.pass_failures.clone(),
        );
        registry.register(
            "watch_events",
            "Kubernetes Events that were written about drift",
            metrics.events.clone(),
        );
        registry.register(
            "watch_events_left_out",
            "Events about drift that found no room, or no workload, and are told after the next full pass",
            metrics.events_left_out.clone(),
        );
        Self {
            registry,
            ..metrics
        }
    }

    pub(super) fn looked(&self, images: usize, took: Duration) {
        self.looked
            .inc_by(u64::try_from(images).unwrap_or(u64::MAX));
        self.look_seconds.observe(took.as_secs_f64());
    }

    pub(super) fn failed(&self) {
        self.failures.inc();
    }

    /// What was found out about one image, or why nothing was.
    pub(super) fn answered(&self, observation: &Observation) {
        if let Some((cause, _)) = observation.unknown
            && CAUSES.contains(&cause)
        {
            self.unanswered.get_or_create(&of(cause)).inc();
        }
    }

    pub(super) fn pass_failed(&self) {
        self.pass_failures.inc();
    }

    pub(super) fn passed(&self, pass: &PassSummary, ended_well: bool) {
        self.lost.set(i64::try_from(pass.lost).unwrap_or(i64::MAX));
        self.pass_seconds.set(pass.seconds);
        if ended_well {
            self.pass_success.set(pass.ended.timestamp());
        } else {
            self.pass_failures.inc();
        }
    }

    pub(super) fn announced(&self, events: u64, left_out: u64) {
        self.events.inc_by(events);
        self.events_left_out.inc_by(left_out);
    }

    /// As text, with what is counted elsewhere.
    pub(super) fn text(&self, leads: bool, (queue, dropped): (usize, u64)) -> String {
        self.leader.set(i64::from(leads));
        self.queue.set(i64::try_from(queue).unwrap_or(i64::MAX));
        self.dropped.set(i64::try_from(dropped).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode_registry(&mut text, &self.registry);
        text
    }
}

fn of(cause: Cause) -> OfCause {
    OfCause {
        cause: cause.as_str(),
    }
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
