//! The events and messages that invoke the functions.

use vpp_pipeline::domain::message::{DashMessage, FragmentMessage, Message, WorkUnitMessage};
use vpp_pipeline::domain::uploaded_object::UploadedObject;

use crate::environments::Function;

/// The payload of an invocation.
#[derive(Debug, Clone)]
pub(crate) enum Payload {
    Upload(UploadedObject),
    Fragment(FragmentMessage),
    Encrypt(WorkUnitMessage),
    Dash(DashMessage),
}

impl Payload {
    /// Returns the function that the payload invokes.
    pub(crate) fn function(&self) -> Function {
        match self {
            Self::Upload(_) => Function::Ingest,
            Self::Fragment(_) => Function::Fragment,
            Self::Encrypt(_) => Function::Encrypt,
            Self::Dash(_) => Function::Dash,
        }
    }

    /// Returns the `MessageGroupId`. Events of uploads have none.
    pub(crate) fn group(&self) -> &str {
        match self {
            Self::Upload(_) => "",
            Self::Fragment(message) => message.group(),
            Self::Encrypt(message) => message.group(),
            Self::Dash(message) => message.group(),
        }
    }
}
