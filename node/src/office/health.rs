//! What is wrong with this node, each thing by name, so that somebody can mend it.

use hoso_dossier::deadline::local_date;
use hoso_engine::{
    clock, disk,
    lan::LanStatus,
    link::{LinkStatus, State},
};
use hoso_store::{
    StoreError, backup, blobs, journal, rules::journal::ATTEMPTS_MAX, writer::Hindrance,
};

use super::Office;
use crate::times;

/// Less of the disk than this is free: thousandths.
const DISK_FREE_MIN: u64 = 100;
/// Less than this, and saving may end any day: no scan is taken any more. Thousandths.
const DISK_FREE_URGENT: u64 = blobs::FREE_MIN;
/// The clock differs from the relay's by more than this: milliseconds, as the operators' alert.
const SKEW_MS_MAX: u64 = 2 * 60 * 1000;
/// The last backup is older than this: hours, a day with room for a late evening.
pub(super) const BACKUP_HOURS_MAX: u64 = 26;
/// Milliseconds of an hour.
pub(super) const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// 1 July 2025 in Vietnam, Unix milliseconds: communes in their present form begin there, so a
/// clock that says less was never set, as after an empty battery.
const EARLIEST_MS: u64 = 1_751_302_800_000;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The storage answers no more.
    StorageDead,
    /// The disk has no room for another byte.
    StorageFull,
    /// The disk can only be read.
    StorageReadOnly,
    /// Hardly any room is left: per cent.
    DiskAlmostFull(u64),
    /// Little room is left: per cent.
    DiskLow(u64),
    /// The province has not approved the node.
    NotApproved,
    /// There is no station: codes are provisional.
    NoStation,
    /// The relay turns this node away.
    LinkRefused,
    /// The link is being dialled since then, Unix milliseconds, and nothing comes back.
    LinkUnanswered(u64),
    /// The link is being dialled since then, Unix milliseconds.
    LinkDown(u64),
    /// The link is switched off since then, Unix milliseconds.
    LinkOff(u64),
    /// No other machine of the unit is connected that keeps a second copy.
    CopyAway,
    /// The place at which this machine meets the other ones of the unit cannot be opened.
    CopyClosed,
    /// The clock has the wrong day.
    ClockDay,
    /// The clock is wrong: minutes.
    Clock(u64),
    /// So many entries were refused.
    Refused(u64),
    /// So many entries wait for others.
    Waiting(u64),
    /// So many dossiers cannot be read by this program.
    SetAside(u64),
    /// There was no backup yet.
    BackupNever,
    /// The last backup is so many hours old.
    BackupOld(u64),
}

impl Trouble {
    /// Every word, the gravest first; each has its sentences.
    #[cfg(test)]
    pub(crate) const CODES: [&str; 20] = [
        "storage-dead",
        "storage-read-only",
        "storage-full",
        "disk-almost-full",
        "disk-low",
        "not-approved",
        "no-station",
        "link-refused",
        "link-unanswered",
        "link-down",
        "link-off",
        "copy-away",
        "copy-closed",
        "clock-day",
        "clock",
        "refused",
        "waiting",
        "set-aside",
        "backup-never",
        "backup-old",
    ];

    /// Those of which every page tells everybody.
    #[cfg(test)]
    pub(crate) const TOLD: [&str; 6] =
        ["storage-read-only", "storage-full", "disk-almost-full", "disk-low", "clock-day", "clock"];

    /// The stable word.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::StorageDead => "storage-dead",
            Self::StorageReadOnly => "storage-read-only",
            Self::StorageFull => "storage-full",
            Self::DiskAlmostFull(_) => "disk-almost-full",
            Self::DiskLow(_) => "disk-low",
            Self::NotApproved => "not-approved",
            Self::NoStation => "no-station",
            Self::LinkRefused => "link-refused",
            Self::LinkUnanswered(_) => "link-unanswered",
            Self::LinkDown(_) => "link-down",
            Self::LinkOff(_) => "link-off",
            Self::CopyAway => "copy-away",
            Self::CopyClosed => "copy-closed",
            Self::ClockDay => "clock-day",
            Self::Clock(_) => "clock",
            Self::Refused(_) => "refused",
            Self::Waiting(_) => "waiting",
            Self::SetAside(_) => "set-aside",
            Self::BackupNever => "backup-never",
            Self::BackupOld(_) => "backup-old",
        }
    }

    /// Whether somebody must act; the rest is worth knowing and may pass by itself.
    pub(crate) fn is_urgent(self) -> bool {
        match self {
            Self::StorageDead
            | Self::StorageReadOnly
            | Self::StorageFull
            | Self::DiskAlmostFull(_)
            | Self::DiskLow(_)
            | Self::NotApproved
            | Self::NoStation
            | Self::LinkRefused
            | Self::LinkUnanswered(_)
            | Self::ClockDay
            | Self::Clock(_)
            | Self::Refused(_)
            | Self::SetAside(_)
            | Self::BackupNever
            | Self::BackupOld(_) => true,
            Self::LinkDown(_)
            | Self::LinkOff(_)
            | Self::CopyAway
            | Self::CopyClosed
            | Self::Waiting(_) => false,
        }
    }

    /// Whether nothing can be saved.
    pub(crate) fn stops_saving(self) -> bool {
        matches!(self, Self::StorageDead | Self::StorageReadOnly | Self::StorageFull)
    }

    /// Whether saving has ended or may end any day.
    pub(crate) fn is_grave(self) -> bool {
        self.stops_saving() || matches!(self, Self::DiskAlmostFull(_) | Self::ClockDay)
    }
}

/// What was seen of a node.
#[derive(Clone, Debug)]
struct Seen {
    is_dead: bool,
    disk: Disk,
    is_approved: bool,
    has_station: bool,
    /// Whether there is nothing to link to and nothing to keep, as in a training realm.
    is_alone: bool,
    link_wanted: bool,
    link: LinkStatus,
    is_turned_away: bool,
    copy: LanStatus,
    knows_the_day: bool,
    /// None while the database cannot be read.
    kept: Option<Kept>,
    now_ms: u64,
}

/// What was seen of the disk.
#[derive(Clone, Copy, Debug)]
struct Disk {
    hindrance: Option<Hindrance>,
    is_read_only: bool,
    free: Option<u64>,
}

impl Disk {
    fn trouble(self) -> Option<Trouble> {
        if self.is_read_only || self.hindrance == Some(Hindrance::ReadOnly) {
            return Some(Trouble::StorageReadOnly);
        }
        if self.hindrance == Some(Hindrance::Full) {
            return Some(Trouble::StorageFull);
        }
        let free = self.free?;
        match free {
            0..DISK_FREE_URGENT => Some(Trouble::DiskAlmostFull(free / 10)),
            DISK_FREE_URGENT..DISK_FREE_MIN => Some(Trouble::DiskLow(free / 10)),
            _ => None,
        }
    }
}

/// What the database says.
#[derive(Clone, Copy, Debug)]
struct Kept {
    refused: u64,
    waiting: u64,
    set_aside: u64,
    backup_ms: Option<u64>,
}

impl Office {
    /// What everybody must know, whoever can mend it. After the disk took nothing this is tried.
    pub(crate) async fn told(&self) -> Vec<Trouble> {
        if self.memory.hindrance().is_some()
            && let Err(problem) = self.ready().await
        {
            tracing::debug!(code = problem.code, "the disk still takes nothing");
        }
        let clock = clock_trouble(self.link.borrow().skew_ms(), self.knows_the_day());
        self.disk().trouble().into_iter().chain(clock).collect()
    }

    /// Whether dates may be taken from the clock: those of a code and of a due time stand for ever.
    /// The year after the last one with a calendar is as far as a clock is believed.
    pub(crate) fn knows_the_day(&self) -> bool {
        let now_ms = clock::now_ms();
        let skew_ms = self.link.borrow().skew_ms().unsigned_abs();
        let year = local_date(times::now_ms()).and_then(|day| u16::try_from(day.year()).ok());
        let last = self.state().last_calendar_year().unwrap_or(u16::MAX).saturating_add(1);
        now_ms >= EARLIEST_MS && skew_ms < DAY_MS && year.is_some_and(|year| year <= last)
    }

    /// Whether a time that was noted here and that the province has not confirmed may be wrong.
    pub(crate) fn may_be_wrong(&self, at_ms: i64) -> bool {
        let allowed = i64::try_from(SKEW_MS_MAX).unwrap_or(i64::MAX);
        let latest_ms = times::now_ms().saturating_add(allowed);
        let earliest_ms = i64::try_from(EARLIEST_MS).unwrap_or(i64::MAX);
        at_ms < earliest_ms
            || at_ms > latest_ms
            || clock_trouble(self.link.borrow().skew_ms(), self.knows_the_day()).is_some()
    }

    fn disk(&self) -> Disk {
        Disk {
            hindrance: self.memory.hindrance(),
            is_read_only: disk::is_read_only(&self.data),
            free: disk::free(&self.data),
        }
    }

    /// Everything that is wrong now, the gravest first.
    pub(crate) async fn troubles(&self) -> Vec<Trouble> {
        let read = self.memory.read(|tx| {
            let (waiting, refused) = journal::troubled(tx)?;
            let set_aside = journal::set_aside(tx, ATTEMPTS_MAX)?.len();
            let set_aside = u64::try_from(set_aside).unwrap_or(u64::MAX);
            Ok::<_, StoreError>(Kept { refused, waiting, set_aside, backup_ms: backup::noted(tx)? })
        });
        let kept = read.await.ok();
        let link = self.link.borrow().clone();
        let seen = Seen {
            is_dead: self.memory.is_dead() || kept.is_none(),
            disk: self.disk(),
            is_approved: self.node().is_some(),
            has_station: self.station().await.ok().flatten().is_some(),
            is_alone: self.is_training(),
            link_wanted: *self.memory.link_wanted().borrow(),
            is_turned_away: link.is_turned_away(),
            copy: self.lan.borrow().clone(),
            knows_the_day: self.knows_the_day(),
            link,
            kept,
            now_ms: clock::now_ms(),
        };
        troubles(&seen)
    }
}

/// A clock that is further off than people can overlook.
fn clock_trouble(skew_ms: i64, knows_the_day: bool) -> Option<Trouble> {
    if !knows_the_day {
        return Some(Trouble::ClockDay);
    }
    let skew_ms = skew_ms.unsigned_abs();
    (skew_ms > SKEW_MS_MAX).then_some(Trouble::Clock(skew_ms / 60_000))
}

fn troubles(seen: &Seen) -> Vec<Trouble> {
    let mut found = Vec::new();
    let mut add = |is_so: bool, trouble: Trouble| {
        if is_so {
            found.push(trouble);
        }
    };
    add(seen.is_dead, Trouble::StorageDead);
    if let Some(trouble) = seen.disk.trouble() {
        add(true, trouble);
    }
    add(!seen.is_approved, Trouble::NotApproved);
    add(seen.is_approved && !seen.has_station, Trouble::NoStation);
    let since_ms = seen.link.since_ms;
    let is_down = !seen.is_alone && seen.link_wanted && seen.link.state != State::Up;
    add(is_down && seen.is_turned_away, Trouble::LinkRefused);
    let unanswered = seen.link.is_unanswered();
    let is_down = is_down && !seen.is_turned_away;
    add(is_down && unanswered, Trouble::LinkUnanswered(since_ms));
    add(is_down && !unanswered, Trouble::LinkDown(since_ms));
    add(!seen.is_alone && !seen.link_wanted, Trouble::LinkOff(since_ms));
    add(seen.copy.is_alone() && !seen.copy.is_closed, Trouble::CopyAway);
    add(seen.copy.is_closed, Trouble::CopyClosed);
    if let Some(trouble) = clock_trouble(seen.link.skew_ms(), seen.knows_the_day) {
        add(true, trouble);
    }
    if let Some(kept) = seen.kept {
        add(kept.refused > 0, Trouble::Refused(kept.refused));
        add(kept.waiting > 0, Trouble::Waiting(kept.waiting));
        add(kept.set_aside > 0, Trouble::SetAside(kept.set_aside));
        let hours = kept.backup_ms.map(|at_ms| seen.now_ms.saturating_sub(at_ms) / HOUR_MS);
        add(!seen.is_alone && hours.is_none(), Trouble::BackupNever);
        let hours = hours.unwrap_or(0);
        add(!seen.is_alone && hours > BACKUP_HOURS_MAX, Trouble::BackupOld(hours));
    }
    found
}

#[cfg(test)]
mod tests {
    use hoso_store::link::Past;

    use super::*;

    const NOW_MS: u64 = 100 * HOUR_MS;

    /// A node of which nothing is wrong.
    fn well() -> Seen {
        let past = Past { state: "up".to_owned(), since_ms: 1, acknowledged_ms: None, healed: 0 };
        let link = LinkStatus { state: State::Up, ..LinkStatus::since(&past) };
        let kept = Kept {
            refused: 0,
            waiting: 0,
            set_aside: 0,
            backup_ms: Some(NOW_MS - BACKUP_HOURS_MAX * HOUR_MS),
        };
        Seen {
            is_dead: false,
            disk: Disk { hindrance: None, is_read_only: false, free: Some(DISK_FREE_MIN) },
            is_approved: true,
            has_station: true,
            is_alone: false,
            link_wanted: true,
            link,
            is_turned_away: false,
            copy: LanStatus::default(),
            knows_the_day: true,
            kept: Some(kept),
            now_ms: NOW_MS,
        }
    }

    /// What is found after this became of a node that was well.
    fn after(change: impl FnOnce(&mut Seen)) -> Vec<Trouble> {
        let mut seen = well();
        change(&mut seen);
        troubles(&seen)
    }

    #[test]
    fn of_a_node_that_is_well_nothing_is_said() {
        assert_eq!(after(|_| {}), []);
    }

    #[test]
    fn each_thing_that_goes_wrong_is_named_and_nothing_else() {
        assert_eq!(after(|seen| seen.is_dead = true), [Trouble::StorageDead]);
        assert_eq!(after(|seen| seen.is_approved = false), [Trouble::NotApproved]);
        assert_eq!(after(|seen| seen.has_station = false), [Trouble::NoStation]);
        assert_eq!(
            after(|seen| seen.link.state = State::Down),
            [Trouble::LinkDown(well().link.since_ms)]
        );
        let silent = after(|seen| {
            seen.link.state = State::Down;
            seen.link.unanswered = 2;
        });
        assert_eq!(silent, [Trouble::LinkUnanswered(well().link.since_ms)]);
        let off = after(|seen| {
            seen.link_wanted = false;
            seen.link.state = State::Off;
        });
        assert!(matches!(*off, [Trouble::LinkOff(_)]), "{off:?}");
        assert_eq!(after(|seen| seen.copy.is_wanted = true), [Trouble::CopyAway]);
        let closed = |seen: &mut Seen| (seen.copy.is_wanted, seen.copy.is_closed) = (true, true);
        assert_eq!(after(closed), [Trouble::CopyClosed]);
        let slow = |seen: &mut Seen| seen.link.clock_skew_ms = -180_000;
        assert_eq!(after(slow), [Trouble::Clock(3)]);
        assert_eq!(after(|seen| seen.link.clock_skew_ms = 120_000), []);
    }

    #[test]
    fn a_training_realm_lacks_neither_a_link_nor_a_backup() {
        let found = after(|seen| {
            seen.is_alone = true;
            seen.link_wanted = false;
            seen.link.state = State::Off;
            seen.kept.as_mut().into_iter().for_each(|kept| kept.backup_ms = None);
        });
        assert_eq!(found, []);
    }

    #[test]
    fn a_disk_is_told_of_before_it_is_full_and_more_urgently_when_it_almost_is() {
        let free = |free| after(|seen| seen.disk.free = Some(free));
        assert_eq!(free(100), []);
        assert_eq!(free(99), [Trouble::DiskLow(9)]);
        assert_eq!(free(50), [Trouble::DiskLow(5)]);
        assert_eq!(free(49), [Trouble::DiskAlmostFull(4)]);
        assert!(Trouble::DiskAlmostFull(4).is_grave() && !Trouble::DiskLow(5).is_grave());
    }

    #[test]
    fn a_disk_that_takes_nothing_is_told_of_and_not_also_called_nearly_full() {
        let hindered = |hindrance| {
            after(|seen| {
                seen.disk = Disk { hindrance, free: Some(0), ..seen.disk };
            })
        };
        assert_eq!(hindered(Some(Hindrance::Full)), [Trouble::StorageFull]);
        assert_eq!(hindered(Some(Hindrance::ReadOnly)), [Trouble::StorageReadOnly]);
        let mounted = after(|seen| seen.disk.is_read_only = true);
        assert_eq!(mounted, [Trouble::StorageReadOnly]);
    }

    #[test]
    fn a_clock_with_the_wrong_day_is_not_also_called_minutes_off() {
        let found = after(|seen| {
            seen.knows_the_day = false;
            seen.link.clock_skew_ms = -1_700_000_000_000;
        });
        assert_eq!(found, [Trouble::ClockDay]);
    }

    #[test]
    fn a_relay_that_turns_the_node_away_is_no_outage() {
        let found = after(|seen| {
            seen.link.state = State::Down;
            seen.is_turned_away = true;
        });
        assert_eq!(found, [Trouble::LinkRefused]);
    }

    #[test]
    fn what_the_database_counts_is_told_with_its_number() {
        let change =
            |change: fn(&mut Kept)| after(|seen| seen.kept.as_mut().into_iter().for_each(change));
        assert_eq!(change(|kept| kept.refused = 2), [Trouble::Refused(2)]);
        assert_eq!(change(|kept| kept.waiting = 3), [Trouble::Waiting(3)]);
        assert_eq!(change(|kept| kept.set_aside = 4), [Trouble::SetAside(4)]);
        assert_eq!(change(|kept| kept.backup_ms = None), [Trouble::BackupNever]);
        let old = |kept: &mut Kept| kept.backup_ms = Some(NOW_MS - 27 * HOUR_MS);
        assert_eq!(change(old), [Trouble::BackupOld(27)]);
    }
}
