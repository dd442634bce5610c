//! Where a drift rejects. What becomes of an image by it is the decision's.

/// Where a drift rejects, once its scope is enforced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejects {
    /// Nowhere.
    Never,
    /// Even where nothing was learned: 403.
    Always,
    /// Against an established baseline: 403.
    Established,
    /// 500, whatever is known of the repository.
    TryAgain,
    /// 500 where there is something to lose; what is waivable, `onUndetermined: admit` waives.
    TryAgainAtStake {
        /// Whether operators may admit it.
        waivable: bool,
    },
}
