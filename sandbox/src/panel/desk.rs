//! The desk: takes a request, lets happen to it what the plan says, and answers.

use std::collections::HashMap;

use tokio::time::Instant;

use super::{
    Endpoint, Ledger, PanelPlan, Product, StatusMode,
    answer::Words,
    books::{Books, Terms},
    call::Call,
    catalogue,
    style::packed,
};
use crate::{
    faults::Faults,
    gates::Gates,
    http::{Answer, Greeting, Reply, Request, Service},
    pin::pin,
    traffic::InFlight,
    turn::Turn,
};

pub(super) struct Desk {
    plan: PanelPlan,
    passwords: HashMap<String, String>,
    ledger: Ledger,
    faults: Faults<Endpoint>,
    gates: Gates<Endpoint>,
}

impl Service for Desk {
    type Ticket = InFlight<{ Endpoint::ALL.len() }>;

    fn greet(&self) -> Greeting {
        self.faults.greet()
    }

    fn arrive(&self) -> Self::Ticket {
        self.ledger.enter()
    }

    async fn serve<'a>(&'a self, request: Request<'a>) -> Reply {
        let Some(endpoint) = Endpoint::at(request.path(), &self.plan.path_prefix) else {
            self.ledger.stray();
            return Reply::Send(Answer::page(404));
        };
        if request.method != "GET" {
            self.ledger.stray();
            return Reply::Send(Answer::page(405));
        }
        self.attend(endpoint, request).await
    }
}

impl Desk {
    pub(super) fn new(plan: PanelPlan) -> Self {
        let accounts = plan.accounts.iter();
        Self {
            passwords: accounts.map(|a| (a.kod.clone(), a.sifre.clone())).collect(),
            ledger: Ledger::new(&plan.accounts, plan.recording),
            faults: Faults::new(plan.seed, plan.faults.clone()),
            gates: Gates::default(),
            plan,
        }
    }

    pub(super) fn prefix(&self) -> &str {
        &self.plan.path_prefix
    }

    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(super) const fn faults(&self) -> &Faults<Endpoint> {
        &self.faults
    }

    pub(super) const fn gates(&self) -> &Gates<Endpoint> {
        &self.gates
    }

    pub(super) fn pin_of(&self, kod: &str, reference: &str) -> String {
        pin(self.plan.seed, kod, reference)
    }

    /// A request to one of the four endpoints, from its arrival to its answer.
    async fn attend(&self, endpoint: Endpoint, request: Request<'_>) -> Reply {
        let call = Call::read(endpoint, request.query());
        let draw = self.faults.draw(endpoint);
        let fault = draw.fault.as_ref();
        let seq = self
            .ledger
            .arrived(endpoint, &call, request.connection, fault);
        let style = &self.plan.style;

        let turn = Turn {
            endpoint,
            draw,
            gates: &self.gates,
            target: request.target,
            text: &|text| style.answer(style.bytes(text)),
        };

        turn.take(|| self.work(endpoint, &call, seq, &request))
            .await
    }

    /// Does what the call asks for and writes the answer.
    fn work(
        &self,
        endpoint: Endpoint,
        call: &Call<'_>,
        seq: Option<usize>,
        request: &Request<'_>,
    ) -> Answer {
        let words = self.words(endpoint, call, seq);
        let style = &self.plan.style;
        let answer = style.answer(self.body(&words));
        let unpacks = |value: &str| value.contains("gzip");
        if style.gzip && request.header("accept-encoding").is_some_and(unpacks) {
            return packed(answer).unwrap_or_else(|_| Answer::page(500));
        }

        answer
    }

    fn words(&self, endpoint: Endpoint, call: &Call<'_>, seq: Option<usize>) -> Words {
        let known = self.knows(call);
        match (endpoint, known) {
            (Endpoint::Purchase, true) => self.purchase(call, seq),
            (Endpoint::Status, true) => self.status(call, seq),
            (Endpoint::Balance, true) => self.balance(call, seq),
            (Endpoint::Catalogue, true) => self.say(seq, Words::Catalogue),
            (Endpoint::Purchase | Endpoint::Balance, false) => self.say(seq, Words::Nothing),
            (Endpoint::Status, false) => self.say(seq, Words::Refused("Bayi bulunamadı")),
            (Endpoint::Catalogue, false) => self.say(seq, Words::NoCatalogue),
        }
    }

    fn knows(&self, call: &Call<'_>) -> bool {
        let password = self.passwords.get(&*call.kod);
        password.is_some_and(|password| *password == call.sifre)
    }

    fn purchase(&self, call: &Call<'_>, seq: Option<usize>) -> Words {
        let product = match self.checked(call) {
            Ok(product) => product,
            Err(why) => return self.say(seq, Words::Refused(why)),
        };
        let terms = Terms {
            product,
            readiness: product.readiness.unwrap_or(self.plan.readiness),
            refuses_duplicates: self.plan.refuses_duplicates,
            now: Instant::now(),
        };
        self.ledger
            .work(seq, |books| books.sell(call, &terms), Words::said)
    }

    /// The product that is asked for, or why the call makes no sense.
    fn checked(&self, call: &Call<'_>) -> Result<&Product, &'static str> {
        let numeric =
            !call.reference.is_empty() && call.reference.bytes().all(|b| b.is_ascii_digit());
        if !numeric {
            return Err("Referans sayısal olmalıdır");
        }
        if call.player.trim().is_empty() {
            return Err("Oyuncu bilgisi boş olamaz");
        }
        let mut products = self.plan.products.iter();
        let product = products.find(|p| p.oyun == call.oyun && p.kupur == call.kupur);
        let product = product.ok_or("Oyun veya küpür bulunamadı")?;

        if product.available {
            Ok(product)
        } else {
            Err("Ürün stokta yok")
        }
    }

    fn status(&self, call: &Call<'_>, seq: Option<usize>) -> Words {
        let pin = || self.pin_of(&call.kod, &call.reference);
        match self.plan.status {
            StatusMode::AlwaysWaiting => self.say(seq, Words::Waiting),
            StatusMode::AlwaysDone => self.say(seq, Words::Done { pin: Some(pin()) }),
            StatusMode::Tracked => {
                let work = |books: &mut Books| books.ask(call, Instant::now(), pin);
                self.ledger.work(seq, work, Words::said)
            }
        }
    }

    fn balance(&self, call: &Call<'_>, seq: Option<usize>) -> Words {
        let left = self.ledger.balance(&call.kod);
        self.say(seq, left.map_or(Words::Nothing, Words::Balance))
    }

    /// Notes an answer that changes nothing. One that is not recorded costs nothing.
    fn say(&self, seq: Option<usize>, words: Words) -> Words {
        if seq.is_some() {
            self.ledger.work(seq, |_| (), |()| words.said());
        }
        words
    }

    fn body(&self, words: &Words) -> Vec<u8> {
        let style = &self.plan.style;
        let list = match words {
            Words::Catalogue => catalogue::list(&self.plan.products, style),
            Words::NoCatalogue => catalogue::refusal(),
            Words::Nothing => return Vec::new(),
            other => return style.bytes(&other.text(style)),
        };
        // Texts are always JSON; a panel that fails sends nothing.
        list.map_or_else(|_| Vec::new(), |text| style.bytes(&text))
    }
}
