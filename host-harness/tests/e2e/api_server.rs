//! A real API server with etcd, on the loopback: accounts by token, permissions by RBAC. One for the whole test program.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use continuity_cli::kubernetes::Cluster;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, ObjectMeta, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::discovery::Scope;
use kube::{Api, Client, Config, Discovery};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::manifests;

/// Where the roles of `deploy/` are as they are published.
pub const NAMESPACE: &str = "signature-continuity";

/// Accounts, by the names of their contexts, and their groups. Those of `deploy/base/roles.yaml` are named there.
const ACCOUNTS: [(&str, &str, &str); 5] = [
    ("admin", "admin", "system:masters"),
    (
        "learner",
        "system:serviceaccount:signature-continuity:continuity-learner",
        "system:serviceaccounts",
    ),
    (
        "policy-server",
        "system:serviceaccount:kubewarden:continuity-policy-server",
        "system:serviceaccounts",
    ),
    ("approver", "ada@acme.example", "platform-admins"),
    ("nobody", "nobody@acme.example", "others"),
];

/// `$0` is the directory, the rest the process.
const GUARD: &str = r#""$@" <&- & read -r _; kill -KILL $!; wait; rm -rf "$0""#;

static API_SERVER: LazyLock<ApiServer> = LazyLock::new(ApiServer::start);

pub struct ApiServer {
    /// Removed when the processes end: what is static is never dropped.
    directory: PathBuf,
    runtime: tokio::runtime::Runtime,
    port: u16,
    _processes: [Child; 2],
}

/// The one of this program, started when it is first asked for.
pub fn api_server() -> &'static ApiServer {
    &API_SERVER
}

/// One that nobody else uses, for a test that looks at all that runs.
pub fn own_api_server() -> &'static ApiServer {
    Box::leak(Box::new(ApiServer::start()))
}

impl ApiServer {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap().keep();
        let path = directory.as_path();
        let [client, peer, port] = free_ports();
        let (client, peer) = (
            format!("http://127.0.0.1:{client}"),
            format!("http://127.0.0.1:{peer}"),
        );
        let etcd = spawn(
            path,
            "ETCD_BIN",
            "etcd",
            &[
                ("data-dir", &path.join("etcd").display().to_string()),
                ("listen-client-urls", &client),
                ("advertise-client-urls", &client),
                ("listen-peer-urls", &peer),
                ("initial-advertise-peer-urls", &peer),
                ("initial-cluster", &format!("default={peer}")),
                ("unsafe-no-fsync", "true"),
            ],
        );
        let tokens: String = ACCOUNTS
            .iter()
            .map(|(name, user, groups)| format!("{name}-token,{user},{name},\"{groups}\"\n"))
            .collect();
        std::fs::write(path.join("tokens.csv"), tokens).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        std::fs::write(path.join("accounts.key"), key.serialize_pem()).unwrap();
        std::fs::write(path.join("accounts.pub"), key.public_key_pem()).unwrap();
        let file = |name: &str| path.join(name).display().to_string();
        let server = spawn(
            path,
            "KUBE_APISERVER_BIN",
            "kube-apiserver",
            &[
                ("etcd-servers", &client),
                ("bind-address", "127.0.0.1"),
                ("secure-port", &port.to_string()),
                // It makes a certificate for itself there.
                ("cert-dir", &file("certificates")),
                ("token-auth-file", &file("tokens.csv")),
                ("authorization-mode", "RBAC"),
                ("service-account-issuer", "https://kubernetes.default.svc"),
                ("service-account-signing-key-file", &file("accounts.key")),
                ("service-account-key-file", &file("accounts.pub")),
                ("service-cluster-ip-range", "10.0.0.0/24"),
                ("endpoint-reconciler-type", "none"),
                // Pods are made here without the accounts that a controller would make.
                ("disable-admission-plugins", "ServiceAccount"),
            ],
        );
        let server = Self {
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap(),
            directory,
            port,
            _processes: [etcd, server],
        };
        server.write_kubeconfig();
        server.wait_until_ready();
        server.create_namespace(NAMESPACE);
        for role in roles() {
            server.apply(&role.to_string());
        }
        server
    }

    /// The controllers that make ReplicaSets of Deployments, and pods of those; they end with this process.
    pub fn start_controllers(&self) {
        let directory = tempfile::tempdir().unwrap().keep();
        let [port] = free_ports();
        let kubeconfig = self.kubeconfig().display().to_string();
        let child = spawn(
            &directory,
            "KUBE_CONTROLLER_MANAGER_BIN",
            "kube-controller-manager",
            &[
                ("kubeconfig", &kubeconfig),
                ("controllers", "deployment,replicaset"),
                ("leader-elect", "false"),
                ("bind-address", "127.0.0.1"),
                ("secure-port", &port.to_string()),
                ("port", "0"),
                (
                    "cert-dir",
                    &directory.join("certificates").display().to_string(),
                ),
            ],
        );
        // It ends with the pipe to it, which is closed with this process.
        std::mem::forget(child);
    }

    pub fn kubeconfig(&self) -> PathBuf {
        self.directory.join("kubeconfig")
    }

    /// The cluster, as one of the accounts sees it.
    pub fn cluster(&self, account: &str) -> Cluster {
        Cluster::by_kubeconfig(&self.kubeconfig(), Some(account)).unwrap()
    }

    /// For what the program itself does not do: without its rules, without its limits.
    pub fn client(&self, account: &str) -> Client {
        let kubeconfig = Kubeconfig::read_from(self.kubeconfig()).unwrap();
        let options = KubeConfigOptions {
            context: Some(account.to_owned()),
            ..KubeConfigOptions::default()
        };
        self.wait(async {
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            Client::try_from(config.unwrap()).unwrap()
        })
    }

    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub fn create_namespace(&self, name: &str) {
        let namespace = Namespace {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                // By which webhooks select; API servers since 1.21 put it there by themselves.
                labels: Some([("kubernetes.io/metadata.name".to_owned(), name.to_owned())].into()),
                ..ObjectMeta::default()
            },
            ..Namespace::default()
        };
        let api = Api::all(self.client("admin"));
        self.wait(api.create(&PostParams::default(), &namespace))
            .unwrap();
    }

    /// Creates every object of a manifest, by the admin.
    pub fn apply(&self, manifest: &str) {
        let client = self.client("admin");
        let discovery = self
            .wait(Discovery::new(client.clone()).run())
            .expect("the API server says what it has");
        for document in yaml_serde::Deserializer::from_str(manifest) {
            let object = Value::deserialize(document).unwrap();
            self.create(&client, &discovery, object);
        }
    }

    fn create(&self, client: &Client, discovery: &Discovery, object: Value) {
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        let types = object.types.clone().unwrap();
        let kind = kube::core::GroupVersionKind::try_from(types).unwrap();
        let (resource, capabilities) = discovery.resolve_gvk(&kind).unwrap();
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Cluster => Api::all_with(client.clone(), &resource),
            Scope::Namespaced => Api::namespaced_with(
                client.clone(),
                object.metadata.namespace.as_deref().unwrap(),
                &resource,
            ),
        };
        self.wait(api.create(&PostParams::default(), &object))
            .unwrap();
    }

    fn write_kubeconfig(&self) {
        let authority = self.directory.join("certificates/apiserver.crt");
        let users: Vec<_> = ACCOUNTS
            .iter()
            .map(|(name, ..)| json!({"name": name, "user": {"token": format!("{name}-token")}}))
            .collect();
        let contexts: Vec<_> = ACCOUNTS
            .iter()
            .map(|(name, ..)| json!({"name": name, "context": {"cluster": "lab", "user": name}}))
            .collect();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "admin",
            "clusters": [{"name": "lab", "cluster": {
                "server": format!("https://127.0.0.1:{}", self.port),
                "certificate-authority": authority,
            }}],
            "users": users, "contexts": contexts,
        });
        std::fs::write(self.kubeconfig(), kubeconfig.to_string()).unwrap();
    }

    fn wait_until_ready(&self) {
        let until = Instant::now() + Duration::from_secs(120);
        let certificate = self.directory.join("certificates/apiserver.crt");
        loop {
            let ready = certificate.exists() && {
                // The server's own start makes it.
                let namespaces: Api<Namespace> = Api::all(self.client("admin"));
                self.wait(namespaces.get("default")).is_ok()
            };
            if ready {
                return;
            }
            assert!(
                Instant::now() < until,
                "the API server did not start:\n{}",
                std::fs::read_to_string(self.directory.join("kube-apiserver.log"))
                    .unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// What grants something, of the overlay that needs the most, without the accounts of other namespaces.
pub fn roles() -> Vec<Value> {
    let mut roles = manifests::objects("watch");
    roles.retain(|object| {
        let kind = object["kind"].as_str().unwrap();
        let is_ours = object["metadata"]["namespace"] == NAMESPACE;
        kind.contains("Role") || (kind == "ServiceAccount" && is_ours)
    });
    roles
}

/// Free a moment ago, and different from each other.
pub fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// A process that ends with this one, however this one ends: its shell waits for the end of a pipe that we hold, and
/// then removes what the process wrote.
fn spawn(directory: &Path, variable: &str, name: &str, flags: &[(&str, &str)]) -> Child {
    let program = std::env::var_os(variable).unwrap_or_else(|| panic!("make e2e sets {variable}"));
    let log = std::fs::File::create(directory.join(format!("{name}.log"))).unwrap();
    Command::new("sh")
        .args(["-c", GUARD])
        .arg(directory)
        .arg(program)
        .args(
            flags
                .iter()
                .map(|(flag, value)| format!("--{flag}={value}")),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}
