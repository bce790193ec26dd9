//! The few files that the pages need. They are part of the program; their addresses change with
//! their content, so that browsers may keep them for ever.

use std::{fmt::Write as _, sync::LazyLock};

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::http::extract::Path;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[derive(Debug)]
pub(crate) struct Asset {
    pub(crate) path: String,
    content: &'static str,
    media_type: &'static str,
}

pub(crate) static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("static/app.css");
    Asset::new(("app", "css"), content, "text/css; charset=utf-8")
});
pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("static/live.js");
    Asset::new(("live", "js"), content, "text/javascript; charset=utf-8")
});
pub(crate) static SELECT: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("static/select.js");
    Asset::new(("select", "js"), content, "text/javascript; charset=utf-8")
});
pub(crate) static ICON: LazyLock<Asset> = LazyLock::new(|| {
    let content = include_str!("static/icon.svg");
    Asset::new(("icon", "svg"), content, "image/svg+xml")
});

impl Asset {
    fn new((name, suffix): (&str, &str), content: &'static str, media_type: &'static str) -> Self {
        let mut hash = String::new();
        // The beginning is enough to tell the versions of one file apart.
        for byte in &Sha256::digest(content.as_bytes())[..6] {
            // Writing into a String cannot fail.
            let _: std::fmt::Result = write!(hash, "{byte:02x}");
        }

        Self {
            path: format!("/static/{name}-{hash}.{suffix}"),
            content,
            media_type,
        }
    }
}

/// `GET /static/{file}`
pub(super) async fn file(Path(file): Path<String>) -> Response {
    let wanted = format!("/static/{file}");
    let files = [&STYLE, &SCRIPT, &SELECT, &ICON];
    // An old address is not found: other content under it would be kept for ever.
    match files.into_iter().find(|asset| asset.path == wanted) {
        Some(asset) => (
            [
                (header::CONTENT_TYPE, asset.media_type),
                (header::CACHE_CONTROL, FOR_EVER),
            ],
            asset.content,
        )
            .into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
