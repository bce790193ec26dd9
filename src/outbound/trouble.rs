//! What went wrong on the way, and whether the server can have got the request.
//!
//! What must stay true: [`Trouble::not_sent`] says so only when no byte of the request left this
//! machine. The HTTP library marks exactly the errors of name look-up, TCP connection, TLS
//! handshake and connect time-out as *connect* errors, and writes a request only afterwards;
//! everything else may have been read by the server, also errors that sound harmless (a redirect
//! to an address that does not parse is reported as a *builder* error).

use std::{error::Error, io};

use rustls::CertificateError;

use super::reach::Forbidden;
use crate::order::NotSent;

/// Why there is no whole answer, in our words: the library's texts may hold a host name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("the panel has no such request")]
    NoRequest,
    #[error("the server's name could not be resolved")]
    Name,
    /// It is link-local, multicast or of a metadata service.
    #[error(
        "the server's name leads to an address that is never called (link-local, multicast or a metadata service)"
    )]
    Forbidden,
    #[error("the server refused the connection")]
    Refused,
    #[error("no connection to the server within the time-out")]
    ConnectTimeout,
    #[error("no connection to the server")]
    Connect,
    #[error("no encrypted connection: {0}")]
    Tls(TlsTrouble),
    #[error("no whole answer within the time-out")]
    Timeout,
    #[error("the server reset the connection")]
    Reset,
    #[error("the connection ended without a usable answer")]
    Ended,
    #[error("the answer ended early")]
    Cut,
    #[error("the answer is larger than the limit")]
    TooLarge,
}

/// Why no encrypted connection came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TlsTrouble {
    #[error("the server's certificate has expired")]
    Expired,
    #[error("the server's certificate is for another name")]
    WrongName,
    #[error("the server's certificate comes from an unknown issuer")]
    UnknownIssuer,
    #[error("the server's certificate is not valid")]
    Certificate,
    #[error("the server does not speak TLS as expected")]
    Handshake,
}

impl Trouble {
    /// Reads an error that came instead of a response.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        if error.is_connect() {
            return Self::connecting(error);
        }

        match io_kind(error) {
            _ if error.is_timeout() => Self::Timeout,
            Some(io::ErrorKind::ConnectionReset) => Self::Reset,
            _ => Self::Ended,
        }
    }

    /// Reads an error that came instead of the rest of a body.
    pub(crate) fn of_body(error: &reqwest::Error) -> Self {
        match io_kind(error) {
            _ if error.is_timeout() => Self::Timeout,
            Some(io::ErrorKind::ConnectionReset) => Self::Reset,
            _ => Self::Cut,
        }
    }

    fn connecting(error: &reqwest::Error) -> Self {
        // First, because it is wrapped in an input error and would look like one.
        if let Some(tls) = chain(error).find_map(tls) {
            Self::Tls(tls)
        } else if chain(error).any(<dyn Error>::is::<Forbidden>) {
            Self::Forbidden
        } else if error.is_dns() {
            Self::Name
        } else if error.is_timeout() {
            Self::ConnectTimeout
        } else if io_kind(error) == Some(io::ErrorKind::ConnectionRefused) {
            Self::Refused
        } else {
            Self::Connect
        }
    }

    /// Set only when it is certain that nothing of the request left this machine.
    pub(crate) const fn not_sent(self) -> Option<NotSent> {
        match self {
            // The library writes a request only to a connection that stands.
            Self::NoRequest
            | Self::Name
            | Self::Forbidden
            | Self::Refused
            | Self::ConnectTimeout
            | Self::Connect => Some(NotSent::Connect),
            Self::Tls(_) => Some(NotSent::Tls),
            // The server may have read it all.
            Self::Timeout | Self::Reset | Self::Ended | Self::Cut | Self::TooLarge => None,
        }
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The innermost kind of an input or output error.
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .map(|error| inner(error).kind())
        .last()
}

/// An `io::Error` hides the error it wraps from `source()`.
fn inner(error: &io::Error) -> &io::Error {
    let wrapped = error
        .get_ref()
        .and_then(|error| error.downcast_ref::<io::Error>());
    wrapped.map_or(error, inner)
}

/// Whether this error comes from a TLS handshake: the library wraps its errors into `io::Error`.
fn tls(error: &(dyn Error + 'static)) -> Option<TlsTrouble> {
    let outer = error.downcast_ref::<io::Error>()?;
    let nested = outer.get_ref()?.downcast_ref::<io::Error>()?;
    let cause = inner(nested)
        .get_ref()
        .and_then(|error| error.downcast_ref::<rustls::Error>());
    Some(cause.map_or(TlsTrouble::Handshake, TlsTrouble::of))
}

impl TlsTrouble {
    const fn of(error: &rustls::Error) -> Self {
        use CertificateError as Bad;
        let rustls::Error::InvalidCertificate(bad) = error else {
            return Self::Handshake;
        };

        match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => Self::WrongName,
            Bad::UnknownIssuer => Self::UnknownIssuer,
            _ => Self::Certificate,
        }
    }
}
