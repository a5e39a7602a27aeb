//! Shows the newest checkpoint to the witnesses, and keeps what enough of them cosigned.
//!
//! Round after round: one checkpoint, all witnesses at once. A round is over when everybody
//! has answered or run out of time; where enough have, those who are slower than the pace of
//! the rounds are left for the next one, so that nobody holds the others up.

use std::collections::BTreeSet;
use std::sync::Arc;

use aval_database::DatabaseError;
use aval_merkle_log::checkpoint::Checkpoint;
use aval_merkle_log::note::SignedNote;
use aval_runtime::status::Causes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Witnesses;
use super::asking::{Cosigned, NotCosigned, Shown};
use crate::checkpoint_key::{CheckpointKey, CheckpointRefused};
use crate::metrics::WitnessMetrics;
use crate::store::Store;
use crate::writer::Writer;

/// How many rounds' time those who did not cosign are left alone while nothing is recorded.
const ROUNDS_OF_PEACE: u32 = 10;

/// Why a round came to nothing by the log's own fault.
#[derive(Debug, thiserror::Error)]
enum RoundFailed {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointRefused),
}

/// Shows checkpoints to the witnesses whenever this instance writes the log, until
/// `shutdown`.
pub async fn publish(
    witnesses: Arc<Witnesses>,
    store: Arc<dyn Store>,
    key: Arc<CheckpointKey>,
    writer: Writer,
    shutdown: CancellationToken,
) {
    let publishing = async {
        let mut leads = writer.leads();
        while leads.wait_for(|leads| *leads).await.is_ok() {
            let mut publisher = Publisher::new(&witnesses, store.as_ref(), &key);
            tokio::select! {
                () = publisher.run() => {}
                _ = leads.wait_for(|leads| !*leads) => {}
            }
        }
    };
    shutdown.run_until_cancelled(Box::pin(publishing)).await;
}

struct Publisher<'a> {
    witnesses: &'a Witnesses,
    store: &'a dyn Store,
    key: &'a CheckpointKey,
    metrics: WitnessMetrics,
    /// How those stand who are asked, in their order.
    standings: Vec<Standing>,
    /// Since when no newer checkpoint found enough witnesses.
    behind_since: Option<Instant>,
}

#[derive(Debug, Clone, Default)]
struct Standing {
    /// The size that it cosigned last, as far as is known.
    seen: u64,
    /// Why it does not cosign.
    trouble: Option<&'static str>,
}

/// Whoever writes next says how it stands.
impl Drop for Publisher<'_> {
    fn drop(&mut self) {
        self.forget();
    }
}

impl<'a> Publisher<'a> {
    fn new(witnesses: &'a Witnesses, store: &'a dyn Store, key: &'a CheckpointKey) -> Self {
        let publisher = Self {
            witnesses,
            store,
            key,
            metrics: WitnessMetrics::new(),
            standings: vec![Standing::default(); witnesses.asked.len()],
            behind_since: None,
        };
        publisher.forget();
        publisher
    }

    fn forget(&self) {
        self.metrics.behind(None);
        for position in 0..self.standings.len() {
            self.metrics.conflict(self.name(position), false);
        }
    }

    async fn run(&mut self) {
        let mut commits = self.store.commits();
        loop {
            let began = Instant::now();
            commits.mark_unchanged();
            if let Err(error) = self.round().await {
                let error = Causes(&error);
                tracing::warn!(%error, "the newest checkpoint was shown to no witness");
            }
            sleep_until(began + self.witnesses.every).await;
            tokio::select! {
                Ok(()) = commits.changed() => {}
                () = sleep(self.witnesses.every * ROUNDS_OF_PEACE) => {}
            }
        }
    }

    async fn round(&mut self) -> Result<(), RoundFailed> {
        let Some(newest) = self.store.checkpoint().await? else {
            return Ok(());
        };
        let stated = self.key.open(&newest)?;
        if stated.size == 0 {
            return Ok(());
        }
        let newest = SignedNote::parse(newest.as_bytes()).map_err(CheckpointRefused::from)?;
        let kept = self.store.witnessed().await?;
        let kept = kept.and_then(|kept| SignedNote::parse(kept.as_bytes()).ok());
        let same = kept.filter(|kept| kept.unverified_text() == newest.unverified_text());
        let mut note = same.unwrap_or(newest);
        self.stand(self.witnesses.open(&note).is_some());
        self.gather(&stated, &mut note).await
    }

    /// Asks everybody whose cosignature the note lacks, and keeps it once it has enough.
    async fn gather(
        &mut self,
        stated: &Checkpoint,
        note: &mut SignedNote,
    ) -> Result<(), RoundFailed> {
        let (witnesses, before) = (self.witnesses, note.clone());
        let shown = Shown {
            store: self.store,
            http: &witnesses.http,
            note: &before,
            stated,
        };
        let lacks = |position: &usize| {
            let witness = &witnesses.asked[*position].witness;
            !matches!(witness.key.cosigned(&before), Ok(Some(_)))
        };
        let lacking = (0..witnesses.asked.len()).filter(lacks);
        let mut unheard: BTreeSet<usize> = lacking.collect();
        let ask = |position: usize| {
            let seen = self.standings[position].seen;
            async move {
                let asked = &witnesses.asked[position];
                (position, asked.cosign(shown, seen).await)
            }
        };
        let mut asking: FuturesUnordered<_> = unheard.iter().copied().map(ask).collect();
        let mut next_round = std::pin::pin!(sleep(witnesses.every));
        let mut enough = witnesses.open(note).is_some();
        let mut kept = note.clone();
        loop {
            tokio::select! {
                biased;
                answered = asking.next() => {
                    let Some((position, answer)) = answered else { break };
                    unheard.remove(&position);
                    self.take(position, answer, stated, note).await?;
                    if !enough && witnesses.open(note).is_some() {
                        enough = true;
                        self.keep(stated.size, note).await?;
                        kept = note.clone();
                    }
                }
                () = &mut next_round, if enough => break,
            }
        }
        for position in unheard {
            self.trouble(position, "late", &"it is slower than the others");
        }
        if enough && kept != *note {
            self.keep(stated.size, note).await?;
        }
        Ok(())
    }

    async fn keep(&mut self, size: u64, note: &SignedNote) -> Result<(), RoundFailed> {
        self.store.keep_witnessed(size, &note.format()).await?;
        self.stand(true);
        Ok(())
    }

    /// Whether the newest checkpoint has found enough witnesses.
    fn stand(&mut self, has_enough: bool) {
        self.behind_since = match self.behind_since {
            _ if has_enough => None,
            Some(since) => Some(since),
            None => Some(Instant::now()),
        };
        let behind = self.behind_since.map(|since| since.elapsed());
        self.metrics.behind(behind);
    }

    async fn take(
        &mut self,
        position: usize,
        answer: Result<Cosigned, NotCosigned>,
        stated: &Checkpoint,
        note: &mut SignedNote,
    ) -> Result<(), RoundFailed> {
        let error = match answer {
            Ok(cosigned) => {
                self.cosigned(position, &cosigned, stated.size, note);
                return Ok(());
            }
            Err(error) => error,
        };
        match error {
            // Another instance may have shown it what this one did not know of yet.
            NotCosigned::SawMore(size) if self.log_has(size).await? => {
                self.standings[position].seen = size;
            }
            NotCosigned::SawMore(size) | NotCosigned::SawAnother(size) => {
                self.conflict(position, size, stated.size);
            }
            error => self.trouble(position, error.code(), &Causes(&error)),
        }
        Ok(())
    }

    fn cosigned(&mut self, position: usize, cosigned: &Cosigned, size: u64, note: &mut SignedNote) {
        let witness = &self.witnesses.asked[position].witness;
        witness.add_cosignature(note, &cosigned.lines);
        self.standings[position].seen = size;
        self.metrics.conflict(self.name(position), false);
        if cosigned.forgot {
            self.trouble(position, "forgot", &"it knew less than it had cosigned");
        } else if self.standings[position].trouble.take().is_some() {
            tracing::info!(
                witness.name = self.name(position),
                "a witness cosigns again"
            );
        }
    }

    /// The witness saw what this log does not continue.
    fn conflict(&mut self, position: usize, saw: u64, size: u64) {
        let name = self.name(position);
        self.metrics.conflict(name, true);
        self.metrics.failed(name, "conflict");
        if self.standings[position].trouble.replace("conflict") != Some("conflict") {
            tracing::error!(
                witness.name = name,
                witness.size = saw,
                log.size = size,
                "a witness saw what this log does not continue: it was forked or went back"
            );
        }
    }

    fn trouble(&mut self, position: usize, code: &'static str, why: &dyn std::fmt::Display) {
        let name = self.name(position);
        self.metrics.failed(name, code);
        // What a witness saw stands until it cosigns.
        let trouble = &mut self.standings[position].trouble;
        if *trouble != Some("conflict") && trouble.replace(code) != Some(code) {
            tracing::warn!(witness.name = name, error = %why, "a witness did not cosign as it should");
        }
    }

    fn name(&self, position: usize) -> &'a str {
        let witnesses: &'a Witnesses = self.witnesses;
        witnesses.asked[position].witness.key.name().as_str()
    }

    async fn log_has(&self, size: u64) -> Result<bool, DatabaseError> {
        Ok(self.store.size().await? >= size)
    }
}
