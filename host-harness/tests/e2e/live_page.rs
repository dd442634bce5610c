//! The watcher's page in a real browser: it goes on by itself, closes nothing that somebody reads, and says so where no newer
//! data comes.

use std::time::{Duration, Instant};

use serde_json::json;
use signature_continuity::baseline::Format;

use super::api_server::own_api_server;
use super::browser::Browser;
use super::cluster_lab::keep;
use super::lab::{Lab, signer_by_identity};
use super::replica::{Watcher, deployment, run_pod};

/// The page looks for newer data every ten seconds.
const PATIENCE: Duration = Duration::from_secs(60);

fn eventually(browser: &mut Browser, what: &str, expression: &str) {
    let until = Instant::now() + PATIENCE;
    while browser.value(expression) != true {
        let shown = browser.value("document.body.innerText");
        assert!(Instant::now() < until, "{what}: {shown}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_page_that_is_open_shows_what_changed() {
    let (lab, server) = (Lab::start(), own_api_server());
    server.create_namespace("prod");
    let known = lab.baseline("acme/api", signer_by_identity(), vec![Format::Cosign2]);
    keep(server, &known);
    let v1 = lab.release("acme/api", "v1");
    run_pod(server, "prod", "api", &lab.image("acme/api", "v1"), &v1);
    let mut watcher = Watcher::start(&lab, server, "w1", &["--every", "1h"]);
    watcher.wait_until_ready();
    let url = format!("http://127.0.0.1:{}/", watcher.port());
    let mut browser = Browser::start();
    browser.window(1280, "light");
    let rows = |number: usize| format!("document.querySelectorAll('tr.image').length === {number}");
    let until = Instant::now() + PATIENCE;
    loop {
        browser.load_url(&url);
        if browser.value(&rows(1)) == json!(true) {
            break;
        }
        assert!(Instant::now() < until, "{}", watcher.log());
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(browser.texts("#live"), ["Live"]);
    browser.value("window.sameDocument = true");

    // A release that nobody signed: its row comes by itself, in the same document.
    let v2 = lab.push("acme/api", "v2");
    run_pod(server, "prod", "stolen", &lab.image("acme/api", "v2"), &v2);
    eventually(&mut browser, "the second image", &rows(2));
    assert_eq!(browser.value("window.sameDocument"), json!(true));
    let changes = browser.value("document.querySelector('#changes').textContent");
    let changes = changes.as_str().unwrap().to_owned();
    assert!(changes.contains("unsigned"), "{changes}");

    // Whoever reads the details of an image is told, and not interrupted.
    browser.click("tr.image .expand");
    let v3 = lab.release("acme/api", "v3");
    let image = lab.image("acme/api", &v3);
    server.apply(&deployment("prod", "next", &image).to_string());
    eventually(
        &mut browser,
        "newer data",
        "!document.querySelector('#newer').hidden",
    );
    assert_eq!(browser.value(&rows(2)), json!(true));
    pictures(&mut browser);
    browser.click("#newer");
    eventually(&mut browser, "the third image", &rows(3));
    assert_eq!(
        browser.value("document.querySelector('#newer').hidden"),
        json!(true)
    );

    // Nobody answers any more: what is shown says as of when it is.
    watcher.kill();
    let gone = "document.querySelector('#live').textContent.startsWith('Not live')";
    eventually(&mut browser, "it is said", gone);
    assert_eq!(browser.value(&rows(3)), json!(true));
}

fn pictures(browser: &mut Browser) {
    let Some(directory) = std::env::var_os("SCREENSHOTS") else {
        return;
    };
    browser.value("document.querySelector('#changes').open = true");
    for scheme in ["light", "dark"] {
        browser.window(1280, scheme);
        let picture = browser.picture(1280, 1100);
        let path = std::path::Path::new(&directory).join(format!("live-{scheme}.png"));
        std::fs::write(path, picture).unwrap();
    }
    browser.window(1280, "light");
}
