//! `[log]`

use super::read::Section;
use crate::telemetry::{Filter, Format};

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// Which events are logged.
    pub level: Filter,
    /// In which form.
    pub format: Format,
}

impl Log {
    pub(super) fn read(mut section: Section<'_, '_>) -> Option<Self> {
        let level = section.parsed("level", |text| {
            Filter::parse(text).map_err(|error| error.to_string())
        });
        let format = section.choice(
            "format",
            Format::Auto,
            &[
                ("auto", Format::Auto),
                ("pretty", Format::Pretty),
                ("json", Format::Json),
            ],
        );
        Some(Self {
            level: level?,
            format,
        })
    }
}
