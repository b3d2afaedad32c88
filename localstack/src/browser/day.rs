//! A person's day at the console, from the sign-in to the kill switch, without a line of SQL: what they press is
//! pressed in a browser, and what the world does meanwhile is done by the deployed functions.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aws_config::SdkConfig;
use shared::db::{self, PgConnection, PgPool, Postgres};
use simulated::Role;
use sqlx::Transaction;
use url::Url;

use super::chromium::Chromium;
use super::walk::{Target, Walk};
use crate::settings::{STACK, Settings};
use crate::sql::{interventions, report};
use crate::{invoke, mail, migrate, output, wait};

/// How long a decision can be taken back, and a little more.
const HELD: Duration = Duration::from_secs(60);
/// Drafts that are decided.
const DRAFTS: usize = 12;
/// Mails that the kill switch meets on their way.
const APPROVED_LAST: usize = 2;
const LIMIT: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(500);
/// What an operator sees, for the drawings.
const PAGES: [(&str, &str); 10] = [
    ("overview", "/"),
    ("review", "/review"),
    ("leads", "/leads"),
    ("campaigns", "/campaigns"),
    ("sends", "/sends"),
    ("suppressions", "/suppressions"),
    ("health", "/health"),
    ("checks", "/health/checks"),
    ("audit", "/audit"),
    ("reference", "/reference"),
];

/// Somebody at work.
struct Day<'a> {
    settings: &'a Settings,
    aws: &'a SdkConfig,
    chromium: &'a Chromium,
    pool: PgPool,
    origin: String,
    issuer: Url,
}

/// Lives through a day; the demo must have been before, so that drafts wait.
pub(super) async fn run(chromium: &Chromium, settings: &Settings, aws: &SdkConfig) -> Result<()> {
    let day = Day {
        settings,
        aws,
        chromium,
        pool: migrate::marked(&settings.database_url()).await?,
        origin: settings.paths.console_origin(),
        issuer: Url::parse(&settings.endpoints.issuer)?,
    };
    day.drafts_wait().await?;
    let name = format!("Day {}", rand::random::<u32>());
    day.set_up(&name).await?;
    day.collect(&name).await?;
    let mails = day.review().await?;
    let refused = day.why_not(&name).await?;
    day.stop().await?;
    let drawn = day.draw().await?;
    output::step(
        "Lived",
        format_args!(
            "a day at the console: a campaign with an uploaded list, ten drafts reviewed by the keyboard, {mails} \
             mails seen to leave, one that did not explained ({refused}), none after the kill switch, pressed while a batch was under way; {drawn} pages \
             drawn in {}",
            settings.paths.shown(&day.drawings())
        ),
    );
    Ok(())
}

impl Day<'_> {
    fn drawings(&self) -> PathBuf {
        self.settings.paths.root.join("console")
    }

    async fn drafts_wait(&self) -> Result<()> {
        let mut conn = db::acquire(&self.pool).await?;
        let waiting = interventions::sends_in(&mut conn, "review").await?.len();
        ensure!(
            waiting >= DRAFTS,
            "a day at the console takes {DRAFTS} drafts to review, and {waiting} wait; `cargo local down --wipe` and \
             `cargo local demo` make new ones"
        );
        Ok(())
    }

    /// Begins a walk by signing in.
    fn signed_in(&self, role: Role) -> Result<Walk> {
        std::fs::create_dir_all(self.drawings())?;
        let issuer = self.issuer.origin().ascii_serialization();
        let host = self.issuer.host_str().unwrap_or_default();
        Ok(Walk::over([
            self.origin.clone(),
            issuer,
            self.settings.paths.localstack_url(),
        ])
        .failure(self.drawings().join("failure.png"))
        .go(format!("{}/", self.origin))
        .click(Target::link(format!("Continue to {host}")))
        .click(Target::button(role.label()))
        .expect("Overview"))
    }

    async fn walk(&self, walk: Walk) -> Result<()> {
        self.chromium.walk(&walk).await.map(drop)
    }

    /// A campaign, its list uploaded from the browser, and both begun.
    async fn set_up(&self, name: &str) -> Result<()> {
        let list = self.drawings().join("people.csv");
        let walk = self
            .signed_in(Role::Operator)?
            .click(Target::link("Campaigns").within("nav"))
            .click(Target::link("Create a campaign"))
            .axe()
            .fill(Target::field("Name"), name)
            .fill(
                Target::field("Offer"),
                "12 % of every sale of trail running shoes, for good",
            )
            .fill(Target::field("Audience"), "People who write about running")
            .fill(Target::field("Lowest score"), "40")
            .select(Target::selector("#language"), "de")
            .click(Target::button("Create campaign"))
            .expect("The campaign is there, as a draft")
            .axe()
            .click(Target::link("Sources (0)"))
            .click(Target::link("Test a list").within(".page-head"))
            .upload(Target::selector("#chosen"), &list)
            .click(Target::button("Test"))
            .expect("3 leads would be stored, 1 row refused")
            .axe()
            .click(Target::link("Back to the sources"))
            .click(Target::link("Add a source"))
            .fill(Target::field("Name"), "people")
            .click(Target::selector("[name=kind][value=x]"))
            .fill(Target::selector("#query"), "affiliate -is:retweet")
            .click(Target::button("Test"))
            .expect("would be stored")
            .axe()
            .fits()
            .click(Target::selector("[name=kind][value=list]"))
            .upload(Target::selector("#upload"), &list)
            .expect("is in the bucket")
            .axe()
            .click(Target::button("Test"))
            .expect("3 leads would be stored, 1 row refused")
            .expect("Nothing was stored.")
            .axe()
            .click(Target::button("Add source"))
            .expect("The source is there")
            .click(Target::link(name))
            .click(Target::button("Activate"))
            .expect("The campaign is active")
            .click(Target::link("Sources (1)"))
            .click(Target::selector("form[action$=\"/run\"] button"))
            .expect("The source is due");
        std::fs::write(&list, people())?;
        self.walk(walk).await
    }

    /// The collector runs as its schedule would run it, and the list is assessed.
    async fn collect(&self, name: &str) -> Result<()> {
        let event = self
            .settings
            .paths
            .workspace
            .join("functions/collector/events/schedule.json");
        let event = std::fs::read_to_string(event)?;
        let answer = invoke::call(self.aws, &format!("{STACK}-collector"), event).await?;
        ensure!(
            answer.error.is_none(),
            "the collector failed: {}",
            answer.payload
        );
        wait::until("the list to be assessed", LIMIT, PAUSE, async || {
            let mut conn = db::acquire(&self.pool).await?;
            let progress = report::progress(&mut conn, name).await?;
            Ok((progress.collected == 3 && progress.pending == 0).then_some(()))
        })
        .await?;
        let seen = self
            .signed_in(Role::Operator)?
            .click(Target::link("Leads").within("nav"))
            .select(Target::selector("#campaign"), self.campaign(name).await?)
            .click(Target::button("Search"))
            .expect("3 leads match")
            .axe()
            .go(format!("{}/health", self.origin))
            .expect_in(
                // The collector's last run, as CloudWatch counted it.
                Target::selector("[aria-label=\"Functions\"] tbody tr:first-child .state-good"),
                ":",
            );
        self.walk(seen).await
    }

    async fn campaign(&self, name: &str) -> Result<String> {
        let mut conn = db::acquire(&self.pool).await?;
        let found = db::operator::campaign(&mut conn, name).await?;
        let found = found.context("the campaign that was created is not there")?;
        Ok(found.id.to_string())
    }

    /// Ten drafts by the keyboard: one edited, one rejected, one taken back and then approved after all.
    async fn review(&self) -> Result<usize> {
        let before = self.mails()?;
        let mut walk = self
            .signed_in(Role::Reviewer)?
            .go(format!("{}/review", self.origin))
            .axe()
            // Edited.
            .press("e")
            .expect_focus(Target::field("Subject"))
            .fill(Target::field("Subject"), "A question about your runs")
            .press("Control+Enter")
            .expect("Approved as edited")
            // Rejected.
            .press("r")
            .press("4")
            .click(Target::button("Reject draft"))
            .expect("Rejected.")
            // Approved, taken back, and approved again: it comes first, since its reviewer had it.
            .press("a")
            .expect("Approved.")
            .press("z")
            .expect("Taken back");
        for _ in 0..8 {
            walk = walk.press("a").expect("Approved.");
        }
        self.walk(walk).await?;
        let approved = 9;
        self.let_leave().await?;
        let left = wait::until("what was approved to leave", LIMIT, PAUSE, async || {
            let left = self.mails()?.saturating_sub(before);
            Ok((left >= approved).then_some(left))
        })
        .await?;
        let seen = self
            .signed_in(Role::Viewer)?
            .go(format!("{}/sends?show=sent", self.origin))
            .expect("row");
        self.walk(seen).await?;
        Ok(left)
    }

    fn mails(&self) -> Result<usize> {
        Ok(mail::ledger::read(&self.settings.paths)?.len())
    }

    /// Half a minute passes, and the sender's schedule comes round.
    async fn let_leave(&self) -> Result<()> {
        let mut conn = db::acquire(&self.pool).await?;
        interventions::pass(&mut conn, HELD).await?;
        let sender = format!("{STACK}-sender");
        let answer = invoke::call(self.aws, &sender, "{}".to_owned()).await?;
        ensure!(
            answer.error.is_none(),
            "the sender failed: {}",
            answer.payload
        );
        Ok(())
    }

    /// Why one of the list gets no mail.
    async fn why_not(&self, name: &str) -> Result<&'static str> {
        let campaign = self.campaign(name).await?;
        let walk = self
            .signed_in(Role::Operator)?
            .go(format!(
                "{}/leads?campaign={campaign}&state=refused",
                self.origin
            ))
            .click(Target::selector("tbody tr:first-child th a"))
            .expect("What happened, and why")
            .expect("consent")
            .axe()
            .go(format!("{}/campaigns/{campaign}", self.origin))
            .click(Target::button("Pause"))
            .expect("The campaign is paused");
        self.walk(walk).await?;
        Ok("consent")
    }

    /// Approves two, and stops all sending while the batch that holds them is under way.
    async fn stop(&self) -> Result<()> {
        let mut approve = self
            .signed_in(Role::Operator)?
            .go(format!("{}/review", self.origin));
        for _ in 0..APPROVED_LAST {
            approve = approve.press("a").expect("Approved.");
        }
        self.walk(approve).await?;
        let before = self.mails()?;
        // Signed in before the batch begins: a sender waits half a minute for a lock, and no longer.
        let [signed_in, under_way] =
            ["signed-in", "batch-under-way"].map(|name| self.drawings().join(name));
        for file in [&signed_in, &under_way] {
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
        let press = self
            .signed_in(Role::Operator)?
            .write_file(&signed_in)
            .wait_for_file(&under_way)
            .click(Target::button("Stop all sending").within("header"))
            .expect("Sending is stopped");
        let holder = migrate::marked(&self.settings.database_url()).await?;
        let mut holder = db::acquire(&holder).await?;
        let begun = async {
            wait::until("the sign-in", LIMIT, PAUSE, async || {
                Ok(signed_in.exists().then_some(()))
            })
            .await?;
            let holding = self.begin_batch(&mut holder).await?;
            std::fs::write(&under_way, "")?;
            Ok(holding)
        };
        let ((), holding) = tokio::try_join!(self.walk(press), begun)?;
        let mut looking = db::acquire(&self.pool).await?;
        ensure!(
            interventions::waits_for_lock(&mut looking).await?,
            "the batch had ended before the kill switch was pressed"
        );
        drop(looking);
        db::commit(holding).await?;
        wait::until("the switch to stop the batch", LIMIT, PAUSE, async || {
            let mut conn = db::acquire(&self.pool).await?;
            let stopped = interventions::sends_that_wait_for(&mut conn, "sending_disabled").await?;
            Ok((stopped >= APPROVED_LAST).then_some(()))
        })
        .await?;
        for _ in 0..3 {
            self.let_leave().await?;
        }
        ensure!(self.mails()? == before, "a mail left after the kill switch");
        let again = self
            .signed_in(Role::Operator)?
            .go(format!("{}/health", self.origin))
            .fill(Target::field("Why it may go on"), "The day is over")
            .click(Target::button("Switch sending on"))
            .expect("Sending is on");
        self.walk(again).await?;
        self.let_leave().await?;
        wait::until("what had waited to leave", LIMIT, PAUSE, async || {
            Ok((self.mails()? >= before + APPROVED_LAST).then_some(()))
        })
        .await
    }

    /// Has a sender claim mails, and wait for their mailboxes, which the transaction locks.
    async fn begin_batch<'conn>(
        &self,
        conn: &'conn mut PgConnection,
    ) -> Result<Transaction<'conn, Postgres>> {
        let mut holding = db::begin(conn).await?;
        interventions::lock_mailboxes(&mut holding).await?;
        self.let_leave().await?;
        wait::until("a batch to be under way", LIMIT, PAUSE, async || {
            let mut conn = db::acquire(&self.pool).await?;
            let claimed = interventions::sends_in(&mut conn, "claimed").await?.len();
            let waits = interventions::waits_for_lock(&mut conn).await?;
            Ok((claimed >= APPROVED_LAST && waits).then_some(()))
        })
        .await?;
        Ok(holding)
    }

    /// Every page, on a desk and on a phone, light and dark, without a fault by axe.
    async fn draw(&self) -> Result<usize> {
        let mut walk = self.signed_in(Role::Operator)?;
        let mut drawn = 0;
        for (size, width, height) in [("desk", 1280, 800), ("phone", 390, 844)] {
            walk = walk.viewport(width, height);
            for (name, path) in PAGES {
                walk = walk.go(format!("{}{path}", self.origin)).axe().fits();
                for (scheme, dark) in [("light", false), ("dark", true)] {
                    let file = self.drawings().join(format!("{name}-{size}-{scheme}.png"));
                    walk = walk.dark(dark).screenshot(file);
                    drawn += 1;
                }
                walk = walk.dark(false);
            }
        }
        self.walk(walk).await?;
        Ok(drawn)
    }
}

/// Three people, one of a country that asks for consent, and a row that is none.
fn people() -> String {
    let number = rand::random::<u32>();
    let row = |name: &str, country: &str| {
        format!(
            "{name}{number},{name} Runner,{name}{number}@runners.example,{country},I write about trail running and shoes\n"
        )
    };
    let rows = [row("ada", "US"), row("ben", "US"), row("cora", "DE")];
    format!(
        "username,name,email,country,bio\n{}not a handle!,,nobody,,\n",
        rows.concat()
    )
}
