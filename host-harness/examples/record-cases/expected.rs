//! What must come of a case: written down before it is run.

/// Drift, posture and answer.
pub struct Expected<'a> {
    /// Empty: follows from the posture.
    pub drift: &'a str,
    pub posture: &'a [&'a str],
    /// `None`: allowed. Otherwise the code.
    pub code: Option<u16>,
}

pub const UNSIGNED: Expected<'static> = Expected {
    drift: "unsigned",
    posture: &["unsigned"],
    code: Some(403),
};
pub const SIGNER: Expected<'static> = Expected {
    drift: "signer",
    posture: &["signed"],
    code: Some(403),
};
pub const DOWNGRADE: Expected<'static> = Expected {
    drift: "downgrade",
    posture: &["unverifiable"],
    code: Some(403),
};
pub const OUTAGE: Expected<'static> = Expected {
    drift: "undetermined outage",
    posture: &["unknown"],
    code: Some(500),
};
pub const ANSWER: Expected<'static> = Expected {
    drift: "undetermined answer",
    ..OUTAGE
};
pub const BASELINE: Expected<'static> = Expected {
    drift: "undetermined baseline",
    ..OUTAGE
};
