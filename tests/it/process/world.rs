//! One test's world: a database, a panel that misbehaves on demand, and a shop.

use std::path::Path;

use orderwatch::store::Sides;
use rust_decimal::Decimal;
use sandbox::panel::{Account, Panel, PanelPlan};
use tempfile::TempDir;

use super::{
    Ended, Process, Program,
    database::Database,
    roles::{self, DAEMON},
    settings::Settings,
    shop::Shop,
};

/// The account at the panel: texts that stand nowhere else, and that look different in a URL.
pub(crate) const KOD: &str = "kanarya-kod-7Q";
pub(crate) const SIFRE: &str = "Kanarya/sifre&%5+ü";

/// Entries of the panel's price list, by how they end.
pub(crate) const PIN: &str = "2";
pub(crate) const TOP_UP: &str = "3";
pub(crate) const CANCELLED: &str = "4";

pub(crate) struct World {
    pub(crate) shop: Shop,
    pub(crate) panel: Panel,
    pub(crate) database: Database,
    folder: TempDir,
}

impl World {
    /// A sound panel and a migrated database.
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with changes to the panel. It sells again under a reference that it knows, so that
    /// whoever sends one twice buys twice.
    pub(crate) async fn with(change: impl FnOnce(&mut PanelPlan)) -> Self {
        let mut plan = PanelPlan::sample(7);
        plan.accounts = vec![Account::new(KOD, SIFRE, Decimal::from(1_000_000))];
        plan.refuses_duplicates = false;
        change(&mut plan);
        let panel = Panel::start(plan).await.unwrap();
        let database = Database::create().await;
        roles::migrate(&database.pool, Sides::BOTH)
            .await
            .close()
            .await;
        let entries = [PIN, TOP_UP, CANCELLED];
        let shop = Shop::open(&database.pool, &panel.base_url(), (KOD, SIFRE), &entries).await;
        Self {
            shop,
            panel,
            database,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A folder for this test's files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Gives the roles their rights anew, as after a migration.
    pub(crate) async fn grant(&self) {
        roles::grant(&self.database.pool).await;
    }

    /// Short intervals, and this database.
    pub(crate) fn settings(&self) -> Settings {
        Settings::quick().text("database.url", &self.database.url())
    }

    /// `orderwatch --config FILE ARGS`
    pub(crate) fn program(&self, settings: &Settings, args: &[&str]) -> Program {
        // Who migrates is another one than who works.
        let role = roles::of_command(args);
        let file = settings.renaming(DAEMON, role).write(self.folder.path());
        let mut all = vec!["--config".into(), file.into_os_string()];
        all.extend(args.iter().map(Into::into));
        Program::new(all)
    }

    /// `orderwatch run`, when it is running.
    pub(crate) async fn start(&self, settings: &Settings) -> Process {
        let process = self.program(settings, &["run"]).spawn();
        process.wait_for_line("orderwatch is running").await;
        process
    }

    /// `orderwatch ARGS` to its end.
    pub(crate) async fn command(&self, args: &[&str]) -> Ended {
        self.program(&self.settings(), args).run().await
    }
}
