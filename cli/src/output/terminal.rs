//! What standard output is: how wide, and whether words on it are coloured.
//!
//! Invariant: one rule for every program and command. Colours are for a terminal that can show them, unless somebody said
//! otherwise (`NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`, `TERM=dumb`); what is piped is never cut to a width.

use std::io::IsTerminal as _;

/// What lines are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Its columns; `None`: lines are as long as they are.
    pub columns: Option<usize>,
    /// Whether words are coloured too.
    pub colours: bool,
}

/// Where a terminal does not tell.
const USUAL_COLUMNS: usize = 120;

impl Terminal {
    /// Standard output.
    #[must_use]
    pub fn of_stdout() -> Self {
        let columns = || {
            terminal_size::terminal_size()
                .map(|(terminal_size::Width(columns), _)| usize::from(columns))
        };
        Self::of(std::io::stdout().is_terminal(), columns, |name| {
            std::env::var(name).ok()
        })
    }

    fn of(
        is_terminal: bool,
        columns: impl Fn() -> Option<usize>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let said = variable("COLUMNS").and_then(|columns| columns.parse::<usize>().ok());
        Self {
            columns: said.or_else(|| is_terminal.then(|| columns().unwrap_or(USUAL_COLUMNS))),
            colours: colours(is_terminal, &variable),
        }
    }
}

/// Whether standard error is a terminal on which lines can be drawn over.
#[must_use]
pub(crate) fn can_draw() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// By <https://no-color.org> and <https://bixense.com/clicolors>: the first that is said decides.
fn colours(is_terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let said = |name: &str| variable(name).filter(|value| !value.is_empty());
    if said("NO_COLOR").is_some() {
        return false;
    }
    if said("CLICOLOR_FORCE").is_some_and(|value| value != "0") {
        return true;
    }
    let unwanted = said("CLICOLOR").is_some_and(|value| value == "0");
    let dumb = said("TERM").is_some_and(|value| value == "dumb");
    is_terminal && !unwanted && !dumb
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::terminal(true, &[], true)]
    #[case::pipe(false, &[], false)]
    #[case::refused(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], false)]
    #[case::refused_by_an_empty_word(true, &[("NO_COLOR", "")], true)]
    #[case::dumb(true, &[("TERM", "dumb")], false)]
    #[case::off(true, &[("CLICOLOR", "0")], false)]
    #[case::on(true, &[("CLICOLOR", "1")], true)]
    #[case::forced(false, &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], true)]
    #[case::not_forced(false, &[("CLICOLOR_FORCE", "0")], false)]
    fn colours_by_one_rule(
        #[case] is_terminal: bool,
        #[case] variables: &[(&str, &str)],
        #[case] expected: bool,
    ) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(own, _)| *own == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(
            Terminal::of(is_terminal, || None, variable).colours,
            expected
        );
    }

    #[rstest]
    #[case::said(false, Some("200"), None, Some(200))]
    #[case::pipe(false, None, Some(80), None)]
    #[case::terminal(true, None, Some(80), Some(80))]
    #[case::silent(true, None, None, Some(120))]
    #[case::nonsense(false, Some("wide"), None, None)]
    fn what_is_piped_has_no_width(
        #[case] is_terminal: bool,
        #[case] said: Option<&str>,
        #[case] has: Option<usize>,
        #[case] expected: Option<usize>,
    ) {
        let variable = |name: &str| said.filter(|_| name == "COLUMNS").map(str::to_owned);
        assert_eq!(
            Terminal::of(is_terminal, || has, variable).columns,
            expected
        );
    }
}
