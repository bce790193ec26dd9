//! Words about a person, which no log and no error may show.

use std::fmt;

/// A name, an address or what a customer wrote. `Debug` shows only that there is something.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Personal(String);

impl Personal {
    /// For the database, where it belongs; not for logs or errors.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Personal {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "***" })
    }
}

#[cfg(test)]
mod tests {
    use super::Personal;

    #[test]
    fn a_log_shows_only_that_there_is_something() {
        let name = Personal::from("Ayşe".to_owned());
        assert_eq!(name.expose(), "Ayşe");
        assert_eq!(format!("{name:?}"), "***");
        assert_eq!(format!("{:?}", Personal::default()), "\"\"");
    }
}
