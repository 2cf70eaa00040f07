//! The query parameters of a list: each must be known, and may be given once.

use std::str::FromStr;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use vpp_http::Problem;
use vpp_pipeline::domain::listing::Cursor;

/// Default number of items on a page.
const DEFAULT_LIMIT: u16 = 20;
/// Maximum number of items on a page.
pub(crate) const MAX_LIMIT: u64 = 100;

/// The parameters, in order. They are read as text, so that a problem can name the parameter.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct ListQuery(Vec<(String, String)>);

impl ListQuery {
    /// Checks that all parameters are `known`, and that none is repeated.
    pub(crate) fn new(query: Result<Query<Self>, QueryRejection>, known: &[&str]) -> Result<Self, Problem> {
        let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query string is malformed");
        let Query(query) = query.map_err(malformed)?;
        for (position, (name, _)) in query.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail = format!("unknown parameter; known parameters: {}", known.join(", "));
                return Err(Problem::field("unknown_field", name, detail));
            }
            if query.0.iter().take(position).any(|(earlier, _)| earlier == name) {
                return Err(Problem::field("invalid_field", name, "the parameter is repeated"));
            }
        }
        Ok(query)
    }

    /// Returns the text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the value of a parameter, parsed by `parse`.
    pub(crate) fn parsed<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let invalid = || Problem::field("invalid_field", name, format!("expected {expected}"));
        parse(text).map(Some).ok_or_else(invalid)
    }

    /// Returns the value of a parameter that is a number from 1 to `most`.
    pub(crate) fn number(&self, name: &str, most: u64) -> Result<Option<u16>, Problem> {
        let parse = |text: &str| text.parse().ok().filter(|number| (1..=most).contains(&u64::from(*number)));
        self.parsed(name, parse, &format!("1 to {most}"))
    }

    /// Returns the number of items on a page.
    pub(crate) fn limit(&self) -> Result<u16, Problem> {
        Ok(self.number("limit", MAX_LIMIT)?.unwrap_or(DEFAULT_LIMIT))
    }

    /// Returns the cursor after which the page starts.
    pub(crate) fn cursor<I: FromStr>(&self) -> Result<Option<Cursor<I>>, Problem> {
        self.parsed("cursor", |text| text.parse().ok(), "the next_cursor of an earlier response")
    }
}
