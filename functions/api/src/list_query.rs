//! The query parameters of a list: each must be known, and may be given once.

use axum::http::Uri;
use vpp_http::{Problem, QueryParameters};
use vpp_pipeline::domain::listing::{Cursor, ListedId};

/// Default number of items on a page.
const DEFAULT_LIMIT: u16 = 20;
/// Maximum number of items on a page.
pub(crate) const MAX_LIMIT: u64 = 100;

/// The parameters of a list.
#[derive(Debug)]
pub(crate) struct ListQuery(QueryParameters);

impl ListQuery {
    /// Parses the query string of a URI, whose parameters must all be `known`.
    pub(crate) fn new(uri: &Uri, known: &[&str]) -> Result<Self, Problem> {
        QueryParameters::of(uri)?.only(known).map(Self)
    }

    /// Returns the text of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.text(name)
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
    pub(crate) fn cursor<I: ListedId>(&self) -> Result<Option<Cursor<I>>, Problem> {
        self.parsed("cursor", |text| text.parse().ok(), "the next_cursor of an earlier response")
    }
}
