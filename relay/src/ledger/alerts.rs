//! What operators are told of: the kinds of alerts.

use hoso_engine::relay_host::Alarm;

/// An invitation was used a second time.
pub(super) const INVITATION: &str = "invitation";
/// Entries have waited too long.
pub(super) const WAITING: &str = "waiting";
/// The relay's own file of a scan has changed on disk.
pub(super) const SCAN_LOST: &str = "scan-lost";
/// The kinds of alerts, for the words on the page.
pub const ALERTS: [&str; 10] = [
    Alarm::Copy.code(),
    Alarm::Fuse.code(),
    Alarm::Epoch.code(),
    Alarm::LostCommits.code(),
    Alarm::Diverged.code(),
    Alarm::ScanDamaged.code(),
    Alarm::ScanRoom.code(),
    SCAN_LOST,
    INVITATION,
    WAITING,
];
