//! Access tokens: the bearer tokens of API callers, and the roles they grant.
//!
//! Only the digests of tokens are kept. A presented token is compared with every digest in constant time.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// Minimum length of a token in bytes. A shorter token is probably not random, and could be guessed.
pub const MIN_TOKEN_LENGTH: usize = 24;

/// The role of a caller. An operator has all permissions of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May read everything and issue playback tokens.
    Reader,
    /// May change everything.
    Operator,
}

impl Role {
    /// Returns the role with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Reader, Self::Operator].into_iter().find(|role| role.name() == name)
    }

    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
        }
    }

    /// Returns the highest role among words such as the scopes of a JWT. A word grants a role if it is `prefix` and the name of
    /// the role: the same scope of another resource, such as `crm/operator`, grants none.
    #[must_use]
    pub fn highest<'w>(prefix: &str, words: impl IntoIterator<Item = &'w str>) -> Option<Self> {
        words.into_iter().filter_map(|word| word.strip_prefix(prefix).and_then(Self::from_name)).max()
    }
}

/// The digests of all access tokens, each with its role.
#[derive(Clone, Default)]
pub struct AccessTokens(Vec<(Role, [u8; 32])>);

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tokens", self.0.len())
    }
}

impl AccessTokens {
    /// Adds a token of a role. Ignores a token that is too short.
    #[must_use]
    pub fn and(mut self, role: Role, token: &str) -> Self {
        if token.len() >= MIN_TOKEN_LENGTH {
            self.0.push((role, Sha256::digest(token).into()));
        }
        self
    }

    /// Returns the role of a token, the highest if it has several.
    #[must_use]
    pub fn role_of(&self, token: &str) -> Option<Role> {
        let presented: [u8; 32] = Sha256::digest(token).into();
        let matches = |role| {
            let digests = self.0.iter().filter(|(other, _)| *other == role);
            let any = digests.fold(Choice::from(0), |any, (_, digest)| any | digest.ct_eq(&presented));
            bool::from(any)
        };
        let [operator, reader] = [matches(Role::Operator), matches(Role::Reader)];
        if operator { Some(Role::Operator) } else { reader.then_some(Role::Reader) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an operator's token, old one";
    const NEW: &str = "an operator's token, new one";
    const READER: &str = "a reader's token, as it is";

    #[test]
    fn a_token_has_the_role_of_its_secret_and_no_other_text_has_any() {
        let tokens =
            AccessTokens::default().and(Role::Operator, OLD).and(Role::Operator, NEW).and(Role::Reader, READER);
        assert_eq!(tokens.role_of(OLD), Some(Role::Operator));
        assert_eq!(tokens.role_of(NEW), Some(Role::Operator));
        assert_eq!(tokens.role_of(READER), Some(Role::Reader));
        for wrong in ["", " ", &OLD[1..], &format!("{OLD} "), &OLD.to_uppercase()] {
            assert_eq!(tokens.role_of(wrong), None, "{wrong}");
        }
        assert_eq!(AccessTokens::default().and(Role::Operator, "").role_of(""), None, "an empty secret grants nothing");
        assert_eq!(AccessTokens::default().and(Role::Operator, "short").role_of("short"), None);
    }

    #[test]
    fn the_prefix_and_the_name_of_a_role_grant_it() {
        assert_eq!(Role::highest("vpp/", ["openid", "vpp/reader", "vpp/operator"]), Some(Role::Operator));
        assert_eq!(Role::highest("https://api.example/", ["https://api.example/reader"]), Some(Role::Reader));
        assert_eq!(Role::highest("", ["reader", "vpp/operator"]), Some(Role::Reader));
        for words in [["crm/operator", "operator", "vpp/operators"], ["evil/vpp/operator", "vpp/", "VPP/operator"]] {
            assert_eq!(Role::highest("vpp/", words), None, "{words:?}");
        }
    }
}
