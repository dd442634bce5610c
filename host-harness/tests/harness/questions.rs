//! questions-ui.yml, the form for the settings in Rancher: every question is a field of the settings, of its type and with
//! its default.
//!
//! A form that nobody has touched changes nothing. An entry that somebody adds to a list begins with the defaults of its
//! questions; filled in, it is accepted.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_harness::capabilities::Capabilities;
use host_harness::engine::{Engine, EngineOptions};
use host_harness::evaluation::Evaluation;
use host_harness::module::PolicyModule;
use host_harness::session::Replayer;
use rstest::rstest;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use signature_continuity::settings::Settings;

use crate::settings_fields::{FIELDS, Field};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    questions: Vec<Question>,
}

/// What Rancher's form knows of a question.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    variable: String,
    #[serde(rename = "type")]
    kind: Kind,
    group: String,
    label: String,
    description: Option<String>,
    tooltip: Option<String>,
    default: Option<Value>,
    #[serde(default)]
    required: bool,
    /// Whether the question is a heading of other questions.
    #[serde(default)]
    hide_input: bool,
    options: Option<Vec<String>>,
    min: Option<u64>,
    max: Option<u64>,
    #[serde(default)]
    subquestions: Vec<Question>,
    #[serde(default)]
    sequence_questions: Vec<Question>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Kind {
    #[serde(rename = "string")]
    Text,
    #[serde(rename = "enum")]
    Choice,
    #[serde(rename = "boolean")]
    Boolean,
    #[serde(rename = "int")]
    Number,
    #[serde(rename = "array[")]
    Texts,
    #[serde(rename = "sequence[")]
    Objects,
    #[serde(rename = "map[")]
    Object,
}

impl Kind {
    fn holds(self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Choice => value.is_string(),
            Self::Boolean => value.is_boolean(),
            Self::Number => value.is_u64(),
            Self::Texts => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string)),
            Self::Objects => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_object)),
            Self::Object => value.is_object(),
        }
    }
}

fn form() -> Form {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../questions-ui.yml");
    yaml_serde::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Every question with the path of its field, such as `pins[].anyOf[].issuer`.
fn questions(form: &Form) -> Vec<(String, &Question)> {
    fn inside<'a>(above: &str, list: &'a [Question], found: &mut Vec<(String, &'a Question)>) {
        for question in list {
            let path = format!("{above}{}", question.variable);
            inside(&format!("{path}[]."), &question.sequence_questions, found);
            // These have their whole path as their name.
            inside(above, &question.subquestions, found);
            found.push((path, question));
        }
    }
    let mut found = Vec::new();
    inside("", &form.questions, &mut found);
    found
}

fn field(path: &str) -> &'static Field {
    FIELDS
        .iter()
        .find(|field| field.path == path)
        .unwrap_or_else(|| panic!("{path} is no field of the settings"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What the form writes before anybody has touched it.
fn untouched(form: &Form) -> Value {
    fn answer(settings: &mut Value, list: &[Question]) {
        for question in list {
            if let Some(default) = &question.default {
                let pointer = format!("/{}", question.variable.replace('.', "/"));
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                let parent = settings
                    .pointer_mut(parent)
                    .expect("a map for a subquestion");
                parent[name] = default.clone();
            }
            answer(settings, &question.subquestions);
        }
    }
    let mut settings = Value::Object(Map::new());
    answer(&mut settings, &form.questions);
    settings
}

fn validated(settings: &Value) -> Result<(), String> {
    let module = std::env::var_os("POLICY_WASM").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../policy.wasm"),
        PathBuf::from,
    );
    let engine = Engine::new(&EngineOptions::cached()).unwrap();
    let policy =
        PolicyModule::read(&engine, &module).expect("`make policy.wasm` builds the module");
    let nobody: Arc<dyn Capabilities> = Arc::new(Replayer::new(Vec::new()));
    Evaluation::new(policy)
        .validate_settings(settings, nobody)
        .map_err(|error| error.to_string())
}

#[test]
fn an_untouched_form_is_accepted_by_the_module_and_changes_nothing() {
    let settings = untouched(&form());
    assert_eq!(settings["baseline"]["establishAfter"], "24h");
    assert_eq!(validated(&settings), Ok(()));
    let parsed = Settings::parse(settings.to_string().as_bytes()).unwrap();
    assert_eq!(parsed, Settings::default());
}

#[test]
fn the_module_says_where_a_form_is_wrong() {
    let mut settings = untouched(&form());
    settings["budget"] = json!("1m");
    let said = validated(&settings).unwrap_err();
    assert!(said.contains("budget: expected a duration"), "{said}");
}

#[test]
fn every_question_is_a_field_of_its_type() {
    let form = form();
    for (path, question) in questions(&form) {
        let field = field(&path);
        let example = json(field.example);
        assert!(question.kind.holds(&example), "{path}: {example}");
        if let Some(default) = &question.default {
            assert!(question.kind.holds(default), "{path}: {default}");
        }
        if let Ok(default) = serde_json::from_str::<Value>(field.default)
            && question.kind != Kind::Object
        {
            assert_eq!(question.default.as_ref(), Some(&default), "{path}");
        }
        // What has to be there is asked for, and only that begins with an answer in an entry of a list.
        if path.contains("[]") {
            assert_eq!(question.required, question.default.is_some(), "{path}");
        }
        if field.default.is_empty() {
            assert!(question.required, "{path} has to be there");
        }
    }
}

#[test]
fn every_choice_is_one_and_none_is_missing() {
    let form = form();
    let mut choices = 0;
    for (path, question) in questions(&form) {
        assert_eq!(
            question.kind == Kind::Choice,
            question.options.is_some(),
            "{path}"
        );
        let Some(options) = &question.options else {
            continue;
        };
        choices += 1;
        for option in options {
            let mut settings = untouched(&form);
            settings[path.as_str()] = json!(option);
            assert_eq!(validated(&settings), Ok(()), "{path}: {option}");
        }
        let shape = field(&path).shape;
        let named: Vec<&str> = shape.split('`').skip(1).step_by(2).collect();
        assert_eq!(options, &named, "{path}");
    }
    assert_eq!(choices, 2);
}

#[test]
fn numbers_are_bounded_as_the_policy_bounds_them() {
    let form = form();
    let (_, number) = questions(&form)
        .into_iter()
        .find(|(_, question)| question.kind == Kind::Number)
        .unwrap();
    for (bound, beyond) in [(number.min, -1), (number.max, 1)] {
        let bound = i64::try_from(bound.unwrap()).unwrap();
        let mut settings = untouched(&form);
        settings["maxImages"] = json!(bound);
        assert_eq!(validated(&settings), Ok(()), "{bound}");
        settings["maxImages"] = json!(bound + beyond);
        assert!(validated(&settings).is_err(), "{}", bound + beyond);
    }
}

/// An entry with what its questions begin with, and the examples where those are nothing yet.
fn entry(path: &str, list: &[Question]) -> Value {
    let mut entry = Map::new();
    for question in list {
        let path = format!("{path}[].{}", question.variable);
        let value = match question.default.clone() {
            None => continue,
            Some(_) if !question.sequence_questions.is_empty() => {
                json!([self::entry(&path, &question.sequence_questions)])
            }
            Some(default) if default == json!("") || default == json!([]) => {
                json(field(&path).example)
            }
            Some(default) => default,
        };
        entry.insert(question.variable.clone(), value);
    }
    Value::Object(entry)
}

#[rstest]
#[case::enforce("enforce")]
#[case::exceptions("exceptions")]
#[case::pins("pins")]
#[case::aliases("aliases")]
#[case::mirrors("mirrors")]
fn an_entry_that_is_filled_in_is_accepted(#[case] path: &str) {
    let form = form();
    let question = form
        .questions
        .iter()
        .find(|it| it.variable == path)
        .unwrap();
    let mut settings = untouched(&form);
    settings[path] = json!([entry(path, &question.sequence_questions)]);
    assert_eq!(validated(&settings), Ok(()), "{settings:#}");
}

#[test]
fn every_question_is_worded() {
    let form = form();
    for (path, question) in questions(&form) {
        assert!(
            !question.group.is_empty() && !question.label.is_empty(),
            "{path}"
        );
        let nested = !question.subquestions.is_empty() || !question.sequence_questions.is_empty();
        assert_eq!(question.hide_input, nested, "{path}");
        for text in [&question.description, &question.tooltip]
            .into_iter()
            .flatten()
        {
            assert!(
                text.ends_with('.') && !text.contains('\n'),
                "{path}: {text}"
            );
        }
    }
}
