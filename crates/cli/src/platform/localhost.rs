//! Names below `localhost`, which are this machine (RFC 6761 6.3).
//!
//! Browsers and curl resolve them, but not every operating system's resolver does. The local AWS identifies its services by
//! such names.

use std::net::{Ipv4Addr, SocketAddr};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// The resolver of the system, except for names below `localhost`.
#[derive(Debug, Default)]
pub(crate) struct LocalhostResolver(DefaultResolver);

impl Resolver for LocalhostResolver {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        if !is_localhost(uri.host().unwrap_or_default()) {
            return self.0.resolve(uri, config, timeout);
        }
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Ok(addresses)
    }
}

/// Returns whether a host name is `localhost` or below it.
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}
