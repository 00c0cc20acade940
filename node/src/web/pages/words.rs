//! Whether both languages have a sentence for everything that a page can say.

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use hoso_dossier::{
        axes::{Delivery, Financial, Status, Timeliness},
        deadline::StepReason,
        fields,
        fold::Effect,
        rules::Objection,
    };
    use hoso_engine::{bundles::Refused, web::TurnedAway};
    use hoso_identity::Reason;
    use hoso_registry::EventKind;
    use hoso_sync::bundle::BundleError;

    use crate::{office::Trouble, practise::Exercise};

    use super::super::{
        actions::{GRAVE, fields_of},
        hours::WEEKDAYS,
        next::likely,
        people::ROLES,
        styleguide::TONES,
    };

    const FILES: [&str; 2] =
        [include_str!("../../../locales/vi.ftl"), include_str!("../../../locales/en.ftl")];

    /// What is the same in both languages: names of paper.
    const ALIKE: [&str; 2] = ["paper-a5", "paper-a4"];

    /// What speaks to people on pages.
    const SOURCES: [&str; 50] = [
        include_str!("frame.rs"),
        include_str!("session.rs"),
        include_str!("about.rs"),
        include_str!("backup.rs"),
        include_str!("chips.rs"),
        include_str!("history.rs"),
        include_str!("health.rs"),
        include_str!("hours.rs"),
        include_str!("link.rs"),
        include_str!("list.rs"),
        include_str!("next.rs"),
        include_str!("rail.rs"),
        include_str!("rows.rs"),
        include_str!("scans.rs"),
        include_str!("../scans.rs"),
        include_str!("stick.rs"),
        include_str!("../bundles.rs"),
        include_str!("../../desk/scans.rs"),
        include_str!("rating.rs"),
        include_str!("receive.rs"),
        include_str!("prints.rs"),
        include_str!("returning.rs"),
        include_str!("receive/form.rs"),
        include_str!("receive/aside.rs"),
        include_str!("receive/begun.rs"),
        include_str!("dossier.rs"),
        include_str!("office.rs"),
        include_str!("papers.rs"),
        include_str!("confirm.rs"),
        include_str!("sheet.rs"),
        include_str!("withheld.rs"),
        include_str!("people.rs"),
        include_str!("practise.rs"),
        include_str!("../../practise/exercises.rs"),
        include_str!("fields.rs"),
        include_str!("actions.rs"),
        include_str!("checklist.rs"),
        include_str!("../printed.rs"),
        include_str!("../../desk/logbook.rs"),
        include_str!("styleguide.rs"),
        include_str!("../pages.rs"),
        include_str!("../api.rs"),
        include_str!("../answer.rs"),
        include_str!("../catalogue.rs"),
        include_str!("../refusal.rs"),
        include_str!("../../desk.rs"),
        include_str!("../../desk/codes.rs"),
        include_str!("../../desk/command.rs"),
        include_str!("../../desk/read.rs"),
        include_str!("../../desk/refused.rs"),
    ];

    fn keys(file: &str) -> BTreeSet<String> {
        let lines = file.lines().filter_map(|line| line.split_once(" = "));
        lines.map(|(key, _)| key.to_owned()).collect()
    }

    /// Every key that the sources name in full.
    fn named() -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        for source in SOURCES {
            for part in source.split(".say(\"").skip(1) {
                named.extend(part.split('"').next().map(str::to_owned));
            }
            for part in source.split("frame(site, headers, \"").skip(1) {
                named.extend(part.split('"').next().map(str::to_owned));
            }
            for part in source.split("say_with(\"").skip(1) {
                named.extend(part.split('"').next().map(str::to_owned));
            }
            for (start, prefix) in
                [("(\"fact-", "fact-"), ("(\"group-", "group-"), ("(\"chip-", "chip-")]
            {
                for part in source.split(start).skip(1) {
                    named.extend(part.split('"').next().map(|key| format!("{prefix}{key}")));
                }
            }
            for call in source.split("::new(").skip(1) {
                // A status, a comma, and the code as it stands there.
                let code = call.split_once(", \"").and_then(|(status, rest)| {
                    status.parse::<u16>().ok().and(rest.split('"').next())
                });
                named.extend(code.map(|code| format!("problem-{code}")));
            }
        }
        named
    }

    fn dashed(prefix: &str, code: &str) -> String {
        format!("{prefix}-{}", code.replace('_', "-"))
    }

    /// Every key of what is carried that is put together.
    fn of_what_is_carried() -> BTreeSet<String> {
        let files = [
            BundleError::Foreign,
            BundleError::TooOld(0),
            BundleError::TooNew(9),
            BundleError::Damaged,
            BundleError::Signature,
        ];
        let others = [
            Refused::Realm,
            Refused::Signer,
            Refused::Ended,
            Refused::Others,
            Refused::OtherJournal,
            Refused::OldLife,
            Refused::Differs,
            Refused::Nothing,
        ];
        let refusals = files.map(Refused::from).into_iter().chain(others);
        let mut keys: BTreeSet<_> =
            refusals.map(|refused| dashed("problem", refused.code())).collect();
        keys.extend(Reason::ALL.map(|reason| dashed("reason", reason.code())));
        keys.extend(["make", "carry", "return", "bring"].map(|step| dashed("stick-step", step)));
        keys.extend(["known", "waiting", "for-others"].map(|what| dashed("stick", what)));
        keys.insert("page-stick".to_owned());
        keys
    }

    /// Every key of the forms and of the administrator's page that is put together.
    fn of_forms_and_office() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for role in ROLES {
            keys.insert(dashed("role", role.code()));
            keys.insert(format!("role-{}-may", role.code()));
        }
        for code in ["log-in-name", "name", "name-taken", "role", "person", "password"] {
            keys.insert(dashed("problem", code));
        }
        for code in ["password-one-off", "password-same"] {
            keys.insert(dashed("problem", code));
        }
        for code in ["password-wrong", "administrator", "oneself", "disabled", "pending"] {
            keys.insert(dashed("problem", code));
        }
        for step in ["people", "points", "hours", "test-page", "papers", "backup", "dossier"] {
            keys.insert(dashed("step", step));
            keys.insert(format!("step-{step}-how"));
        }
        keys.extend(WEEKDAYS.map(|day| dashed("weekday", day)));
        for code in ["point", "days", "order", "validity", "overlap"] {
            keys.insert(dashed("problem-hours", code));
        }
        for state in ["in-force", "later", "over"] {
            keys.insert(dashed("hours", state));
        }
        keys.extend(["point", "hours", "validity"].map(|column| dashed("column", column)));
        keys.extend(["step-done", "step-open"].map(str::to_owned));
        for column in ["log-in", "name", "roles", "state"] {
            keys.insert(dashed("column", column));
        }
        for paper in ["a5", "80mm", "a4"] {
            keys.insert(dashed("paper", paper));
        }
        for form in ["receipt", "supplement", "refusal", "apology", "stop", "control-sheet"] {
            keys.insert(dashed("form", form));
        }
        keys.extend(["on", "off"].map(|switch| dashed("office-link", switch)));
        keys
    }

    /// Every key of the page that says how the node is.
    fn of_health() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for code in Trouble::CODES.iter().chain(&["forms"]) {
            keys.extend(["health", "remedy"].map(|part| dashed(part, code)));
        }
        keys.extend(Trouble::TOLD.map(|code| dashed("bar", code)));
        for step in ["verify", "try", "end"] {
            keys.insert(dashed("backup-restore", step));
        }
        keys.extend(["unset", "running"].map(|why| dashed("problem-backup", why)));
        keys.extend(["well", "urgent", "stops"].map(|state| dashed("health", state)));
        keys
    }

    /// Every key of the exercises.
    fn of_exercises() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for exercise in Exercise::ALL {
            let key = dashed("exercise", exercise.code());
            let steps = 1..=exercise.steps().len();
            keys.extend(steps.map(|step| format!("{key}-{step}")));
            keys.insert(format!("{key}-text"));
            keys.insert(key);
        }
        keys.extend(["page-practised", "practise-reset", "practise-not-here"].map(str::to_owned));
        for found in ["damaged", "joining", "realm", "database", "file"] {
            keys.insert(dashed("practise-found", found));
        }
        keys
    }

    /// Every key of the lists and of the next step that is put together.
    fn of_lists() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        keys.extend(Status::ALL.iter().map(|each| dashed("list", each.code())));
        for due in ["overdue", "today", "soon", "later", "none"] {
            keys.insert(dashed("due", due));
        }
        keys.extend(["list-open", "list-all"].map(str::to_owned));
        for status in std::iter::once(None).chain(Status::ALL.iter().copied().map(Some)) {
            keys.extend(likely(status).iter().map(|kind| dashed("next", kind.code())));
        }
        for key in ["over", "nothing", "free", "elsewhere", "review"] {
            keys.insert(dashed("next", key));
        }
        for kind in ["search", "due", "open", "status"] {
            keys.insert(dashed("empty", kind));
            keys.insert(format!("empty-{kind}-why"));
        }
        keys.extend(["link-up", "link-away", "page-styleguide"].map(str::to_owned));
        keys.extend(["office-copy-up", "office-copy-down"].map(str::to_owned));
        for part in
            ["buttons", "chips", "badges", "notices", "fields", "table", "empty", "frame", "dialog"]
        {
            keys.insert(dashed("style", part));
        }
        keys.extend(["light", "dark"].map(|theme| dashed("style", theme)));
        keys.extend(TONES.map(|(tone, _)| dashed("style-notice", tone)));
        keys
    }

    /// Every key of reception that is put together.
    fn of_reception() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        keys.extend(
            ["procedure", "applicant", "papers", "way", "late"].map(|group| dashed("group", group)),
        );
        keys.extend(
            ["applicant", "owner", "representative", "person", "organisation"]
                .map(|party| dashed("party", party)),
        );
        for column in ["paper-name", "originals", "certified-copies", "photocopies"] {
            keys.insert(dashed("field", column));
        }
        for channel in ["counter", "post", "online", "desk", "electronic"] {
            keys.insert(dashed("channel", channel));
        }
        keys.insert(dashed("column", "since"));
        for term in ["same-day", "working-days", "calendar-days", "by-announcement"] {
            keys.insert(dashed("term", term));
        }
        keys.extend(
            ["why-off", "why-saturday", "aside-fee", "by-procedure", "here"].map(str::to_owned),
        );
        keys
    }

    /// Every key of what is grave, what is not possible now, and what was handed over.
    fn of_actions() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for kind in GRAVE {
            keys.extend(["warning", "confirm"].map(|part| dashed(part, kind.code())));
        }
        keys.extend(["ended", "paused", "kept", "none"].map(|part| dashed("deadline", part)));
        keys.extend(["not-now-role", "not-now-status"].map(str::to_owned));
        keys.extend(["desk", "work"].map(|section| dashed("sheet", section)));
        for column in ["giver", "given-at", "taker", "taken-at"] {
            keys.insert(dashed("column", column));
        }
        keys
    }

    /// Every key of what is typed, and of papers that are asked for and come.
    fn of_what_is_typed() -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        for count in ["originals", "certified-copies", "photocopies"] {
            keys.insert(dashed("count", count));
        }
        for key in ["papers-asked", "papers-brought", "paper-handed-in", "paper-asked-for"] {
            keys.insert(key.to_owned());
        }
        keys.extend(["asked", "partly", "came"].map(|what| dashed("sheet", what)));
        keys.insert("field-complete".to_owned());
        for typed in ["amount", "count", "day", "moment", "papers"] {
            keys.insert(dashed("problem-field", typed));
        }
        keys.extend(["amount", "day", "moment"].map(|input| dashed("hint-typed", input)));
        keys
    }

    /// Every key that is put together from a code.
    fn composed() -> BTreeSet<String> {
        let mut keys = of_forms_and_office();
        keys.extend(of_what_is_carried());
        keys.extend(of_lists());
        keys.extend(of_health());
        keys.extend(of_exercises());
        keys.extend(of_reception());
        keys.extend(of_actions());
        keys.extend(of_what_is_typed());
        keys.extend(Status::ALL.iter().map(|each| dashed("status", each.code())));
        keys.extend(Financial::ALL.iter().map(|each| dashed("financial", each.code())));
        keys.extend(Delivery::ALL.iter().map(|each| dashed("delivery", each.code())));
        keys.extend(Timeliness::ALL.iter().map(|each| dashed("timeliness", each.code())));
        for kind in EventKind::ALL {
            keys.extend(["event", "past"].map(|tense| dashed(tense, kind.code())));
        }
        for objection in Objection::ALL {
            keys.insert(format!("problem-rule-{}", objection.code()));
            keys.insert(dashed("effect", objection.code()));
        }
        for effect in [
            Effect::Contested,
            Effect::Outvoted,
            Effect::Resting,
            Effect::Unreadable,
            Effect::Waiting,
        ] {
            keys.insert(dashed("effect", effect.code()));
        }
        for kind in EventKind::ALL {
            for (name, _) in fields_of(*kind) {
                keys.insert(dashed("field", name.rsplit('.').next().unwrap()));
            }
        }
        for field in fields::ALL {
            keys.insert(dashed("field", field.rsplit('.').next().unwrap()));
        }
        for column in ["code", "applicant", "procedure", "status", "due", "units"] {
            keys.insert(dashed("column", column));
        }
        for state in [
            "saved",
            "copied",
            "at_province",
            "delivered",
            "opened",
            "here",
            "unknown",
            "rechecking",
            "needs_attention",
        ] {
            keys.insert(dashed("sync-state", state));
        }
        for state in ["up", "healing", "down", "off", "alone"] {
            keys.insert(dashed("sync", state));
        }
        let refusals =
            ["field-lines", "session-locked", "session-unknown", "log-in-wrong", "log-in-later"];
        let others = ["no-grant", "alone", "storage", "storage-dead", "storage-full", "time"];
        keys.extend(refusals.iter().chain(&others).map(|code| format!("problem-{code}")));
        keys.extend(
            ["internal", "request", "storage-read-only"].map(|code| dashed("problem", code)),
        );
        keys.extend(TurnedAway::ALL.map(|why| format!("problem-{}", why.code())));
        for realm in ["trial", "training", "official", "unknown"] {
            keys.insert(dashed("realm", realm));
        }
        keys.extend(StepReason::ALL.iter().map(|step| dashed("step", step.code())));
        keys
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let [vietnamese, english] = FILES.map(keys);
        assert_eq!(vietnamese, english);
    }

    #[test]
    fn no_sentence_is_left_in_the_other_language() {
        let [vietnamese, english] =
            FILES.map(|file| file.lines().filter_map(|line| line.split_once(" = ")));
        let english: BTreeMap<&str, &str> = english.collect();
        let alike = vietnamese.filter(|(key, sentence)| english.get(key) == Some(sentence));
        let alike: BTreeSet<&str> = alike.map(|(key, _)| key).collect();
        assert_eq!(alike, BTreeSet::from(ALIKE));
    }

    #[test]
    fn there_is_a_sentence_for_everything_that_a_page_can_say() {
        let there = keys(FILES.first().unwrap());
        let lacking: Vec<_> =
            named().into_iter().chain(composed()).filter(|key| !there.contains(key)).collect();
        assert!(lacking.is_empty(), "{lacking:#?}");
    }
}
