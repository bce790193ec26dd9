//! `[http]`

use std::net::SocketAddr;

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};

use super::read::Section;

/// Anything shorter can be guessed.
const SHORTEST_TOKEN: usize = 16;
const LONGEST_TOKEN: usize = 512;

/// The page, the API and the metrics.
#[derive(Clone, Debug)]
pub struct Http {
    /// Whether they are served.
    pub enabled: bool,
    /// Where; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What has to be shown. Without one, `listen` is of this machine alone.
    pub token: Option<SecretString>,
    /// Of the times on the page.
    pub time_zone: Tz,
}

impl Http {
    /// The token, for the log to mask.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> {
        self.token.iter().cloned()
    }

    /// `None` only together with a fault.
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let enabled = section.bool("enabled");
        let listen = section.parsed("listen", listen);
        let before = section.reader().fault_count();
        let token = token(&mut section);
        let token_is_sound = section.reader().fault_count() == before;
        let time_zone = section.parsed("time_zone", |text| {
            text.parse().map_err(|_| {
                "must be the name of a time zone, such as \"Europe/Istanbul\"".to_owned()
            })
        });
        let listen = listen?;
        if enabled && token_is_sound && token.is_none() && !is_loopback(listen) {
            section.reader().contradiction(
                &["http.listen", "http.token"],
                format!(
                    "does not fit: http.listen ({listen}) can be reached from other machines, and no http.token \
                     is set; set http.token_file, or listen at 127.0.0.1:{}",
                    listen.port()
                ),
            );
        }
        Some(Self {
            enabled,
            listen,
            token,
            time_zone: time_zone?,
        })
    }
}

/// Whether only this machine can reach the address.
fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "must be an address of this machine with a port, such as \"127.0.0.1:8787\" or \"[::1]:8787\""
            .to_owned()
    })
}

fn token(section: &mut Section<'_, '_>) -> Option<SecretString> {
    let (token, name) = section.secret("token")?;
    let text = token.expose_secret();
    // It travels in a header, and people paste it into a form.
    let message = if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "must consist of ASCII letters, digits and signs, without blanks".to_owned()
    } else if text.len() < SHORTEST_TOKEN {
        format!(
            "is too short: at least {SHORTEST_TOKEN} characters, such as `openssl rand -hex 32` prints"
        )
    } else if text.len() > LONGEST_TOKEN {
        format!("is too long: at most {LONGEST_TOKEN} characters")
    } else {
        return Some(token);
    };
    section.fault(&name, message);
    None
}
