//! Which cluster is the current one.

use kube::config::Kubeconfig;

/// The kubeconfig's current context, where there is one.
#[must_use]
pub(crate) fn current_context() -> Option<String> {
    let kubeconfig = Kubeconfig::read().ok()?;
    kubeconfig
        .current_context
        .filter(|context| !context.is_empty())
}
