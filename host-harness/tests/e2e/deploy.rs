//! The manifests of `deploy/` on real components: rendered by kubectl and helm, applied to a real API server.
