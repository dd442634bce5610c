//! How long anything is asked: one image, and all of a run.

use std::time::{Duration, Instant};

use continuity_registry::RequestLimits;
use continuity_testkit::Fault;
use signature_continuity::host_error::Outage;
use signature_continuity::posture::{Cause, Posture};

use super::*;

#[test]
fn waiting_for_its_turn_at_a_busy_registry_is_not_an_images_own_time() {
    let lab = Lab::with(RequestLimits {
        at_once: 1,
        image: Duration::from_millis(1500),
        ..limits()
    });
    lab.registry
        .fault_everywhere(Fault::Hang(Duration::from_millis(60)));
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| assert_eq!(lab.see(&[]).observation.posture, Posture::Unsigned));
        }
    });
    // Or nobody waited for longer than he may take himself.
    assert!(began.elapsed() > Duration::from_millis(2000));
}

#[test]
fn when_the_time_of_the_run_is_over_nothing_is_asked() {
    let lab = Lab::with(RequestLimits {
        at_once: 1,
        run: Some(Duration::from_millis(700)),
        ..limits()
    });
    assert_eq!(lab.see(&[]).observation.posture, Posture::Unsigned);
    lab.registry
        .fault_everywhere(Fault::Hang(Duration::from_secs(60)));
    let unreachable = Some((Cause::Outage, Some(Outage::Unreachable)));
    let began = Instant::now();
    // Those that wait for their turn end with it, too.
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(lab.see(&[]).observation.unknown, unreachable));
        }
    });
    assert!(began.elapsed() < Duration::from_secs(4));
    lab.registry.forget_requests();
    lab.registry.clear_faults();
    assert_eq!(lab.see(&[]).observation.unknown, unreachable);
    assert!(lab.registry.requests().is_empty());
}
