//! Who reads a page (language, time, world), and what every page has around its content.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, Uri, request::Parts},
    response::Html,
};
use chrono::{DateTime, Utc};

use super::{done::Done, format::Format, view::Note, words::Words};
use crate::{
    config::BasePath,
    http::{
        AppState, World,
        auth::Caller,
        problem::{Code, Problem},
    },
    telemetry::chain,
    text::Lang,
};

/// A page of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Overview,
    /// What needs review.
    Inbox,
    Orders,
    Panels,
    Money,
    Jobs,
    Stock,
    Packages,
    Charts,
}

impl Tab {
    const ALL: [Self; 9] = [
        Self::Overview,
        Self::Inbox,
        Self::Orders,
        Self::Panels,
        Self::Money,
        Self::Jobs,
        Self::Stock,
        Self::Packages,
        Self::Charts,
    ];

    /// Its address, and its name in the menu.
    const fn item(self, words: Words) -> (&'static str, &'static str) {
        let page = &words.page;
        match self {
            Self::Overview => ("/", page.overview),
            Self::Inbox => ("/inbox", page.inbox),
            Self::Orders => ("/orders", page.orders),
            Self::Panels => ("/panels", page.panels),
            Self::Money => ("/money", page.money),
            Self::Jobs => ("/jobs", page.jobs),
            Self::Stock => ("/stock", page.stock),
            Self::Packages => ("/packages", page.packages),
            Self::Charts => ("/charts", page.charts),
        }
    }

    const fn is_of_the_shop(self) -> bool {
        matches!(
            self,
            Self::Inbox | Self::Orders | Self::Panels | Self::Money
        )
    }
}

/// Who reads, and what there is to read.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) world: Arc<World>,
    pub(crate) format: Format,
    pub(crate) caller: Caller,
    uri: Uri,
    headers: HeaderMap,
}

impl FromRequestParts<AppState> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let world = state.world()?;
        // The guard has put it there; where none ran, nobody is trusted.
        let caller = parts.extensions.get().copied().unwrap_or(Caller::Anybody);
        let format = Format {
            lang: lang_of(&parts.uri, &parts.headers),
            zone: world.config.http.time_zone,
            now: world.clock.now(),
            plain: false,
        };

        Ok(Self {
            world,
            format,
            caller,
            uri: parts.uri.clone(),
            headers: parts.headers.clone(),
        })
    }
}

#[must_use]
pub(crate) fn lang_of(uri: &Uri, headers: &HeaderMap) -> Lang {
    Lang::of(asked(uri).as_deref(), headers)
}

/// `?lang=`
pub(super) fn asked(uri: &Uri) -> Option<String> {
    let pairs = uri
        .query()?
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    // The last one counts: the links to other languages put theirs at the end.
    let mut asked = pairs.filter(|(name, _)| *name == "lang");
    asked.next_back().map(|(_, value)| value.to_owned())
}

impl Reader {
    #[must_use]
    pub(crate) const fn words(&self) -> Words {
        self.format.words()
    }

    /// The time of the page.
    #[must_use]
    pub(crate) const fn now(&self) -> DateTime<Utc> {
        self.format.now
    }

    /// The surroundings of a page that was read just now.
    #[must_use]
    pub(crate) fn chrome(&self, tab: Tab, title: impl Into<String>) -> Chrome {
        self.chrome_of(tab, title, self.now())
    }

    /// The surroundings of a page that was read at that time.
    #[must_use]
    pub(crate) fn chrome_of(
        &self,
        tab: Tab,
        title: impl Into<String>,
        read_at: DateTime<Utc>,
    ) -> Chrome {
        let base = &self.world.config.http.base_path;
        let mut chrome = Chrome::new(self.format.lang, title.into(), &self.uri, base);

        let words = self.words();
        let shop = self.world.config.shop.enabled;
        chrome.menu = Tab::ALL
            .into_iter()
            // Without a shop there is nothing behind them, and `shop::guard` answers 404.
            .filter(|item| shop || !item.is_of_the_shop())
            .map(|item| {
                let (href, name) = item.item(words);
                let current = item == tab;
                MenuItem {
                    href,
                    name,
                    current,
                }
            })
            .collect();

        // A token and this machine have no session that could be ended.
        chrome.can_sign_out = self.caller == Caller::Session;

        let time = self.format.time(read_at);
        chrome.read_at = words.page.as_of(&time);
        chrome.cut_off = words.page.cut_off(&time);
        chrome.times = words.page.times_in(self.format.zone.name());

        let done = self.uri.query().and_then(Done::of_query);
        chrome.note = done.map(|done| done.note(words));
        chrome
    }

    /// The name that somebody signed with last.
    #[must_use]
    pub(crate) fn signed_last(&self) -> String {
        super::sign::remembered(&self.headers).unwrap_or_default()
    }
}

/// What every page has around it.
#[derive(Debug)]
pub(crate) struct Chrome {
    /// Before every address on the page.
    pub(crate) base: BasePath,
    pub(crate) lang: Lang,
    pub(crate) w: Words,
    /// What the page is about.
    pub(crate) title: String,
    /// The other pages; none where nobody is let in yet.
    pub(crate) menu: Vec<MenuItem>,
    pub(crate) languages: Vec<Language>,
    /// Whether there is a session to end.
    pub(crate) can_sign_out: bool,
    /// What was just done.
    pub(crate) note: Option<Note>,
    /// Where the page can be read again, if not under its own address.
    pub(crate) address: Option<String>,
    pub(crate) version: String,
    /// The zone of the times.
    pub(crate) times: String,
    /// When the page was read.
    pub(crate) read_at: String,
    /// What is said when it cannot be read again.
    pub(crate) cut_off: String,
}

/// A page of the menu.
#[derive(Debug)]
pub(crate) struct MenuItem {
    pub(crate) href: &'static str,
    pub(crate) name: &'static str,
    /// Whether it is the one that is shown.
    pub(crate) current: bool,
}

/// A language to choose.
#[derive(Debug)]
pub(crate) struct Language {
    pub(crate) code: &'static str,
    /// What it calls itself.
    pub(crate) name: &'static str,
    /// The same page in it.
    pub(crate) href: String,
    /// Whether it is the one that is shown.
    pub(crate) current: bool,
}

impl Chrome {
    /// Without a menu.
    #[must_use]
    pub(crate) fn new(lang: Lang, title: String, uri: &Uri, base: &BasePath) -> Self {
        let words = lang.words();
        let languages = Lang::ALL.into_iter().map(|language| Language {
            code: language.code(),
            name: language.name(),
            href: same_page(uri, language),
            current: language == lang,
        });

        Self {
            base: base.clone(),
            lang,
            w: words,
            title,
            menu: Vec::new(),
            languages: languages.collect(),
            can_sign_out: false,
            note: None,
            address: None,
            version: words.page.version(env!("CARGO_PKG_VERSION")),
            times: String::new(),
            read_at: String::new(),
            cut_off: String::new(),
        }
    }
}

/// The address of this page in another language.
fn same_page(uri: &Uri, lang: Lang) -> String {
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        // What was just done is not said a second time.
        !pair.is_empty() && name != "lang" && name != "done"
    });

    let mut query: Vec<&str> = kept.collect();
    let choice = format!("lang={}", lang.code());
    query.push(&choice);
    format!("{}?{}", uri.path(), query.join("&"))
}

/// Renders a page.
pub(crate) fn html(page: &impl Template) -> Result<Html<String>, Problem> {
    page.render().map(Html).map_err(|error| {
        tracing::error!(error = chain(&error), "a page cannot be written");
        Problem::new(Code::Internal, "the log of orderwatch says what went wrong")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_language_is_the_same_page() {
        let page = |uri: &str| same_page(&uri.parse().unwrap(), Lang::Tr);
        assert_eq!(page("/"), "/?lang=tr");
        assert_eq!(page("/orders?q=a%20b&lang=ar"), "/orders?q=a%20b&lang=tr");
        assert_eq!(page("/orders/1?done=retry"), "/orders/1?lang=tr");
        let lang = |uri: &str| asked(&uri.parse().unwrap());
        assert_eq!(lang("/?lang=ar&lang=tr").as_deref(), Some("tr"));
        assert_eq!(lang("/?language=ar"), None);
    }
}
