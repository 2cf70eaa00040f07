//! The variables, and how they are read.

use std::collections::HashMap;

/// The environment variables of a function.
#[derive(Debug, Clone, Default)]
pub struct Environment(HashMap<String, String>);

/// A variable is missing or invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment variable {name} {problem}")]
pub struct InvalidVariable {
    pub(super) name: &'static str,
    pub(super) problem: &'static str,
}

impl Environment {
    /// Returns the variables of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let readable = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(readable).collect())
    }

    /// Returns the value of a variable, if it is set and not empty.
    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the value of a variable.
    pub(super) fn required(&self, name: &'static str) -> Result<String, InvalidVariable> {
        self.optional(name).map(str::to_owned).ok_or(InvalidVariable { name, problem: "is not set" })
    }

    /// Returns the value of a variable that is a whole number above zero.
    pub(super) fn positive(&self, name: &'static str) -> Result<u64, InvalidVariable> {
        let number = self.required(name)?.parse().ok().filter(|number| *number > 0);
        number.ok_or(InvalidVariable { name, problem: "is not a whole number above zero" })
    }

    /// Returns the value of a variable that is a base URL, without a trailing slash.
    pub(super) fn base_url(&self, name: &'static str) -> Result<String, InvalidVariable> {
        Ok(self.required(name)?.trim_end_matches('/').to_owned())
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
    }
}
