//! Who acts and why: kept for ever with everything that a person does.

use clap::Args;

use crate::{store::Person, worker::signature::words};

#[derive(Args, Debug)]
pub(super) struct Signature {
    /// Why; kept with the order and shown to whoever asks later.
    #[arg(long, value_name = "TEXT", value_parser = words)]
    reason: String,
    #[command(flatten)]
    by: By,
}

#[derive(Args, Debug)]
pub(super) struct By {
    /// Who acts; otherwise the login name, behind sudo that of the caller.
    #[arg(long = "by", value_name = "NAME", value_parser = words)]
    name: Option<String>,
}

impl Signature {
    pub(super) fn person(&self) -> Person {
        Person {
            who: self.by.name(),
            why: self.reason.clone(),
        }
    }
}

impl By {
    /// Who acts without having to say why.
    pub(super) fn person(&self) -> Person {
        Person {
            who: self.name(),
            why: String::new(),
        }
    }

    fn name(&self) -> String {
        who(self.name.as_deref(), |name| std::env::var(name).ok())
    }
}

fn who(given: Option<&str>, variable: impl Fn(&str) -> Option<String>) -> String {
    let login = |name| {
        let value = variable(name)?;
        words(&value).ok()
    };
    // Behind sudo the caller is meant: root says nothing about who acted.
    given
        .map(ToOwned::to_owned)
        .or_else(|| login("SUDO_USER"))
        .or_else(|| login("USER"))
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_given_then_the_login_behind_sudo_then_the_login() {
        let both = |name: &str| match name {
            "SUDO_USER" => Some("ayse".to_owned()),
            "USER" => Some("root".to_owned()),
            _ => None,
        };
        let user = |name: &str| (name == "USER").then(|| "mehmet".to_owned());
        let blank = |_: &str| Some("  ".to_owned());
        assert_eq!(who(Some("can"), both), "can");
        assert_eq!(who(None, both), "ayse");
        assert_eq!(who(None, user), "mehmet");
        assert_eq!(who(None, blank), "unknown");
        assert_eq!(who(None, |_| None), "unknown");
    }
}
