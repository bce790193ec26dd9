//! Progress that the seller reports: first `Picking`, then `Invoiced`, and nothing else.

use serde::Deserialize;

use super::{answer::Problem, package::Package, state::State, status::Status};

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    lines: Vec<LineReport>,
    #[serde(default)]
    params: Params,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineReport {
    line_id: i64,
    quantity: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    invoice_number: Option<String>,
}

impl State {
    /// Takes a report about the package named in the path.
    pub(super) fn progress(&mut self, id: &str, body: &[u8]) -> Result<(), Problem> {
        let report: Report = serde_json::from_slice(body)
            .map_err(|_| Problem::new(400, "bad.request", "Request body is not readable"))?;
        let package = id.parse().ok().and_then(|id| self.packages.get(&id));
        // Not 404: so was it seen.
        let package = package.ok_or_else(Problem::foreign_seller)?;
        let status = check(package, &report)?;
        let (id, invoice) = (package.id, report.params.invoice_number);
        self.change(id, |package| {
            package.status = status;
            package.invoice = invoice.or(package.invoice.take());
        })
        .map_err(|_| Problem::foreign_seller())
    }
}

/// The state that a package moves to.
fn check(package: &Package, report: &Report) -> Result<Status, Problem> {
    let complete = report.lines.len() == package.lines.len();
    let known = |line: &LineReport| {
        let mut lines = package.lines.iter();
        lines.any(|l| l.id == line.line_id && l.quantity == line.quantity)
    };
    if !complete || !report.lines.iter().all(known) {
        return Err(Problem::invalid("lines"));
    }
    match (&*report.status, &package.status) {
        ("Picking", Status::Created) => Ok(Status::Picking),
        ("Invoiced", Status::Picking) if report.params.invoice_number.is_some() => {
            Ok(Status::Invoiced)
        }
        ("Invoiced", Status::Picking) => Err(Problem::invalid("invoiceNumber")),
        ("Picking" | "Invoiced", status) => Err(Problem::new(
            409,
            "conflict",
            format!("Paket statüsü uygun değil: {status}"),
        )),
        _ => Err(Problem::invalid("status")),
    }
}
