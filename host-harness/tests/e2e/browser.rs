//! A headless Chromium, driven over the DevTools protocol on a pipe: no port, and nothing to wait for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const STARTS: usize = 3;

/// One browser with one page.
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    /// What the browser told without being asked.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// With an empty page. Chromium itself crashes on some starts, before it was given anything to do: then once more.
    pub fn start() -> Self {
        (0..STARTS)
            .find_map(|_| Self::start_once())
            .unwrap_or_else(|| panic!("the browser ended at each of {STARTS} starts"))
    }

    /// Nothing if the browser ended at once.
    fn start_once() -> Option<Self> {
        let program = std::env::var("CHROMIUM").expect("make e2e sets CHROMIUM");
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads commands from descriptor 3 and writes answers to 4.
        let mut process = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null",
                &program,
            ])
            .args([
                "--no-sandbox",
                "--remote-debugging-pipe",
                "--no-first-run",
                "--hide-scrollbars",
            ])
            .args(["--disable-background-networking", "--disable-gpu"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            to: process.stdin.take().unwrap(),
            from: BufReader::new(process.stdout.take().unwrap()),
            process,
            session: None,
            calls: 0,
            events: Vec::new(),
            _profile: profile,
        };
        let page = json!({"url": "about:blank"});
        let target = browser.call_if_running("Target.createTarget", page)?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Calls a method and returns its result.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.call_if_running(method, parameters)
            .expect("the browser ended")
    }

    fn call_if_running(&mut self, method: &str, parameters: Value) -> Option<Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let line = [message.to_string().as_bytes(), &[0]].concat();
        self.to.write_all(&line).ok()?;
        loop {
            let message = self.read()?;
            if message["id"] == json!(id) {
                assert!(message["error"].is_null(), "{method}: {message}");
                return Some(message["result"].clone());
            }
            self.events.push(message);
        }
    }

    /// The next message; nothing if the browser ended.
    fn read(&mut self) -> Option<Value> {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        (message.pop() == Some(0)).then(|| serde_json::from_slice(&message).unwrap())
    }

    /// Opens a file and waits until its scripts have had their turn.
    pub fn open(&mut self, path: &Path) {
        self.load(path);
        // Handlers of errors and timers too.
        self.value("new Promise((done) => setTimeout(() => requestAnimationFrame(() => done(1))))");
    }

    /// Opens a file and waits until it is loaded.
    pub fn load(&mut self, path: &Path) {
        self.load_url(&format!("file://{}", path.display()));
    }

    /// Opens an address and waits until it is loaded.
    pub fn load_url(&mut self, url: &str) {
        self.events.clear();
        self.call("Page.navigate", json!({"url": url}));
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.read().expect("the browser ended");
            self.events.push(event);
        }
    }

    /// Such events as `Network.requestWillBeSent`, since the page was opened.
    pub fn events(&self, method: &str) -> Vec<&Value> {
        let of = |event: &&Value| event["method"] == method;
        self.events
            .iter()
            .filter(of)
            .map(|event| &event["params"])
            .collect()
    }

    /// What a script's expression is; promises are waited for.
    pub fn value(&mut self, expression: &str) -> Value {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", parameters);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// The texts of all elements that a selector names, as they are shown.
    pub fn texts(&mut self, selector: &str) -> Vec<String> {
        let all = format!(
            "[...document.querySelectorAll({})].map((e) => e.innerText)",
            json!(selector)
        );
        serde_json::from_value(self.value(&all)).unwrap()
    }

    /// Clicks on the middle of an element, as a mouse does.
    pub fn click(&mut self, selector: &str) {
        let place = format!(
            "(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: 'center'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
            json!(selector)
        );
        let place = self.value(&place);
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Presses a key on whatever has the focus.
    pub fn press(&mut self, key: &str) {
        let text = if key == "Enter" { "\r" } else { key };
        for (kind, text) in [("keyDown", text), ("keyUp", "")] {
            let code = if key == "Enter" { 13 } else { 32 };
            let event =
                json!({"type": kind, "key": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types a text into a field.
    pub fn type_into(&mut self, selector: &str, text: &str) {
        self.value(&format!(
            "document.querySelector({}).focus()",
            json!(selector)
        ));
        self.call("Input.insertText", json!({"text": text}));
    }

    /// Chooses an option, as a person does with a list.
    pub fn choose(&mut self, selector: &str, value: &str) {
        self.value(&format!(
            "(() => {{ const e = document.querySelector({}); e.value = {}; \
             e.dispatchEvent(new Event('input', {{bubbles: true}})); }})()",
            json!(selector),
            json!(value)
        ));
    }

    /// The size of the window, in light or dark.
    pub fn window(&mut self, width: u32, scheme: &str) {
        let metrics =
            json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        let scheme = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", scheme);
    }

    /// A picture of the page, as high as this.
    pub fn picture(&mut self, width: u32, height: u32) -> Vec<u8> {
        let clip = json!({"x": 0, "y": 0, "width": width, "height": height, "scale": 1});
        let picture = json!({"format": "png", "clip": clip, "captureBeyondViewport": true});
        let picture = self.call("Page.captureScreenshot", picture);
        STANDARD.decode(picture["data"].as_str().unwrap()).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
