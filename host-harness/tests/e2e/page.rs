//! The inventory's page in a real browser: what is shown after a click, that hostile names are harmless, and how it
//! looks.

use std::path::PathBuf;

use continuity_cli::inventory::{Inventory, page, sample};
use serde_json::json;

use super::browser::Browser;

struct Opened {
    browser: Browser,
    directory: tempfile::TempDir,
}

fn opened(inventory: &Inventory) -> Opened {
    opened_text(&page::page(inventory).unwrap())
}

fn opened_text(text: &str) -> Opened {
    let mut opened = Opened {
        browser: Browser::start(),
        directory: tempfile::tempdir().unwrap(),
    };
    let path = opened.path();
    std::fs::write(&path, text).unwrap();
    opened.browser.window(1280, "light");
    opened.browser.open(&path);
    opened
}

impl Opened {
    fn path(&self) -> PathBuf {
        self.directory.path().join("inventory.html")
    }

    /// The repositories and tags of the rows that are shown, in order.
    fn images(&mut self) -> Vec<String> {
        let names = self.browser.texts("tr.image .name");
        let short = |name: String| name.split('@').next().unwrap_or_default().to_owned();
        names.into_iter().map(short).collect()
    }

    /// A form's reset takes effect after its event.
    fn clear(&mut self) {
        self.browser.click("#clear");
        self.browser
            .value("new Promise((done) => setTimeout(done))");
    }

    /// Nothing ran that is not ours: the title is as it was, no element came in, and nobody was asked for anything.
    fn assert_nothing_ran(&mut self) {
        assert_eq!(
            self.browser.value("document.title"),
            json!("Image signatures")
        );
        let asked: Vec<String> = self
            .browser
            .events("Network.requestWillBeSent")
            .iter()
            .filter_map(|event| event["request"]["url"].as_str())
            .filter(|url| *url != format!("file://{}", self.path().display()))
            .map(str::to_owned)
            .collect();
        assert!(asked.is_empty(), "{asked:?}");
        assert!(
            self.browser
                .events("Page.javascriptDialogOpening")
                .is_empty()
        );
        assert!(self.browser.events("Runtime.exceptionThrown").is_empty());
    }
}

#[test]
fn clicks_filter_and_sort() {
    let mut page = opened(&sample::inventory());
    let all = page.images();
    assert_eq!(all.len(), 9, "{all:?}");

    // By outcome, and back.
    page.browser.click(".tile.rejected");
    assert_eq!(
        page.images(),
        ["ghcr.io/acme/api:v1.9", "\"ghcr.io/Acme/UPPER:v1\""]
    );
    page.browser.click(".tile.rejected");
    assert_eq!(page.images(), all);

    // By words, in any order; by a signer's issuer, which is shown only in the details.
    page.browser.type_into("#text", "stage api");
    assert_eq!(page.images(), ["ghcr.io/acme/api:v1.9"]);
    assert_eq!(page.browser.texts("#shown"), ["1 of 9 images"]);
    page.clear();
    page.browser.type_into("#text", "accounts.google.com");
    assert_eq!(page.images(), ["ghcr.io/acme/api:v1.9"]);
    page.browser.type_into("#text", "nothing like that");
    assert_eq!(
        page.browser.texts("#none"),
        ["No image matches these filters."]
    );
    page.clear();
    assert_eq!(page.images(), all);

    // By drift, posture, namespace, and only what is rejected.
    page.browser.choose("#drift", "downgrade");
    assert_eq!(page.images().len(), 2);
    page.browser.choose("#drift", "");
    page.browser.choose("#posture", "unsigned");
    assert_eq!(page.images().len(), 3);
    page.browser.choose("#posture", "");
    page.browser.choose("#namespace", "/prod");
    assert_eq!(page.images().len(), 3);
    page.browser.click("#rejected");
    assert_eq!(page.images(), ["ghcr.io/acme/api:v1.9"]);
    page.clear();

    // Sorted by the mouse, and the other way by the keyboard.
    page.browser.click("th[data-sort=image] button");
    let mut by_name = page.images();
    let ascending = "document.querySelector('th[data-sort=image]').ariaSort";
    assert_eq!(page.browser.value(ascending), json!("ascending"));
    page.browser.press("Enter");
    assert_eq!(page.browser.value(ascending), json!("descending"));
    by_name.reverse();
    assert_eq!(page.images(), by_name);
    assert_eq!(
        page.browser
            .value("document.querySelectorAll('th[aria-sort]').length"),
        json!(1)
    );
}

#[test]
fn details_have_every_fact() {
    let mut page = opened(&sample::inventory());
    page.browser
        .value("document.querySelectorAll('.expand')[0].focus()");
    page.browser.press("Enter");
    let details = page.browser.texts("tr.more").concat();
    for fact in [
        "https://accounts.google.com",
        "dev@acme.example",
        "https://token.actions.githubusercontent.com",
        "https://github.com/acme/api/.github/workflows/release.yml@refs/tags/*",
        "2026-11-17 05:06:40 UTC",
        "signer:246ca62d35a55bb3d8f4f4c9e43151a972461d29a7befb3c18f4b5e6cdd01a75",
        "Deployment prod/worker",
        "Deployment stage/api",
        "continuity approve ghcr.io/acme/api@sha256:",
    ] {
        assert!(details.contains(fact), "{fact}: {details}");
    }
    page.browser.press("Enter");
    assert!(page.browser.texts("tr.more").is_empty());
}

#[test]
fn hostile_names_are_text() {
    let mut page = opened(&sample::hostile());
    page.browser
        .value("document.querySelectorAll('.expand').forEach((button) => button.click())");
    page.browser
        .value("document.querySelector('#notes').open = true");
    let shown = page.browser.texts("body").concat();
    assert!(
        shown.contains("</script><img src=x onerror=\"document.title='ran'\">"),
        "{shown}"
    );
    assert!(shown.contains("${document.title='ran'}"), "{shown}");
    assert!(shown.contains("abc?fdp.exe"), "{shown}");
    let elements = "document.querySelectorAll('img, svg, iframe, object, a, link, base, script:not([id]) ~ script').length";
    assert_eq!(page.browser.value(elements), json!(0));
    assert_eq!(page.browser.value("document.scripts.length"), json!(2));
    let attributes = "[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith('on') || a.name === 'style').length";
    assert_eq!(page.browser.value(attributes), json!(0));
    page.browser.type_into("#text", sample::HOSTILE[0]);
    page.assert_nothing_ran();
    assert!(overflow(&mut page.browser) <= 0);
}

/// Even markup that does get in runs nothing and asks nobody: the policy of the page's own head.
#[test]
fn markup_that_gets_in_runs_nothing() {
    let text = page::page(&sample::inventory()).unwrap();
    let evil = "<script>document.title='ran'</script><img src=http://127.0.0.1:9/x onerror=\"document.title='ran'\">\
        <style>@import 'http://127.0.0.1:9/y';</style><svg onload=\"document.title='ran'\"></svg>\
        <iframe srcdoc=\"<script>parent.document.title='ran'</script>\"></iframe>\
        <base href=http://127.0.0.1:9/><link rel=stylesheet href=http://127.0.0.1:9/z>";
    let (before, after) = text.split_once("<header>").unwrap();
    let mut page = opened_text(&format!("{before}{evil}<header>{after}"));
    assert_eq!(page.images().len(), 9);
    assert_eq!(
        page.browser.value("document.title"),
        json!("Image signatures")
    );
    let left = page
        .browser
        .events("Network.responseReceived")
        .into_iter()
        .filter(|event| {
            event["response"]["url"]
                .as_str()
                .is_some_and(|url| url.starts_with("http"))
        })
        .count();
    assert_eq!(left, 0);
    let refused = page.browser.events("Network.loadingFailed");
    assert!(
        refused.iter().all(|event| event["blockedReason"] == "csp"),
        "{refused:?}"
    );
    // The same text without the policy does run: this test can fail.
    let (head, rest) = text.split_once("<meta http-equiv").unwrap();
    let (_, rest) = rest.split_once('>').unwrap();
    let (before, after) = rest.split_once("<header>").unwrap();
    let mut page = opened_text(&format!("{head}{before}{evil}<header>{after}"));
    assert_eq!(page.browser.value("document.title"), json!("ran"));
}

#[test]
fn ten_thousand_images_are_read_in_chunks() {
    let mut page = opened(&sample::many(10_000));
    assert_eq!(page.browser.texts("#shown"), ["10000 images"]);
    let shown = page.images().len();
    assert!((200..2_000).contains(&shown), "{shown}");
    page.browser.click("#more");
    assert!(page.images().len() > shown);
    page.browser.type_into("#text", "workload-9999");
    assert_eq!(page.images().len(), 1);
}

#[test]
fn an_inventory_of_nothing_says_so() {
    let mut nothing = sample::inventory();
    nothing.entries.clear();
    let mut page = opened(&nothing);
    assert_eq!(page.browser.texts("#none"), ["Nothing was looked at."]);
    assert_eq!(page.browser.texts("#shown"), ["0 images"]);
}

#[test]
fn without_scripts_there_is_a_table() {
    let mut page = opened(&sample::hostile());
    page.browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({"value": true}),
    );
    let path = page.path();
    page.browser.load(&path);
    let tree = page.browser.call("DOM.getDocument", json!({"depth": -1}));
    let text = tree.to_string();
    assert!(
        text.contains("details of each image need JavaScript"),
        "{text}"
    );
    let root = tree["root"]["nodeId"].clone();
    let mut count = |selector: &str| {
        let found = page.browser.call(
            "DOM.querySelectorAll",
            json!({"nodeId": root, "selector": selector}),
        );
        found["nodeIds"].as_array().unwrap().len()
    };
    assert_eq!(
        count("table.plain tbody tr"),
        sample::hostile().entries.len()
    );
    assert_eq!(count("img, svg"), 0);
}

/// How many pixels the page is wider than its window.
fn overflow(browser: &mut Browser) -> i64 {
    browser
        .value("document.documentElement.scrollWidth - innerWidth")
        .as_i64()
        .unwrap()
}

/// At every size, in light and dark. `SCREENSHOTS` names a directory for the pictures.
#[test]
fn fits_every_window() {
    let pictures = std::env::var_os("SCREENSHOTS").map(PathBuf::from);
    let mut page = opened(&sample::inventory());
    page.browser
        .value("document.querySelectorAll('.expand')[0].click()");
    for width in [320, 390, 768, 1280, 1920] {
        for scheme in ["light", "dark"] {
            page.browser.window(width, scheme);
            assert!(overflow(&mut page.browser) <= 0, "{width}");
            if let Some(directory) = &pictures {
                let name = format!("inventory-{width}-{scheme}.png");
                std::fs::write(directory.join(name), page.browser.picture(width, 860)).unwrap();
            }
        }
    }
}
