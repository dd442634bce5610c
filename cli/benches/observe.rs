//! How many images per second are observed, beside a loop of `cosign verify` over the same images in the same run.
//!
//! `make bench-observe` sets up what this needs. It prints and asserts nothing about time: machines differ, ratios of one
//! run are what can be compared. That both sides verified every image is checked.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    unreachable_pub,
    dead_code,
    reason = "a benchmark"
)]

#[path = "../../host-harness/tests/e2e"]
mod e2e {
    pub mod cosign;
    pub mod lab;
    pub mod registry;
}

use std::process::Command;
use std::time::{Duration, Instant};

use e2e::cosign::Cosign;
use e2e::lab::Lab;
use serde_json::{Value, json};

const IMAGES: usize = 200;

fn main() {
    let lab = Lab::start();
    let cosign = Cosign::two();
    let images: Vec<String> = (0..IMAGES)
        .map(|n| {
            let repository = format!("acme/app-{n}");
            let digest = lab.push(&repository, "v1");
            let image = lab.image(&repository, &digest);
            cosign.sign_with_key(&image);
            image
        })
        .collect();
    println!("{IMAGES} images, signed by cosign 2 with a key, in a registry on this machine\n");

    let loop_of_cosign = timed(|| {
        for image in &images {
            cosign.verify_with_key(image);
        }
    });
    report("a loop of cosign verify", loop_of_cosign, loop_of_cosign);

    let list = lab.write("images.txt", &images.join("\n"));
    let settings = lab.write(
        "pinned.json",
        &json!({
            "certificateAuthorities": [lab.sigstore.chain_pem()],
            "pins": [{"repositories": ["**"], "anyOf": [{"publicKey": cosign.public_key()}]}],
        })
        .to_string(),
    );
    for concurrency in ["1", "4", "8"] {
        let mut answer = String::new();
        let time = timed(|| {
            let output = Command::new(env!("CARGO_BIN_EXE_continuity"))
                .args(["inventory", "--output", "json", "--exit-zero"])
                .arg("--images")
                .arg(&list)
                .arg("--policy")
                .arg(&settings)
                .arg("--sources-path")
                .arg(lab.path("sources.yaml"))
                .arg("--sigstore-trust-config")
                .arg(lab.path("trust.json"))
                .args([
                    "--concurrency",
                    concurrency,
                    "--registry-concurrency",
                    concurrency,
                ])
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            answer = String::from_utf8(output.stdout).unwrap();
        });
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let signed = answer["images"].as_array().unwrap().iter();
        let signed = signed.filter(|image| image["posture"] == "signed").count();
        assert_eq!(signed, IMAGES, "not every image was proven");
        report(
            &format!("continuity inventory --concurrency {concurrency}"),
            time,
            loop_of_cosign,
        );
    }
}

fn timed(run: impl FnOnce()) -> Duration {
    let started = Instant::now();
    run();
    started.elapsed()
}

fn report(what: &str, time: Duration, beside: Duration) {
    let images = u32::try_from(IMAGES).unwrap();
    println!(
        "{what:<42} {:>7.1} images/s  {:>6.1} s  x{:.1}",
        f64::from(images) / time.as_secs_f64(),
        time.as_secs_f64(),
        beside.as_secs_f64() / time.as_secs_f64()
    );
}
