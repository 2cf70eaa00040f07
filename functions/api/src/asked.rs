//! What a list is asked for: the query of its URL, each parameter known and given once.

use std::str::FromStr;

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use vpp_http::Problem;
use vpp_pipeline::domain::listing::Cursor;

/// Items on a page, unless the caller says otherwise.
const PAGE: u16 = 20;
/// Most items on a page.
pub(crate) const LONGEST_PAGE: u16 = 100;

/// The parameters, in the order given. They are read as text, so that a problem can name them.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Asked(Vec<(String, String)>);

impl Asked {
    /// The parameters, if all of them are `known`.
    pub(crate) fn of(asked: Result<Query<Self>, QueryRejection>, known: &[&str]) -> Result<Self, Problem> {
        let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query cannot be read");
        let Query(asked) = asked.map_err(malformed)?;
        for (position, (name, _)) in asked.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let detail = format!("known parameters are {}", known.join(", "));
                return Err(Problem::field("unknown_field", name, detail));
            }
            if asked.0.iter().take(position).any(|(earlier, _)| earlier == name) {
                return Err(Problem::field("invalid_field", name, "it is given more than once"));
            }
        }
        Ok(asked)
    }

    /// A parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that is the name of something.
    pub(crate) fn named<T>(
        &self,
        name: &str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let wrong = || Problem::field("invalid_field", name, format!("expected {expected}"));
        read(text).map(Some).ok_or_else(wrong)
    }

    /// How many items a page is to have.
    pub(crate) fn limit(&self) -> Result<u16, Problem> {
        let read = |text: &str| text.parse().ok().filter(|limit| (1..=LONGEST_PAGE).contains(limit));
        Ok(self.named("limit", read, &format!("1 to {LONGEST_PAGE}"))?.unwrap_or(PAGE))
    }

    /// Where the page starts.
    pub(crate) fn cursor<I: FromStr>(&self) -> Result<Option<Cursor<I>>, Problem> {
        self.named("cursor", |text| text.parse().ok(), "a cursor of an earlier answer")
    }
}
