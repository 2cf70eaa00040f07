//! Query parameters. Each may be given once: servers and proxies differ in which of two values they use.

use axum::extract::Query;
use axum::http::{StatusCode, Uri};

use crate::Problem;

/// The parameters of a query string, in order. They are read as text, so that a problem can name the parameter.
#[derive(Debug, Default)]
pub struct QueryParameters(Vec<(String, String)>);

impl QueryParameters {
    /// Parses the query string of a URI.
    ///
    /// # Errors
    /// The problem `invalid_query` for a malformed query string, `invalid_field` for a repeated parameter.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let malformed = |_| Problem::new(StatusCode::BAD_REQUEST, "invalid_query", "the query string is malformed");
        let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(malformed)?;
        for (position, (name, _)) in parameters.iter().enumerate() {
            if parameters.iter().take(position).any(|(earlier, _)| earlier == name) {
                return Err(Problem::field("invalid_field", name, "the parameter is repeated"));
            }
        }
        Ok(Self(parameters))
    }

    /// Checks that all parameters are `known`.
    ///
    /// # Errors
    /// The problem `unknown_field` for one that is not.
    pub fn only(self, known: &[&str]) -> Result<Self, Problem> {
        match self.0.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            Some((name, _)) => {
                let detail = format!("unknown parameter; known parameters: {}", known.join(", "));
                Err(Problem::field("unknown_field", name, detail))
            }
            None => Ok(self),
        }
    }

    /// Returns the text of a parameter.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_parameter_is_given_once_and_is_known() {
        let parameters = |query: &str| QueryParameters::of(&format!("/x?{query}").parse().unwrap());
        let good = parameters("a=1&b=%20").unwrap().only(&["a", "b", "c"]).unwrap();
        assert_eq!((good.text("a"), good.text("b"), good.text("c")), (Some("1"), Some(" "), None));
        let problem = |query, known: &[&str]| {
            let problem = parameters(query).and_then(|parameters| parameters.only(known)).unwrap_err();
            serde_json::to_value(problem).unwrap()
        };
        for (query, code, field) in [
            ("a=1&a=1", "invalid_field", "a"),
            ("a=1&b=2&a=3", "invalid_field", "a"),
            ("a=1&x=1", "unknown_field", "x"),
        ] {
            let problem = problem(query, &["a", "b"]);
            assert_eq!((&problem["code"], &problem["field"]), (&code.into(), &field.into()), "{query}");
        }
    }
}
