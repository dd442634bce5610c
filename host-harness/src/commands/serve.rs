//! `continuity-harness serve`: the policy behind a Kubernetes API server, without Kubewarden.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{ArgGroup, Args};
use continuity_registry::runtime;
use tokio_rustls::TlsAcceptor;

use super::host::{HostArguments, engine, generations};
use crate::capabilities::{Capabilities, HostCapabilities, HostGeneration};
use crate::engine::Limits;
use crate::module::PolicyModule;
use crate::serve::{
    Entry, Listener, Policies, Routes, ServedPolicy, ServerAddress, ServerIdentity, readiness,
    stopped_by_signal, url_authority, webhook_configurations,
};
use continuity_cli::output;
use continuity_cli::program::{Status, UsageError};
use continuity_cli::store::Location;

/// Serve policies to a Kubernetes API server, for trying and testing: in production that is Kubewarden's policy-server.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("what").required(true).args(["policies", "policy"])),
    group(ArgGroup::new("who").required(true).args(["cert_file", "self_signed"])),
    after_long_help = "\
It answers as policy-server does, and is none: nobody measures, watches or maintains it as what
guards a cluster has to be. Modules are files here; they are not fetched. Flags that policy-server
has are called as there. Without --store, ConfigMaps are those of the cluster that the kubeconfig
names.

Examples:
  An API server on this machine, the webhook to apply to it, and a certificate made on the spot:
    continuity-harness serve --policy policies.yaml --module policy.wasm --self-signed 127.0.0.1 \\
      --webhook-configuration webhook.yaml
    kubectl apply -f webhook.yaml

  As policy-server is started, with its file:
    continuity-harness serve --policies policies.yml --cert-file tls.crt --key-file tls.key \\
      --addr 0.0.0.0

  With baselines of a directory, on the host of Kubewarden 1.35:
    continuity-harness serve --policy policies.yaml --self-signed 127.0.0.1 \\
      --store dir:baselines --host 1.35

Exit status:
  0 ended by SIGTERM or SIGINT, 1 failed, 2 usage"
)]
pub(super) struct Serve {
    /// policy-server's YAML file of policies.
    #[arg(long, value_name = "FILE")]
    policies: Option<PathBuf>,

    /// YAML file with ClusterAdmissionPolicies; each is served at /validate/clusterwide-NAME. May be given several times.
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,

    /// The module of all policies, where their own is not a file here.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,

    /// Certificate as PEM, with its chain.
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,

    /// The certificate's private key, as PEM.
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,

    /// Make a certificate for these names and addresses, and print what clients have to trust.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    self_signed: Vec<String>,

    /// The address to listen on.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    addr: IpAddr,

    /// The port to listen on; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    port: u16,

    /// The port of /readiness, which is plain HTTP; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 8081)]
    readiness_probe_port: u16,

    /// Write the webhook configurations of the policies to a file once the server listens; `-` prints them.
    #[arg(long, value_name = "FILE", conflicts_with = "policies")]
    webhook_configuration: Option<PathBuf>,

    /// By which name the API server reaches this one [default: the first of --self-signed, or --addr].
    #[arg(long, value_name = "NAME", requires = "webhook_configuration")]
    server_name: Option<String>,

    /// Admit everything in this namespace unseen: Kubewarden's own. Webhook configurations leave it out.
    #[arg(long, value_name = "NAMESPACE")]
    always_accept_admission_reviews_on_namespace: Option<String>,

    /// How many requests are judged at once [default: one for each processor].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    workers: Option<u8>,

    /// Interrupt policies without a timeoutEvalSeconds of their own after so many seconds; a host call is not cut short.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    policy_timeout: u64,

    /// Memory that one evaluation may have, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 256, value_parser = clap::value_parser!(u16).range(1..=4096))]
    memory_limit: u16,

    /// Answer as the host of this Kubewarden does: 1.35 with sigstore 0.13, 1.36 and later with sigstore 0.14.
    #[arg(long = "host", value_name = "GENERATION", default_value_t, value_parser = generations(), help_heading = "Host")]
    generation: HostGeneration,

    #[command(flatten)]
    host: HostArguments,
}

impl Serve {
    pub(super) fn execute(self) -> anyhow::Result<Status> {
        output::note(
            "continuity-harness serve is for trying and testing; in production, Kubewarden's policy-server runs the policy",
        );
        let identity = self.identity()?;
        let host = self.host()?;
        let policies = self.served(&host)?;
        let acceptor = TlsAcceptor::from(identity.config());
        runtime::wait(self.serve(identity, acceptor, policies, host))??;
        Ok(Status::Fine)
    }

    fn identity(&self) -> anyhow::Result<ServerIdentity> {
        match (&self.cert_file, &self.key_file) {
            (Some(certificate), Some(key)) => ServerIdentity::read(certificate, key),
            (Some(_), None) | (None, Some(_)) | (None, None) => {
                ServerIdentity::self_signed(&self.self_signed)
            }
        }
    }

    fn host(&self) -> anyhow::Result<Arc<dyn Capabilities>> {
        let mut host = self.host.clone();
        // As policy-server: the cluster that it is in, or that the kubeconfig names.
        let store = host.store.get_or_insert(Location::Kubernetes(None));
        output::note(&format!(
            "answers of Kubewarden {}; ConfigMaps of {store}",
            self.generation
        ));
        let options = host.options()?.generation(self.generation);
        Ok(Arc::new(options.start()?))
    }

    /// All policies, each with its settings checked. One that cannot be served keeps all from being, as there.
    fn served(
        &self,
        host: &Arc<dyn Capabilities>,
    ) -> anyhow::Result<BTreeMap<String, ServedPolicy>> {
        let mut entries = match &self.policies {
            Some(path) => Entry::of_policies_file(path)?,
            None => Vec::new(),
        };
        for path in &self.policy {
            entries.extend(Entry::of_definitions(path)?);
        }
        let engine = engine()?;
        let limits = Limits {
            memory: usize::from(self.memory_limit) << 20,
            time: Duration::from_secs(self.policy_timeout),
        };
        let mut modules: HashMap<PathBuf, PolicyModule> = HashMap::new();
        let mut served = BTreeMap::new();
        for entry in entries {
            let path = entry.module_path(self.module.as_deref())?;
            let module = match modules.get(&path) {
                Some(module) => module.clone(),
                None => {
                    let module = PolicyModule::read(&engine, &path)
                        .with_context(|| format!("`{}` cannot be used", path.display()))?;
                    modules.insert(path, module.clone());
                    module
                }
            };
            warn_of_missing_grants(&entry, &module);
            let policy = ServedPolicy::start(entry, module, limits, Arc::clone(host))?;
            if let Some(twice) = served.insert(policy.id().to_owned(), policy) {
                bail!("there are two policies for the route `{}`", twice.id());
            }
        }
        Ok(served)
    }

    async fn serve(
        self,
        identity: ServerIdentity,
        acceptor: TlsAcceptor,
        policies: BTreeMap<String, ServedPolicy>,
        host: Arc<dyn Capabilities>,
    ) -> anyhow::Result<()> {
        let stop = stopped_by_signal()?;
        let listener =
            Listener::bind(SocketAddr::new(self.addr, self.port), Some(acceptor)).await?;
        let probe_address = SocketAddr::new(self.addr, self.readiness_probe_port);
        let probe = Listener::bind(probe_address, None).await?;
        let address = listener.address()?;
        self.hand_out(&identity, address.port())?;
        for policy in policies.values() {
            let (id, description) = (policy.id(), policy.description());
            output::note(&format!(
                "serving https://{address}/validate/{id} ({description})"
            ));
        }
        let workers = self.workers.map_or_else(
            || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            usize::from,
        );
        let routes = Routes::new(
            Policies {
                policies,
                host,
                always_accepted: self.always_accept_admission_reviews_on_namespace.clone(),
            },
            workers,
        );
        output::note(&format!(
            "ready: http://{}/readiness; {workers} at once",
            probe.address()?
        ));
        tokio::join!(
            listener.serve(move |request| routes.clone().answer(request), stop.clone()),
            probe.serve(readiness, stop),
        );
        output::note("ended");
        Ok(())
    }

    /// What whoever asks needs to know: the webhook configurations, and whom to trust.
    fn hand_out(&self, identity: &ServerIdentity, port: u16) -> anyhow::Result<()> {
        let Some(path) = &self.webhook_configuration else {
            if !self.self_signed.is_empty() {
                output::print(identity.authority())?;
            }
            return Ok(());
        };
        let addr = self.addr.to_string();
        let named = self.server_name.as_ref().or(self.self_signed.first());
        if named.is_none() && self.addr.is_unspecified() {
            return Err(UsageError(format!(
                "{addr} is no address that an API server can call; say by which one it reaches this with --server-name"
            ))
            .into());
        }
        let server = ServerAddress {
            host: named.unwrap_or(&addr),
            port,
            authority: identity.authority(),
            left_out: self.always_accept_admission_reviews_on_namespace.as_deref(),
        };
        let yaml = webhook_configurations(self.policy.iter().map(PathBuf::as_path), &server)?;
        if path == Path::new("-") {
            output::print(&yaml)?;
        } else {
            std::fs::write(path, yaml).with_context(|| {
                format!(
                    "cannot write webhook configurations to `{}`",
                    path.display()
                )
            })?;
            output::note(&format!(
                "webhooks for https://{}: kubectl apply -f {}",
                url_authority(server.host, port),
                path.display()
            ));
        }
        Ok(())
    }
}

/// Says what the policy will miss, since its answers then say it of each image.
fn warn_of_missing_grants(entry: &Entry, module: &PolicyModule) {
    let Some(metadata) = &module.metadata else {
        return;
    };
    let name = &entry.definition.name;
    for resource in &metadata.context_aware_resources {
        if !entry.definition.resources.contains(resource) {
            output::note(&format!(
                "warning: `{name}` reads {}/{}, and its contextAwareResources do not name it",
                resource.api_version, resource.kind
            ));
        }
    }
    let called = metadata.host_capabilities.iter().flatten();
    let missing: Vec<&str> = called
        .map(String::as_str)
        .filter(|capability| !entry.capabilities.allows(capability))
        .collect();
    if !missing.is_empty() {
        let granted = match &entry.capabilities {
            HostCapabilities::None => "its hostCapabilities grant nothing",
            HostCapabilities::All | HostCapabilities::Patterns(_) => {
                "its hostCapabilities do not grant that"
            }
        };
        output::note(&format!(
            "warning: `{name}` calls {}, and {granted}",
            missing.join(", ")
        ));
    }
}
