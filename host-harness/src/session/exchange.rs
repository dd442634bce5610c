//! One question and its answer.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::capabilities::HostRequest;

/// What was asked, and what came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The question.
    pub request: HostRequest,
    /// The answer.
    pub response: Reply,
}

/// An answer as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum Reply {
    /// What the policy got.
    Success {
        /// JSON.
        payload: String,
    },
    /// Why it got nothing.
    Error {
        /// Without the prefix that the policy sees.
        message: String,
    },
}

/// The layout in the file: the request is YAML inside of YAML.
#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename = "Exchange")]
struct InFile {
    request: String,
    response: Reply,
}

impl Serialize for Exchange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        InFile {
            request: yaml_serde::to_string(&self.request).map_err(S::Error::custom)?,
            response: self.response.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Exchange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let InFile { request, response } = InFile::deserialize(deserializer)?;
        let request = yaml_serde::from_str(&request).map_err(|error| {
            let first = request.lines().next().unwrap_or_default();
            D::Error::custom(format!("the request `{first}` cannot be read: {error}"))
        })?;
        Ok(Self { request, response })
    }
}
