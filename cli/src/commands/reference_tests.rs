//! The reference of the commands, docs/reference/commands.md: made of the definitions that parse arguments.
//!
//! After a change: `UPDATE_DOCS=1 cargo test -p continuity-cli --lib reference`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use clap::{Arg, ArgAction, Command, CommandFactory as _};

use super::Arguments;

const INTRODUCTION: &str = "# Commands of `continuity`, flag by flag

This page is made from the code: `UPDATE_DOCS=1 cargo test -p continuity-cli --lib reference`. What commands are for, and what else
there is to know about them, is in [commands.md](../commands.md); `continuity COMMAND --help` says what is here, with examples.

`-v` is there everywhere: it says more on standard error, twice and thrice even more.
";

const SHARED: &str = "
## What several commands have
Flags that mean the same in at least three commands, and the variables that stand for them.
";

/// In how many commands a flag has to be to be told once.
const SHARED_BY: usize = 3;
/// Of every command.
const EVERYWHERE: [&str; 2] = ["help", "verbose"];

fn commands() -> Vec<Command> {
    let mut command = Arguments::command();
    command.build();
    command.get_subcommands().cloned().collect()
}

/// As a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn name(argument: &Arg) -> String {
    let values = argument.get_value_names().unwrap_or_default();
    let values: Vec<String> = values.iter().map(ToString::to_string).collect();
    let values = values.join(" ");
    let Some(long) = argument.get_long() else {
        return format!("`{}`", cell(&values));
    };
    let short = argument.get_short().map(|short| format!("`-{short}`, "));
    let short = short.unwrap_or_default();
    if !argument.get_action().takes_values() {
        return format!("{short}`--{long}`");
    }
    let least = argument
        .get_num_args()
        .map_or(1, |range| range.min_values());
    let value = match (least, argument.is_require_equals_set()) {
        (0, true) => format!("[={values}]"),
        (_, true) => format!("={values}"),
        (0, false) => format!(" [{values}]"),
        (_, false) => format!(" {values}"),
    };
    let most = argument
        .get_num_args()
        .map_or(1, |range| range.max_values());
    let several = if most > 1 || matches!(argument.get_action(), ArgAction::Append) {
        "…"
    } else {
        ""
    };
    format!("{short}`--{long}{}`{several}", cell(&value))
}

/// The row of one flag.
fn row(argument: &Arg) -> String {
    let variable = argument.get_env().and_then(|name| name.to_str());
    let variable = variable.map(|name| format!("`{name}`")).unwrap_or_default();
    let defaults: Vec<String> = argument
        .get_default_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.to_string_lossy()))
        .collect();
    let possible: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|_| argument.get_action().takes_values())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    let mut help = argument
        .get_help()
        .map(ToString::to_string)
        .unwrap_or_default();
    if !possible.is_empty() {
        write!(help, ": {}", possible.join(", ")).unwrap();
    }
    let required = if argument.is_required_set() {
        "has to be there"
    } else {
        ""
    };
    let default = if defaults.is_empty() {
        required.to_owned()
    } else {
        defaults.join(", ")
    };
    format!(
        "| {} | {variable} | {default} | {} |",
        name(argument),
        cell(&help)
    )
}

/// The statuses, from the end of a command's help.
fn statuses(command: &Command) -> String {
    let help = command.clone().render_long_help().to_string();
    let (_, statuses) = help.rsplit_once("Exit status").unwrap();
    let words: Vec<&str> = statuses
        .trim_start_matches(':')
        .split_whitespace()
        .collect();
    words.join(" ").trim_end_matches('.').to_owned()
}

fn page() -> String {
    let commands = commands();
    let own = |command: &Command| {
        let arguments = command.get_arguments().filter(|argument| {
            !EVERYWHERE.contains(&argument.get_id().as_str()) && !argument.is_hide_set()
        });
        arguments.cloned().collect::<Vec<Arg>>()
    };
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut order = Vec::new();
    for command in &commands {
        for argument in own(command) {
            let row = row(&argument);
            if !users.contains_key(&row) {
                order.push(row.clone());
            }
            users
                .entry(row)
                .or_default()
                .push(command.get_name().to_owned());
        }
    }
    let is_shared = |row: &String| users.get(row).is_some_and(|users| users.len() >= SHARED_BY);
    let mut page = INTRODUCTION.to_owned();
    let header = "| flag | variable | default | means |\n| --- | --- | --- | --- |";
    for command in &commands {
        let name = command.get_name();
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        writeln!(page, "\n## `continuity {name}`\n{about}.\n").unwrap();
        let rows: Vec<String> = own(command).iter().map(row).collect();
        let (shared, alone): (Vec<String>, Vec<String>) =
            rows.into_iter().partition(|row| is_shared(row));
        if !alone.is_empty() {
            writeln!(page, "{header}\n{}\n", alone.join("\n")).unwrap();
        }
        if !shared.is_empty() {
            let flags: Vec<&str> = shared
                .iter()
                .filter_map(|row| row.split("`--").nth(1)?.split(['`', ' ', '[', '=']).next())
                .collect();
            let flags: Vec<String> = flags.iter().map(|flag| format!("`--{flag}`")).collect();
            writeln!(
                page,
                "And, as [below](#what-several-commands-have): {}.\n",
                flags.join(", ")
            )
            .unwrap();
        }
        writeln!(page, "Exit status: {}.", statuses(command)).unwrap();
    }
    writeln!(page, "{SHARED}\n{header}").unwrap();
    for row in order.iter().filter(|row| is_shared(row)) {
        writeln!(page, "{row}").unwrap();
    }
    page
}

#[test]
fn the_page_is_up_to_date() {
    let page = page();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/commands.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &page).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == page,
        "docs/reference/commands.md is not what the code says: run this test with UPDATE_DOCS=1"
    );
}

#[test]
fn every_flag_is_in_the_page() {
    let page = page();
    let mut flags = 0;
    for command in commands() {
        for argument in command.get_arguments() {
            if let Some(long) = argument.get_long().filter(|long| *long != "help") {
                let row = page.contains(&format!("`--{long}")) || long == "verbose";
                assert!(row, "{}: --{long}", command.get_name());
                flags += 1;
            }
        }
    }
    assert!(flags > 100, "{flags}");
}
