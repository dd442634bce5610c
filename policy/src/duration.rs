//! Durations as people write them in settings: `800ms`, `90s`, `30m`, `24h`, `7d`.
//!
//! Invariant: one whole number and one unit, at most ten years, so that adding it to a date of our time cannot overflow.

use chrono::TimeDelta;

/// The longest duration, in milliseconds: ten years of 365 days.
const LONGEST: u64 = 10 * 365 * 24 * 60 * 60 * 1000;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// No number with a unit.
    #[error("expected a duration such as 800ms, 90s, 30m, 24h or 7d")]
    Format,
    /// Too long.
    #[error("expected a duration of at most 3650d")]
    TooLong,
}

/// Reads a duration.
///
/// # Errors
/// For anything but digits and one of the units `ms`, `s`, `m`, `h`, `d`, and for more than ten years.
pub fn parse(text: &str) -> Result<TimeDelta, DurationError> {
    let unit_at = text
        .find(|c: char| !c.is_ascii_digit())
        .ok_or(DurationError::Format)?;
    let (digits, unit) = text
        .split_at_checked(unit_at)
        .ok_or(DurationError::Format)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(DurationError::Format),
    };
    if digits.is_empty() {
        return Err(DurationError::Format);
    }
    // Digits alone fail to be a number only when there are too many of them.
    let total = digits
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(milliseconds))
        .filter(|total| *total <= LONGEST)
        .ok_or(DurationError::TooLong)?;
    let total = i64::try_from(total).map_err(|_| DurationError::TooLong)?;
    TimeDelta::try_milliseconds(total).ok_or(DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("800ms", 800)]
    #[case("90s", 90_000)]
    #[case("30m", 1_800_000)]
    #[case("24h", 86_400_000)]
    #[case("7d", 604_800_000)]
    #[case("0s", 0)]
    #[case("3650d", 315_360_000_000)]
    #[case("0000001s", 1000)]
    fn accepts_a_number_and_a_unit(#[case] text: &str, #[case] milliseconds: i64) {
        assert_eq!(parse(text), Ok(TimeDelta::milliseconds(milliseconds)));
    }

    #[rstest]
    #[case::empty("")]
    #[case::no_unit("24")]
    #[case::no_number("h")]
    #[case::negative("-1h")]
    #[case::plus("+1h")]
    #[case::fraction("1.5h")]
    #[case::two_units("1h30m")]
    #[case::space("24 h")]
    #[case::upper_case("24H")]
    #[case::months("1mo")]
    #[case::other_digits("٣h")]
    fn rejects_other_forms(#[case] text: &str) {
        assert_eq!(parse(text), Err(DurationError::Format));
    }

    #[rstest]
    #[case::just("3651d")]
    #[case::product_overflows("9999999999999999999d")]
    #[case::number_overflows("99999999999999999999999999ms")]
    fn rejects_too_long_ones(#[case] text: &str) {
        assert_eq!(parse(text), Err(DurationError::TooLong));
    }

    proptest! {
        #[test]
        fn is_total(text in any::<String>()) {
            if let Ok(duration) = parse(&text) {
                prop_assert!(duration >= TimeDelta::zero());
            }
        }
    }
}
