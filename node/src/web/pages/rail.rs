//! The left rail: the pages that are open to somebody, and the work lists with their counts.

use hoso_dossier::axes::Status;
use hoso_engine::web::Words;
use hoso_registry::{EventKind, Role};

use super::super::site::Site;
use crate::{desk, people::Actor};

/// Statuses of work that goes on.
const RUNNING: [Status; 7] = [
    Status::New,
    Status::Accepted,
    Status::Processing,
    Status::Supplement,
    Status::Payment,
    Status::Stopped,
    Status::Done,
];
/// Statuses of what is over.
const OVER: [Status; 3] = [Status::Returned, Status::Withdrawn, Status::NotAccepted];

/// Lists under one heading.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) links: Vec<Link>,
}

/// One page or list.
pub(super) struct Link {
    pub(super) address: String,
    pub(super) label: String,
    /// How many are in it; none for a page.
    pub(super) count: Option<u32>,
    /// `late` or `review` where somebody must act.
    pub(super) tone: &'static str,
    pub(super) chosen: bool,
}

impl Link {
    fn new(address: &str, label: String, count: Option<u32>) -> Self {
        Self { address: address.to_owned(), label, count, tone: "", chosen: false }
    }

    /// In this colour while there is something in it.
    fn toned(mut self, tone: &'static str) -> Self {
        if self.count.is_some_and(|count| count > 0) {
            self.tone = tone;
        }
        self
    }
}

/// Where a list of this status is.
pub(super) fn address_of(status: &str) -> String {
    format!("/?status={status}")
}

/// The rail of somebody who is logged in.
pub(super) async fn rail(site: &Site, words: &Words, actor: &Actor) -> Vec<Group> {
    let mut groups = Vec::new();
    if actor.reads() {
        let (counts, work) = desk::work(&site.office).await.unwrap_or_default();
        let of = |status: Status| {
            let found = counts.iter().find(|(each, _)| *each == status);
            Some(found.map_or(0, |(_, count)| *count))
        };
        let by_status = |status: &Status| {
            let label = words.say(&format!("list-{}", status.code().replace('_', "-")));
            Link::new(&address_of(status.code()), label, of(*status))
        };
        let urgent = vec![
            Link::new("/", words.say("list-open"), Some(work.open)),
            Link::new("/?due=overdue", words.say("due-overdue"), Some(work.overdue)).toned("late"),
            Link::new("/?due=today", words.say("due-today"), Some(work.today)),
            Link::new("/?due=soon", words.say("due-soon"), Some(work.soon)),
            Link::new("/?review=true", words.say("needs-review"), Some(work.in_review))
                .toned("review"),
        ];
        let total = counts.iter().map(|(_, count)| *count).fold(0_u32, u32::saturating_add);
        let mut over: Vec<_> = OVER.iter().map(by_status).collect();
        over.push(Link::new("/?status=all", words.say("list-all"), Some(total)));
        groups.push(Group { title: words.say("rail-due"), links: urgent });
        let mut running: Vec<_> = RUNNING.iter().map(by_status).collect();
        if actor.writes(EventKind::Returned.kind()) {
            running.push(Link::new("/return", words.say("page-return"), None));
        }
        groups.push(Group { title: words.say("rail-status"), links: running });
        groups.push(Group { title: words.say("rail-over"), links: over });
    }
    let mut links = Vec::new();
    if site.office.is_training() {
        links.push(Link::new("/practise", words.say("page-practise"), None));
    }
    if actor.author.has(Role::Administrator) {
        links.push(Link::new("/office", words.say("page-office"), None));
        links.push(Link::new("/office/people", words.say("page-people"), None));
        links.push(Link::new("/office/hours", words.say("page-hours"), None));
        links.push(Link::new("/office/papers", words.say("page-papers"), None));
        links.push(Link::new("/office/backup", words.say("page-backup"), None));
        if !site.office.is_training() {
            links.push(Link::new("/office/stick", words.say("page-stick"), None));
        }
    }
    links.push(Link::new("/health", words.say("page-health"), None));
    links.push(Link::new("/password", words.say("page-password"), None));
    groups.push(Group { title: words.say("rail-unit"), links });
    groups
}

/// Whether they may receive dossiers.
pub(super) fn receives(actor: &Actor) -> bool {
    actor.writes(EventKind::Received.kind())
}
