//! The desk: takes a request, lets happen to it what the plan says, and answers.

use tokio::time::Instant;

use super::{
    BarakatPlan, Endpoint, Ledger, Product, SoldWord,
    answer::Words,
    books::{Books, Terms},
    call::Call,
    catalogue,
    order::Order,
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
    plan: BarakatPlan,
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
        let Some((endpoint, product)) = Endpoint::at(request.path(), &self.plan.path_prefix) else {
            self.ledger.stray();
            return Reply::Send(Answer::page(404));
        };
        if request.method != "GET" {
            self.ledger.stray();
            return Reply::Send(Answer::page(405));
        }
        self.attend(endpoint, product, request).await
    }
}

impl Desk {
    pub(super) fn new(plan: BarakatPlan) -> Self {
        Self {
            ledger: Ledger::new(plan.seed, &plan.accounts),
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

    pub(super) fn pin_of(&self, token: &str, order_uuid: &str) -> String {
        pin(self.plan.seed, token, order_uuid)
    }

    /// A request to one of the four endpoints, from its arrival to its answer.
    async fn attend(&self, endpoint: Endpoint, product: &str, request: Request<'_>) -> Reply {
        let token = request.header("api-token").unwrap_or_default();
        let call = Call::new(token, product, request.query());
        let draw = self.faults.draw(endpoint);
        let fault = draw.fault.as_ref();
        let seq = self
            .ledger
            .arrived(endpoint, &call, request.connection, fault);

        let turn = Turn {
            endpoint,
            draw,
            gates: &self.gates,
            target: request.target,
            text: &|text| self.plan.style.answer(200, text),
        };

        turn.take(|| self.work(endpoint, &call, seq)).await
    }

    /// Does what the call asks for and writes the answer.
    fn work(&self, endpoint: Endpoint, call: &Call<'_>, seq: usize) -> Answer {
        let style = &self.plan.style;
        let words = self
            .ledger
            .work(seq, |books| self.words(books, endpoint, call));

        let text = match words {
            Words::Catalogue => catalogue::list(&self.plan.products, style),
            ref other => other.text(style),
        };

        // Texts are always JSON; a panel that fails sends nothing.
        style.answer(words.http_status(style), &text.unwrap_or_default())
    }

    fn words(&self, books: &mut Books, endpoint: Endpoint, call: &Call<'_>) -> Words {
        if books.name(call.token).is_none() {
            return Words::NoAccount;
        }
        match endpoint {
            Endpoint::Purchase => self.purchase(books, call),
            Endpoint::Status => match call.question() {
                Some(question) => books.ask(call.token, &question, Instant::now()),
                None => Words::Refused("Invalid orders".into()),
            },
            Endpoint::Catalogue => Words::Catalogue,
            Endpoint::Balance => books.balance(call.token),
        }
    }

    fn purchase(&self, books: &mut Books, call: &Call<'_>) -> Words {
        match Order::read(call, &self.plan.products) {
            Ok(order) => books.sell(&order, &self.terms(order.product)),
            Err(why) => Words::Refused(why),
        }
    }

    fn terms(&self, product: &Product) -> Terms {
        Terms {
            readiness: product.readiness.unwrap_or(self.plan.readiness),
            refuses_duplicates: self.plan.refuses_duplicates,
            instant: self.plan.style.sold == SoldWord::Instant,
            now: Instant::now(),
        }
    }
}
