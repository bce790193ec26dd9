//! The few files that the pages need. They are part of the program; their addresses change with
//! their content, so that browsers may keep them for ever.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::http::extract::Path;

const STYLE: &str = include_str!("static/app.css");
const SCRIPT: &str = include_str!("static/live.js");
const ICON: &str = include_str!("static/icon.svg");

const FOR_EVER: &str = "public, max-age=31536000, immutable";

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| path("app", "css", STYLE));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| path("live", "js", SCRIPT));
static ICON_PATH: LazyLock<String> = LazyLock::new(|| path("icon", "svg", ICON));

/// The address of the style sheet.
#[must_use]
pub fn style() -> &'static str {
    &STYLE_PATH
}

/// The address of the script.
#[must_use]
pub fn script() -> &'static str {
    &SCRIPT_PATH
}

/// The address of the icon.
#[must_use]
pub fn icon() -> &'static str {
    &ICON_PATH
}

fn path(name: &str, kind: &str, content: &str) -> String {
    let mut path = format!("/static/{name}-");
    for byte in &Sha256::digest(content.as_bytes())[..6] {
        // Writing into a String cannot fail.
        let _: std::fmt::Result = write!(path, "{byte:02x}");
    }
    path.push('.');
    path.push_str(kind);
    path
}

/// `GET /static/{file}`
pub(super) async fn file(Path(file): Path<String>) -> Response {
    let files = [
        (style(), STYLE, "text/css; charset=utf-8"),
        (script(), SCRIPT, "text/javascript; charset=utf-8"),
        (icon(), ICON, "image/svg+xml"),
    ];
    let wanted = format!("/static/{file}");
    let found = files.into_iter().find(|(path, ..)| *path == wanted);
    match found {
        Some((_, content, kind)) => (
            [
                (header::CONTENT_TYPE, kind),
                (header::CACHE_CONTROL, FOR_EVER),
            ],
            content,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
