//! A server that is started, called and stopped.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use continuity_registry::runtime;
use reqwest::{Certificate, Client, ClientBuilder};
use serde_json::{Value, json};

use crate::cli::{command, workbench};

/// A directory with a policy and this `policies.yml`.
pub fn bench(policies: &str) -> tempfile::TempDir {
    let directory = workbench();
    std::fs::write(directory.path().join("policies.yml"), policies).unwrap();
    directory
}

/// What an API server asks when a pod is created.
pub fn request(namespace: &str) -> Value {
    json!({
        "uid": "705ab4f5",
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
        "requestResource": {"group": "", "version": "v1", "resource": "pods"},
        "name": "api", "namespace": namespace, "operation": "CREATE",
        "userInfo": {"username": "ada", "groups": ["system:authenticated"]},
        "object": {
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "api", "namespace": namespace},
            "spec": {"containers": [{"name": "a", "image": "r/a:b"}]},
        },
        "oldObject": null, "dryRun": false,
        "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
    })
}

pub fn review(request: Value) -> Vec<u8> {
    let review =
        json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    review.to_string().into_bytes()
}

pub fn base64(text: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(text)
}

pub struct Server {
    child: Child,
    log: Mutex<Receiver<String>>,
    started: Vec<String>,
    host: &'static str,
    port: String,
    probe: String,
    authority: Certificate,
}

impl Server {
    /// With a certificate made on the spot.
    pub fn start(directory: &tempfile::TempDir, arguments: &str) -> Self {
        let arguments = format!("{arguments} --self-signed 127.0.0.1,localhost");
        Self::spawn(directory.path(), &arguments, None)
    }

    pub fn with_certificate(
        directory: &tempfile::TempDir,
        arguments: &str,
        authority: &str,
    ) -> Self {
        Self::spawn(directory.path(), arguments, Some(authority))
    }

    fn spawn(directory: &Path, arguments: &str, authority: Option<&str>) -> Self {
        let arguments = format!("serve {arguments} --port 0 --readiness-probe-port 0");
        let program = command(directory, &arguments);
        let mut program = std::process::Command::new(program.get_program());
        let mut child = program
            .current_dir(directory)
            .env_clear()
            .env("HOME", directory)
            .args(arguments.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (sender, log) = channel();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        let mut started: Vec<String> = Vec::new();
        let after = |line: &str, before: &str, end: char| {
            let (_, rest) = line.split_once(before)?;
            Some(rest.split(end).next().unwrap().to_owned())
        };
        let probe = loop {
            let line = log
                .recv_timeout(Duration::from_secs(60))
                .unwrap_or_else(|_| panic!("it did not start: {started:#?}"));
            started.push(line);
            if let Some(probe) = after(started.last().unwrap(), "ready: http://", '/') {
                break probe;
            }
        };
        let port = started
            .iter()
            .find_map(|line| after(line, "serving https://127.0.0.1:", '/'))
            .unwrap();
        let pem = authority.map_or_else(
            || {
                let mut pem = String::new();
                let mut stdout = BufReader::new(child.stdout.take().unwrap());
                while !pem.contains("END CERTIFICATE") {
                    assert_ne!(stdout.read_line(&mut pem).unwrap(), 0, "{pem}");
                }
                pem
            },
            str::to_owned,
        );
        Self {
            child,
            log: Mutex::new(log),
            started,
            host: if authority.is_some() {
                "localhost"
            } else {
                "127.0.0.1"
            },
            port,
            probe,
            authority: Certificate::from_pem(pem.as_bytes()).unwrap(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("https://{}:{}{path}", self.host, self.port)
    }

    /// Trusts the authority, and nobody else.
    pub fn client(&self) -> Client {
        ClientBuilder::new()
            .tls_certs_only([self.authority.clone()])
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap()
    }

    pub fn post(&self, path: &str, body: &[u8]) -> (u16, Value) {
        self.send(path, Some("application/json"), body.to_vec())
    }

    pub fn send(&self, path: &str, content_type: Option<&str>, body: Vec<u8>) -> (u16, Value) {
        let mut request = self.client().post(self.url(path)).body(body);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        runtime::wait(async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json().await.unwrap())
        })
        .unwrap()
    }

    pub fn probe(&self, path: &str) -> u16 {
        let url = format!("http://{}{path}", self.probe);
        runtime::wait(async move { reqwest::get(url).await.unwrap().status().as_u16() }).unwrap()
    }

    /// As a cluster ends a pod.
    pub fn terminate(&self) {
        let ended = std::process::Command::new("kill")
            .args(["-TERM", &self.child.id().to_string()])
            .status()
            .unwrap();
        assert!(ended.success());
    }

    /// Ends it, and returns all that it said on standard error.
    pub fn stop(mut self) -> Vec<String> {
        if self.child.try_wait().unwrap().is_none() {
            self.terminate();
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        if let Some(stdout) = &mut self.child.stdout {
            let mut rest = String::new();
            stdout.read_to_string(&mut rest).unwrap();
        }
        let mut log = std::mem::take(&mut self.started);
        log.extend(self.log.lock().unwrap().iter());
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
