//! Everything below a path of a proxy: `http.base_path`.
//!
//! Inside, all addresses begin at the root. Here the path is taken off what comes in and put before what a browser is
//! led to; a page puts it before its links as `c.base`, and a script finds them by its own address.
//!
//! What must stay true: the path is that of the configuration. No header of a request (`X-Forwarded-Prefix`) leads a
//! browser anywhere.

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::Response,
};

use crate::config::BasePath;

/// Serves it at the root and, where there is a path, below that too: a proxy takes it off or hands it on, and who
/// asks the port itself (probes, Prometheus) needs none.
pub(super) fn mount(app: Router, base: &BasePath) -> Router {
    let app = app.layer(middleware::from_fn_with_state(base.clone(), lead));
    if base.is_root() {
        return app;
    }
    Router::new()
        .nest_service(base.as_str(), app.clone())
        .fallback_service(app)
}

/// Redirects and cookies, which are written without the path.
async fn lead(State(base): State<BasePath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;

    for (name, value) in response.headers_mut() {
        let Ok(text) = value.to_str() else { continue };
        let led = if name == header::LOCATION {
            format!("{base}{text}")
        } else if name == header::SET_COOKIE {
            // Other applications under the same name do not get it.
            let path = if base.is_root() { "/" } else { base.as_str() };
            format!("{text}; Path={path}")
        } else {
            continue;
        };

        // Neither part has a sign that a header refuses.
        if let Ok(led) = HeaderValue::from_str(&led) {
            *value = led;
        }
    }

    response
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn files(folder: &Path, suffix: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, suffix, found);
            } else if path.extension().is_some_and(|it| it == suffix) {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }

    /// What follows a mark in the files of a folder, to the next quote.
    fn marked(folder: &str, suffix: &str, marks: &[&str]) -> Vec<String> {
        let mut texts = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        files(&root.join(folder), suffix, &mut texts);
        let mut found = Vec::new();
        for (text, mark) in texts
            .iter()
            .flat_map(|text| marks.iter().map(move |m| (text, m)))
        {
            let rest = text.split(mark).skip(1);
            found.extend(rest.filter_map(|rest| rest.split('"').next().map(str::to_owned)));
        }
        found
    }

    #[test]
    fn every_link_of_a_template_begins_with_the_base_path() {
        let marks = ["href=\"", "action=\"", "src=\"", "data-address=\""];
        let links = marked("templates", "html", &marks);
        assert!(links.len() > 20, "{links:?}");
        for link in links {
            let inside = link.starts_with('#');
            assert!(inside || link.starts_with("{{ c.base }}"), "{link}");
        }
    }

    #[test]
    fn no_base_path_hides_an_address_of_ours() {
        let routes = marked("src/http", "rs", &[".route(\"", ".nest(\""]);
        let hooks = crate::config::HOOKS_PATH.to_owned();
        let routes: Vec<_> = routes.into_iter().chain([hooks]).collect();
        assert!(routes.len() > 20, "{routes:?}");
        // Those of the API stand below its own.
        let below_root = |route: &&String| !route.starts_with("/api/v1/");
        for route in routes
            .iter()
            .filter(below_root)
            .filter(|route| *route != "/")
        {
            let first = route.split('/').nth(1).unwrap();
            assert!(BasePath::parse(&format!("/{first}")).is_err(), "{route}");
        }
    }
}
