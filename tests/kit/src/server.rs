//! A registry in miniature: it says what it was told to say, over plain HTTP.

#![allow(
    clippy::unwrap_used,
    reason = "it is for tests: what it cannot do is a failed test"
)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without headers.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// An error in the envelope that registries use.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let body =
            serde_json::json!({"errors": [{"code": code, "message": message, "detail": {}}]});
        Self::new(status, body.to_string()).header("content-type", "application/json")
    }

    /// A manifest, with its digest.
    pub fn manifest(media_type: &str, body: &str) -> Self {
        use sha2::Digest as _;
        let digest = format!("sha256:{}", hex::encode(sha2::Sha256::digest(body)));
        Self::new(200, body)
            .header("content-type", media_type)
            .header("docker-content-digest", &digest)
    }

    /// With one more header.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Serves until the test ends.
#[derive(Clone)]
pub struct Server {
    address: String,
    answers: Arc<Mutex<BTreeMap<String, Answer>>>,
    to_logged_in: Arc<Mutex<BTreeMap<String, Answer>>>,
    requests: Arc<Mutex<Vec<String>>>,
    authorizations: Arc<Mutex<Vec<String>>>,
    bodies: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// A server that knows no path yet.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            address: listener.local_addr().unwrap().to_string(),
            answers: Arc::default(),
            to_logged_in: Arc::default(),
            requests: Arc::default(),
            authorizations: Arc::default(),
            bodies: Arc::default(),
        };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = serving.clone();
                std::thread::spawn(move || server.serve(&stream));
            }
        });
        server
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// `/v2/` is there from the start; everything else is what this says.
    pub fn on(&self, path: &str, answer: Answer) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    /// What it says to requests with an authorization.
    pub fn on_login(&self, path: &str, answer: Answer) {
        self.to_logged_in
            .lock()
            .unwrap()
            .insert(path.to_owned(), answer);
    }

    /// The authorizations that came so far.
    pub fn authorizations(&self) -> Vec<String> {
        self.authorizations.lock().unwrap().clone()
    }

    /// What was sent along with requests so far.
    pub fn bodies(&self) -> Vec<String> {
        self.bodies.lock().unwrap().clone()
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What was asked for over HTTP so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn serve(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        // A TLS handshake begins with this byte; whoever tries that finds nobody who speaks it.
        if reader.fill_buf().ok()?.first() == Some(&0x16) {
            return None;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let mut words = line.split_whitespace();
            let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
            let mut logged_in = false;
            let mut length = 0;
            loop {
                let mut header = String::new();
                reader.read_line(&mut header).ok()?;
                if let Some(value) = header.strip_prefix("content-length: ") {
                    length = value.trim().parse().ok()?;
                }
                if let Some(value) = header.strip_prefix("authorization: ") {
                    logged_in = true;
                    let value = value.trim().to_owned();
                    self.authorizations.lock().unwrap().push(value);
                }
                if header.trim().is_empty() {
                    break;
                }
            }
            // What is sent along is read, so that the next request is found behind it.
            let mut body = String::new();
            reader
                .by_ref()
                .take(length)
                .read_to_string(&mut body)
                .ok()?;
            if !body.is_empty() {
                self.bodies.lock().unwrap().push(body);
            }
            self.requests
                .lock()
                .unwrap()
                .push(format!("{method} {path}"));
            let to_login = self.to_logged_in.lock().unwrap().get(&path).cloned();
            let answer = self.answers.lock().unwrap().get(&path).cloned();
            let answer = to_login.filter(|_| logged_in).or(answer);
            let answer = answer.unwrap_or_else(|| match path.as_str() {
                "/v2/" => Answer::new(200, "{}"),
                _ => Answer::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
            });
            let mut stream = stream;
            let reason = if answer.status == 404 {
                "Not Found"
            } else {
                "Answer"
            };
            let length = answer.body.len();
            let mut head = format!(
                "HTTP/1.1 {} {reason}\r\ncontent-length: {length}\r\n",
                answer.status
            );
            for (name, value) in &answer.headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
            if method != "HEAD" {
                stream.write_all(&answer.body).ok()?;
            }
            stream.flush().ok()?;
        }
    }
}
