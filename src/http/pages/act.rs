//! What people do to orders and brakes: a page that says what will happen, and the step itself.
//!
//! Nothing happens by GET. The second step carries what the first one showed (`Plan::seen`); where
//! the order stands elsewhere by then, nothing is done and the reader sees what would happen now.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    done::Done,
    format::Format,
    order,
    reader::{Chrome, Reader, Tab, html},
    sign,
    view::{Fact, Facts, Note, Show},
    words::{self, fill},
};
use crate::{
    http::{
        extract::{Form, Path, Query},
        problem::{Code, Problem},
    },
    order::{
        IntegrationId, OrderId,
        explain::Facts as OrderFacts,
        person::{self, Position, Refusal, Release, Resolution, Verdict},
    },
    store::{Acted, Person, Scope},
};

/// A value that the second step hands back.
pub(super) struct Hidden {
    pub(super) name: &'static str,
    pub(super) value: String,
}

/// The page between the wish and the step.
#[derive(Template)]
#[template(path = "confirm.html")]
pub(super) struct Confirm {
    pub(super) c: Chrome,
    pub(super) note: Option<Note>,
    pub(super) facts: Vec<Fact>,
    pub(super) will: Option<String>,
    pub(super) path: String,
    pub(super) hidden: Vec<Hidden>,
    pub(super) signs: bool,
    pub(super) who: String,
    pub(super) why: String,
    pub(super) button: &'static str,
    pub(super) back: String,
}

/// What the second step says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Signed {
    #[serde(default)]
    who: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    panel: String,
}

/// A step for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Retry,
    Resolve(Verdict),
}

/// What a step would do, as things stand.
#[derive(Debug)]
enum Plan {
    Release(Release),
    Resolve(Position, Resolution),
}

impl Wish {
    fn resolve(verdict: &str) -> Result<Self, Problem> {
        let verdict = match verdict {
            "bought" => Verdict::Bought,
            "not-bought" => Verdict::NotBought,
            "send-again" => Verdict::SendAgain,
            _ => {
                return Err(Problem::invalid(
                    "verdict",
                    "must be bought, not-bought or send-again",
                ));
            }
        };
        Ok(Self::Resolve(verdict))
    }

    const fn verdict(self) -> Option<&'static str> {
        match self {
            Self::Retry => None,
            Self::Resolve(Verdict::Bought) => Some("bought"),
            Self::Resolve(Verdict::NotBought) => Some("not-bought"),
            Self::Resolve(Verdict::SendAgain) => Some("send-again"),
        }
    }

    const fn title(self, format: &Format) -> &'static str {
        let act = &format.words().act;
        match self {
            Self::Retry => act.retry,
            Self::Resolve(Verdict::Bought) => act.bought,
            Self::Resolve(Verdict::NotBought) => act.not_bought,
            Self::Resolve(Verdict::SendAgain) => act.send_again,
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Resolve(_) => "resolve",
        }
    }

    fn plan(self, order: OrderId, facts: &OrderFacts) -> Result<Plan, Refusal> {
        match self {
            Self::Retry => person::retry(order, facts).map(Plan::Release),
            Self::Resolve(verdict) => person::resolve(order, facts, verdict)
                .map(|(from, resolution)| Plan::Resolve(from, resolution)),
        }
    }
}

impl Plan {
    /// All that the step depends on.
    fn seen(&self) -> String {
        match self {
            Self::Release(release) => {
                format!("{:?} {} {}", release.from, release.panel, release.reference)
            }
            Self::Resolve(from, resolution) => format!("{from:?} {resolution:?}"),
        }
    }

    fn will(&self, facts: &OrderFacts, format: &Format) -> String {
        let act = &format.words().act;
        let known = facts.tracked.as_ref();
        let name = known.and_then(|known| known.reference.as_ref());
        let name = name.map_or_else(String::new, ToString::to_string);
        match self {
            Self::Release(release) => fill(
                act.will_retry,
                &[
                    ("panel", &format.outside(&release.panel_name)),
                    ("reference", release.reference.as_str()),
                ],
            ),
            Self::Resolve(_, Resolution::Watch) => fill(act.will_watch, &[("reference", &name)]),
            Self::Resolve(_, Resolution::SendAgain) => {
                fill(act.will_send_again, &[("reference", &name)])
            }
            Self::Resolve(_, Resolution::Complete) => act.will_complete.to_owned(),
            Self::Resolve(_, Resolution::Fail) => act.will_fail.to_owned(),
        }
    }
}

/// `GET /orders/{id}/retry`
pub(super) async fn ask_retry(reader: Reader, Path(id): Path<Uuid>) -> Result<Response, Problem> {
    ask(&reader, OrderId(id), Wish::Retry, None, &Signed::default()).await
}

/// `POST /orders/{id}/retry`
pub(super) async fn retry(
    reader: Reader,
    Path(id): Path<Uuid>,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    act(&reader, OrderId(id), Wish::Retry, &signed).await
}

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    verdict: String,
}

/// `GET /orders/{id}/resolve?verdict=`
pub(super) async fn ask_resolve(
    reader: Reader,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let wish = Wish::resolve(&asked.verdict)?;
    ask(&reader, OrderId(id), wish, None, &Signed::default()).await
}

/// `POST /orders/{id}/resolve`
pub(super) async fn resolve(
    reader: Reader,
    Path(id): Path<Uuid>,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    let wish = Wish::resolve(&signed.verdict)?;
    act(&reader, OrderId(id), wish, &signed).await
}

async fn facts(reader: &Reader, order: OrderId) -> Result<OrderFacts, Problem> {
    let settings = reader.world.config.explaining();
    let facts = reader
        .world
        .store
        .facts(order, settings, reader.now())
        .await?;
    if facts.shop.is_none() && facts.tracked.is_none() {
        return Err(Problem::new(Code::NotFound, "there is no such order"));
    }
    Ok(facts)
}

/// Says what would happen, and why nothing has happened yet.
async fn ask(
    reader: &Reader,
    order: OrderId,
    wish: Wish,
    note: Option<&'static str>,
    signed: &Signed,
) -> Result<Response, Problem> {
    let format = &reader.format;
    let facts = facts(reader, order).await?;
    let plan = wish.plan(order, &facts);
    let refused = plan
        .as_ref()
        .err()
        .map(|why| words::refusal(why, format.lang));
    let bad = refused.is_some() || note.is_some();
    let mut hidden = Vec::new();
    hidden.extend(plan.as_ref().ok().map(|plan| Hidden {
        name: "seen",
        value: plan.seen(),
    }));
    hidden.extend(wish.verdict().map(|verdict| Hidden {
        name: "verdict",
        value: verdict.to_owned(),
    }));
    let page = Confirm {
        c: reader.chrome(Tab::Orders, wish.title(format)),
        note: refused
            .or_else(|| note.map(ToOwned::to_owned))
            .map(|text| Note::new(text, "bad")),
        facts: order_facts(reader, order, &facts).await?,
        will: plan.ok().map(|plan| plan.will(&facts, format)),
        path: format!("{}/{}", order::path_of(order), wish.path()),
        hidden,
        signs: true,
        who: name_of(signed, reader),
        why: signed.why.clone(),
        button: format.words().act.confirm,
        back: order::path_of(order),
    };
    Ok((status(bad), html(&page)?).into_response())
}

pub(super) const fn status(refused: bool) -> StatusCode {
    if refused {
        StatusCode::CONFLICT
    } else {
        StatusCode::OK
    }
}

fn name_of(signed: &Signed, reader: &Reader) -> String {
    if signed.who.is_empty() {
        reader.signed_last()
    } else {
        signed.who.clone()
    }
}

/// What the decision is about.
async fn order_facts(
    reader: &Reader,
    order: OrderId,
    facts: &OrderFacts,
) -> Result<Vec<Fact>, Problem> {
    let format = &reader.format;
    let page = &format.words().page;
    let sheet = reader.world.store.order_sheet(order).await?;
    let known = facts.tracked.as_ref();
    let reference = known.and_then(|known| known.reference.as_ref());
    let number = sheet.as_ref().and_then(|sheet| sheet.order_no);
    let text = |of: fn(&crate::store::OrderSheet) -> Option<String>| sheet.as_ref().and_then(of);
    Ok(Facts::default()
        .with(page.order, Show::Text(order::title(order, number, format)))
        .maybe(page.reference, reference, |name| {
            Show::Code(name.to_string())
        })
        .maybe(
            page.package,
            text(|sheet| sheet.package.clone()),
            Show::Text,
        )
        .maybe(page.player, text(|sheet| sheet.player.clone()), Show::Text)
        .maybe(page.why, known.and_then(|known| known.held), |held| {
            Show::Text(format.lang.pick(words::hold(held)).to_owned())
        })
        .all())
}

/// Does it, if things stand as they were shown.
async fn act(
    reader: &Reader,
    order: OrderId,
    wish: Wish,
    signed: &Signed,
) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let Some(person) = sign::person(&signed.who, &signed.why) else {
        return ask(reader, order, wish, Some(words.incomplete), signed).await;
    };
    let facts = facts(reader, order).await?;
    let plan = wish.plan(order, &facts);
    let plan = match plan {
        Ok(plan) if plan.seen() == signed.seen => plan,
        Ok(_) => return ask(reader, order, wish, Some(words.changed), signed).await,
        Err(_) => return ask(reader, order, wish, None, signed).await,
    };
    let (acted, done) = carry_out(reader, order, plan, &person).await?;
    tracing::info!(%order, who = person.who, why = person.why, what = wish.path(), ?acted, "a person decided on the page");
    match acted {
        Acted::Done => Ok(told(done, &order::path_of(order), Some(&person))),
        Acted::ShopRowRefused => {
            let done = Done::ResolvedInPart;
            Ok(told(done, &order::path_of(order), Some(&person)))
        }
        Acted::Changed => ask(reader, order, wish, Some(words.changed), signed).await,
        Acted::Busy => ask(reader, order, wish, Some(words.busy), signed).await,
    }
}

async fn carry_out(
    reader: &Reader,
    order: OrderId,
    plan: Plan,
    person: &Person,
) -> Result<(Acted, Done), Problem> {
    let store = &reader.world.store;
    let now = reader.now();
    let give_up_at = reader.world.config.give_up_at(now);
    Ok(match plan {
        Plan::Release(release) => {
            let acted = store.release(order, &release, person, now, give_up_at);
            (acted.await?, Done::Released)
        }
        Plan::Resolve(from, resolution) => {
            let step = (from, resolution);
            let acted = store.resolve(order, step, person, now, give_up_at);
            (acted.await?, Done::Resolved)
        }
    })
}

/// On to the page that says that it was done.
pub(super) fn told(done: Done, path: &str, person: Option<&Person>) -> Response {
    let mut response = Redirect::to(&done.told_at(path)).into_response();
    if let Some(cookie) = person.and_then(sign::remember) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A brake, on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brake {
    On,
    Off,
}

#[derive(Deserialize)]
pub(super) struct Where {
    #[serde(default)]
    panel: String,
}

/// `GET /brakes/pause?panel=`
pub(super) async fn ask_pause(
    reader: Reader,
    Query(place): Query<Where>,
) -> Result<Response, Problem> {
    ask_brake(&reader, Brake::On, &place.panel, None, &Signed::default()).await
}

/// `GET /brakes/resume?panel=`
pub(super) async fn ask_resume(
    reader: Reader,
    Query(place): Query<Where>,
) -> Result<Response, Problem> {
    ask_brake(&reader, Brake::Off, &place.panel, None, &Signed::default()).await
}

/// `POST /brakes/pause`
pub(super) async fn pause(reader: Reader, Form(signed): Form<Signed>) -> Result<Response, Problem> {
    brake(&reader, Brake::On, &signed).await
}

/// `POST /brakes/resume`
pub(super) async fn resume(
    reader: Reader,
    Form(signed): Form<Signed>,
) -> Result<Response, Problem> {
    brake(&reader, Brake::Off, &signed).await
}

/// The panel that is meant, with its name; a brake outlives its panel and must come off all the same.
async fn scope(reader: &Reader, panel: &str, wish: Brake) -> Result<(Scope, String), Problem> {
    let words = reader.words();
    if panel.is_empty() {
        return Ok((Scope::All, words.act.where_all.to_owned()));
    }
    let unknown = || Problem::new(Code::NotFound, "there is no such panel");
    let id = Uuid::parse_str(panel).map_err(|_| unknown())?;
    let id = IntegrationId(id);
    let store = &reader.world.store;
    let known = store.known_panels().await?;
    if let Some(panel) = known.into_iter().find(|panel| panel.id == id) {
        return Ok((Scope::Panel(id), panel.name));
    }
    let left = wish == Brake::Off
        && store
            .brakes()
            .await?
            .iter()
            .any(|brake| brake.scope == Scope::Panel(id));
    let gone = fill(words.page.panel_gone, &[("id", &id.to_string())]);
    left.then_some((Scope::Panel(id), gone)).ok_or_else(unknown)
}

async fn ask_brake(
    reader: &Reader,
    wish: Brake,
    panel: &str,
    note: Option<&'static str>,
    signed: &Signed,
) -> Result<Response, Problem> {
    let (_, place) = scope(reader, panel, wish).await?;
    let words = reader.words();
    let (title, will, path) = match wish {
        Brake::On => (words.act.pause, words.act.will_pause, "/brakes/pause"),
        Brake::Off => (words.act.resume, words.act.will_resume, "/brakes/resume"),
    };
    let page = Confirm {
        c: reader.chrome(Tab::Overview, title),
        note: note.map(|text| Note::new(text, "bad")),
        facts: Vec::new(),
        will: Some(fill(will, &[("place", &reader.format.outside(&place))])),
        path: path.to_owned(),
        hidden: vec![Hidden {
            name: "panel",
            value: panel.to_owned(),
        }],
        signs: true,
        who: name_of(signed, reader),
        why: signed.why.clone(),
        button: title,
        back: "/".to_owned(),
    };
    Ok((status(note.is_some()), html(&page)?).into_response())
}

async fn brake(reader: &Reader, wish: Brake, signed: &Signed) -> Result<Response, Problem> {
    let words = &reader.words().act;
    let Some(person) = sign::person(&signed.who, &signed.why) else {
        let note = Some(words.incomplete);
        return ask_brake(reader, wish, &signed.panel, note, signed).await;
    };
    let (scope, _) = scope(reader, &signed.panel, wish).await?;
    let store = &reader.world.store;
    let now = reader.now();
    let done = match wish {
        Brake::On if store.pause(scope, &person, now).await? => Done::Paused,
        Brake::On => Done::PausedBefore,
        Brake::Off if store.resume(scope, &person, now).await? => Done::Resumed,
        Brake::Off => Done::ResumedBefore,
    };
    tracing::info!(
        ?scope,
        who = person.who,
        why = person.why,
        done = done.as_str(),
        "a person used a brake on the page"
    );
    Ok(told(done, "/", Some(&person)))
}
