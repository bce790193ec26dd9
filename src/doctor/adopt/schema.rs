//! The tables of one side: whether they take what is read and written, and what migrating adds to them.

use super::{
    super::{Findings, columns, rights, server},
    Scene, asked,
};
use crate::{
    stock::mirror::sample_rows,
    store::{Additions, Store, StoreError, TableFault},
    telemetry::chain,
};

/// `store` is that of one side alone.
pub(super) async fn check(scene: Scene<'_>, store: &Store, findings: &mut Findings) {
    let pace = scene.patient.pace;
    let Some(added) = additions(scene, store, findings).await else {
        return;
    };
    let part = asked(pace, "columns", findings, tables(scene, store, &added));
    if let Some(found) = part.await {
        findings.append(found);
    }

    if scene.migrated
        && let Some(faults) = asked(pace, "indexes", findings, store.schema_faults()).await
    {
        server::schema(faults, findings);
    }
}

/// What migrating adds, said where there is something.
async fn additions(scene: Scene<'_>, store: &Store, findings: &mut Findings) -> Option<Additions> {
    if scene.migrated {
        return Some(Additions::default());
    }

    match store.additions().await {
        Ok(added) => {
            findings.ok("migrate", said(&added));
            Some(added)
        }
        Err(error) => {
            let fix = "See what the database says of schema orderwatch.";
            findings.fail("migrate", chain(&error), fix);
            None
        }
    }
}

fn said(added: &Additions) -> String {
    let parts = [
        ("tables", &added.tables),
        ("columns", &added.columns),
        ("indexes", &added.indexes),
        ("triggers", &added.triggers),
    ];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts: Vec<_> = parts
        .map(|(what, names)| format!("{what} {}", names.join(", ")))
        .collect();

    let rest = if parts.is_empty() {
        "nothing in the application's tables".to_owned()
    } else {
        parts.join("; ")
    };
    format!(
        "`orderwatch migrate` adds schema orderwatch, and {rest}. It changes no row, and `orderwatch migrate revert` takes all of it back."
    )
}

async fn tables(
    scene: Scene<'_>,
    store: &Store,
    added: &Additions,
) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let mut faults = store.lacking_columns(added).await?;
    faults.extend(store.unfilled_columns(&written(scene)).await?);
    columns::report(faults, &mut findings);

    // Some of them are only compared as text, where any type will do: no reason to stop.
    for TableFault { sentence, fix, .. } in store.other_types().await? {
        findings.warn("column types", sentence, fix);
    }
    Ok(findings)
}

/// Into which tables of the warehouse rows are written, and with which columns.
fn written(scene: Scene<'_>) -> Vec<(String, Vec<String>)> {
    let config = scene.patient.config;
    let mut written = rights::written(config);
    // These are written with all that Trendyol says, so what is tried by `doctor` is what counts.
    if config.trendyol.mirrors() {
        for row in sample_rows(scene.now) {
            let names = row.columns.as_object().into_iter().flatten();
            let names = names.map(|(name, _)| name.clone()).collect();
            written.push((format!("orders_{}", row.table.as_str()), names));
        }
    }
    written
}
