//! The module's face: the operations that Kubewarden calls by waPC.
//!
//! Invariant: settings that do not parse reject; a request that does not parse is judged by its namespace alone.

use crate::answer::{Answer, Line, answer};
use crate::evaluate::evaluate;
use crate::host::Host;
use crate::kubewarden::Kubewarden;
use crate::settings::Settings;
use kubewarden_policy_sdk::request::{GroupVersionKind, KubernetesAdmissionRequest, UserInfo};
use kubewarden_policy_sdk::response::ValidationResponse;
use kubewarden_policy_sdk::settings::SettingsValidationResponse;
use serde_json::Value;
use slog::{KV, Logger, Record, Serializer, info, o, warn};

#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "waPC finds the entry point by this name")]
#[unsafe(no_mangle)]
extern "C" fn wapc_init() {
    use kubewarden_policy_sdk::wapc_guest::register_function;
    register_function("validate", validate);
    register_function("validate_settings", validate_settings);
    register_function(
        "protocol_version",
        kubewarden_policy_sdk::protocol_version_guest,
    );
}

/// The operation `validate`: `{"request": …, "settings": …}` to a validation response.
///
/// # Errors
/// When the payload is no such JSON, which no host sends.
pub fn validate(payload: &[u8]) -> kubewarden_policy_sdk::wapc_guest::CallResult {
    let mut payload: Value = serde_json::from_slice(payload)?;
    let settings = match settings(payload.get("settings")) {
        Ok(settings) => settings,
        Err(message) => {
            return Ok(serde_json::to_vec(&rejected(
                500,
                format!("signature-continuity: {message}"),
            ))?);
        }
    };
    let request = payload
        .get_mut("request")
        .map(Value::take)
        .unwrap_or_default();
    let answer = judge(
        &Kubewarden::new(&settings.absent_messages),
        &settings,
        request,
    );
    let logger = Logger::root(kubewarden_policy_sdk::logging::KubewardenDrain::new(), o!());
    for line in &answer.lines {
        write(&logger, line);
    }
    Ok(serde_json::to_vec(&response(answer))?)
}

/// The operation `validate_settings`.
///
/// # Errors
/// Never: whatever is wrong is said in the response.
pub fn validate_settings(payload: &[u8]) -> kubewarden_policy_sdk::wapc_guest::CallResult {
    let message = Settings::parse(payload)
        .err()
        .map(|error| error.to_string());
    Ok(serde_json::to_vec(&SettingsValidationResponse {
        valid: message.is_none(),
        message,
    })?)
}

/// Judges one request with any host.
pub fn judge(host: &dyn Host, settings: &Settings, mut request: Value) -> Answer {
    // Nothing in a field is no field, as the API server writes options that there are none of.
    if let Some(fields) = request.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let request = serde_json::from_value(request.clone()).unwrap_or_else(|_| outline(&request));
    answer(&evaluate(host, settings, &request))
}

/// What can be told of a request that does not parse as a whole: who wants what, and where. Its object counts as
/// unreadable; an operation that is not known counts as the one that is looked at.
fn outline(request: &Value) -> KubernetesAdmissionRequest {
    let text = |pointer: &str| {
        let text = request.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let operation = text("/operation");
    KubernetesAdmissionRequest {
        namespace: text("/namespace"),
        operation: if operation.is_empty() {
            "CREATE".to_owned()
        } else {
            operation
        },
        kind: GroupVersionKind {
            kind: text("/kind/kind"),
            ..GroupVersionKind::default()
        },
        user_info: UserInfo {
            username: text("/userInfo/username"),
            ..UserInfo::default()
        },
        ..KubernetesAdmissionRequest::default()
    }
}

fn settings(value: Option<&Value>) -> Result<Settings, String> {
    let json = value
        .map_or_else(|| Ok(b"{}".to_vec()), serde_json::to_vec)
        .map_err(|e| e.to_string())?;
    Settings::parse(&json).map_err(|error| error.to_string())
}

fn response(answer: Answer) -> ValidationResponse {
    let accepted = answer.rejection.is_none();
    let (code, message) = answer.rejection.unzip();
    ValidationResponse {
        accepted,
        message,
        code,
        mutated_object: None,
        audit_annotations: Some(answer.annotations.into_iter().collect()),
        warnings: Some(answer.warnings).filter(|warnings| !warnings.is_empty()),
    }
}

fn rejected(code: u16, message: String) -> ValidationResponse {
    ValidationResponse {
        accepted: false,
        message: Some(message),
        code: Some(code),
        mutated_object: None,
        audit_annotations: None,
        warnings: None,
    }
}

fn write(logger: &Logger, line: &Line) {
    if line.is_warning {
        warn!(logger, "{}", line.message; Fields(&line.fields));
    } else {
        info!(logger, "{}", line.message; Fields(&line.fields));
    }
}

struct Fields<'a>(&'a [(&'static str, String)]);

impl KV for Fields<'_> {
    fn serialize(&self, _record: &Record<'_>, serializer: &mut dyn Serializer) -> slog::Result {
        self.0
            .iter()
            .try_for_each(|(key, value)| serializer.emit_str(key, value))
    }
}
