//! What stands on a form: texts, counts and moments by the names that templates use.

use hoso_dossier::deadline::local_date;
use hoso_identity::{DocumentId, PayloadHash};
use hoso_registry::{Day, statement::Unit};
use qrcode::{Color, QrCode};
use serde_json::{Value, json};
use time::Date;

use super::{
    super::{
        offices::{Party, Section, authority, competent, joined, parties, unbroken},
        pages::{date, list, money, text},
        site::Site,
        supplements::supplements,
    },
    Chosen, Form, WIDE,
};
use crate::times;

/// Letters of a look-up secret: none that is taken for another one.
const SECRET_LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Letters of a look-up secret: 30 bits.
const SECRET_LEN: usize = 6;

/// Today, at the province's offset.
pub(super) fn today() -> Date {
    local_date(times::now_ms()).unwrap_or(Date::MIN)
}

/// What a form of one dossier says on that paper, which was noted to be printed so often.
pub(super) fn of_dossier(
    site: &Site,
    dossier: &Value,
    chosen: &Chosen,
    (paper, printings): (&str, usize),
) -> Value {
    let mut values = common(site, dossier, paper);
    let about = chosen.form.about(dossier).unwrap_or(&Value::Null);
    let at = text(about, "/at");
    let mut event = about.get("body").cloned().unwrap_or_else(|| json!({}));
    if let Some(parts) = event.as_object_mut() {
        parts.insert("at".to_owned(), moment(&at));
        for name in ["reason", "basis", "papers"] {
            parts.entry(name).or_insert_with(|| json!(""));
        }
    }
    let state = site.office.state();
    // Who says something on paper says it under their own head, wherever it was received.
    let issuer = state
        .unit_by_code(&text(about, "/unit"))
        .or_else(|| state.unit_by_code(&text(dossier, "/receiving_unit")));
    let signed_day = if chosen.form == Form::ControlSheet { String::new() } else { at };
    let more = json!({
        "number": if chosen.form == Form::Supplement { "……/HDHS" } else { "" },
        "date": day(&signed_day),
        "officer": text(about, "/by"),
        "superior": superior(issuer),
        "head": issuer.map(|unit| unbroken(&unit.desk_name)),
        "place": issuer.map(|unit| joined(&unit.name)),
        "due_after": moment(&text(about, "/body/due_at")),
        "event": event,
        // The first print is noted before it is shown.
        "reprint": printings.saturating_sub(1),
    });
    merge(&mut values, more);
    values
}

/// What every form of a dossier may say.
fn common(site: &Site, dossier: &Value, paper: &str) -> Value {
    let state = site.office.state();
    let desk_of = |pointer: &str| {
        let unit = state.unit_by_code(&text(dossier, pointer));
        unit.map(|unit| unbroken(&unit.desk_name)).unwrap_or_default()
    };
    let code = text(dossier, "/code");
    let secret = secret(&text(dossier, "/id"));
    let extensions = list(dossier, "/events").filter(|event| {
        text(event, "/kind") == "extended" && event.get("effect") == Some(&Value::Bool(true))
    });
    let extensions = extensions.count();
    let days_off =
        list(dossier, "/promised/steps").filter(|step| text(step, "/reason") == "off_day");
    let days_off: Vec<String> = days_off.map(|step| date(&text(step, "/date"))).collect();
    let realm = state.realm_kind().map_or("", |kind| kind.code());
    let sheet = list(dossier, "/control_sheet").enumerate();
    let sheet: Vec<Value> =
        sheet.map(|(number, line)| sheet_line(site, dossier, number, line)).collect();
    let handed_in: Vec<Value> =
        received(dossier).and_then(|event| event.pointer("/body/application/papers")).map_or_else(
            || list(dossier, "/papers").cloned().collect(),
            |papers| papers.as_array().cloned().unwrap_or_default(),
        );
    json!({
        "paper": paper,
        "template_fault": "",
        "realm": realm,
        "qr": qr(&format!("{code}|{secret}")),
        "code": code,
        "code_provisional": dossier.get("code_provisional") == Some(&Value::Bool(true)),
        "secret": secret,
        "desk": desk_of("/receiving_unit"),
        "return_desk": desk_of("/return_unit"),
        "competent": unbroken(&competent(site, dossier)),
        "coordinating": coordinating(site, dossier),
        "applicant": party(dossier, "/applicant"),
        "owner": party(dossier, "/owner"),
        "representative": party(dossier, "/representative"),
        "procedure": procedure(dossier),
        "procedure_term": {
            "kind": text(dossier, "/procedure/term/kind"),
            "days": text(dossier, "/procedure/term/days"),
        },
        "handed_in": handed_in,
        "sets": text(dossier, "/sets"),
        "received": moment(&text(dossier, "/received_at")),
        "paper_reference":
            received(dossier).map(|event| text(event, "/body/paper_reference")).unwrap_or_default(),
        "due": moment(&text(dossier, "/promised/due_at")),
        "due_certain": dossier.pointer("/promised/certain") == Some(&Value::Bool(true)),
        "days_off": days_off,
        "due_before": moment(due_before_extension(dossier)),
        "extension": extensions,
        "stopped_from": text(dossier, "/stopped_from"),
        "result_channel": text(dossier, "/result_channel"),
        "paid": money(&text(dossier, "/paid")),
        "finished": !text(dossier, "/finished_at").is_empty(),
        "timeliness": text(dossier, "/timeliness"),
        "control_sheet": sheet,
    })
}

/// Who helps to decide: offices that got the dossier and neither receive, decide nor return it.
fn coordinating(site: &Site, dossier: &Value) -> String {
    let given = list(dossier, "/control_sheet").map(|line| text(line, "/to"));
    let added = list(dossier, "/events").filter(|event| {
        text(event, "/kind") == "unit_added" && event.get("effect") == Some(&Value::Bool(true))
    });
    let roles = ["/receiving_unit", "/competent_unit", "/return_unit"];
    let roles = roles.map(|pointer| text(dossier, pointer));
    let mut codes: Vec<String> = Vec::new();
    for code in given.chain(added.map(|event| text(event, "/body/unit"))) {
        if !roles.contains(&code) && !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.iter().map(|code| unbroken(&authority(site, code))).collect::<Vec<_>>().join("; ")
}

/// When the result was owed until the last new term; blank where another calendar replaced that
/// term later, so that a person writes it from the sheet that was printed first.
fn due_before_extension(dossier: &Value) -> &str {
    let replacing = list(dossier, "/events").filter(|event| {
        event.get("effect") == Some(&Value::Bool(true))
            && ["extended", "calendar_accepted"].contains(&text(event, "/kind").as_str())
    });
    if replacing.last().is_none_or(|event| text(event, "/kind") != "extended") {
        return "";
    }
    let former = dossier.pointer("/former_dues").and_then(Value::as_array);
    former.and_then(|dues| dues.last()).and_then(Value::as_str).unwrap_or_default()
}

/// The letterhead of a page of this office that is about no dossier.
fn own_page(site: &Site, paper: &str) -> Value {
    let state = site.office.state();
    let unit = state.unit(site.office.unit());
    json!({
        "paper": paper,
        "template_fault": "",
        "realm": state.realm_kind().map_or("", |kind| kind.code()),
        "reprint": 0,
        "code": "",
        "number": "",
        "superior": superior(unit),
        "head": unit.map(|unit| unbroken(&unit.desk_name)),
        "place": unit.map(|unit| joined(&unit.name)),
        "date": day(""),
    })
}

/// What the unit's desk is a part of; blank where nobody has said it.
fn superior(unit: Option<&Unit>) -> String {
    let superior = unit.and_then(|unit| unit.desk_superior.as_deref());
    superior.map(unbroken).unwrap_or_default()
}

/// What the logbook of those days says.
pub(super) fn of_logbook(site: &Site, days: (Date, Date), dossiers: &[Value]) -> Value {
    let state = site.office.state();
    let rows = dossiers.iter().map(|dossier| {
        let returned = list(dossier, "/events").find(|event| {
            text(event, "/kind") == "returned" && event.get("effect") == Some(&Value::Bool(true))
        });
        let return_unit = state.unit_by_code(&text(dossier, "/return_unit"));
        json!({
            "code": text(dossier, "/code"),
            "procedure": text(dossier, "/procedure/name"),
            "sets": text(dossier, "/sets"),
            "name": text(dossier, "/applicant/name"),
            "address": text(dossier, "/applicant/address"),
            "phone": text(dossier, "/applicant/phone"),
            // The column is narrower than a name: lines end between its words, not within one.
            "competent": competent(site, dossier),
            "received": moment(&text(dossier, "/received_at")),
            "due": moment(&text(dossier, "/promised/due_at")),
            "returned": moment(&returned.map(|event| text(event, "/at")).unwrap_or_default()),
            "result_channel": text(dossier, "/result_channel"),
            "return_desk": return_unit.map(|unit| unbroken(&unit.desk_name)),
            "note": text(dossier, "/note"),
        })
    });
    let iso = |date: Date| Day(date).to_string();
    let more = json!({
        "first_day": date(&iso(days.0)),
        "last_day": date(&iso(days.1)),
        "printed_at": moment(&times::text(times::now_ms()).unwrap_or_default()),
        "rows": rows.collect::<Vec<_>>(),
    });
    let mut values = own_page(site, WIDE);
    merge(&mut values, more);
    values
}

/// What the page says that shows whether a printer is set right.
pub(super) fn of_test_page(site: &Site, paper: &str, name: &str) -> Value {
    let state = site.office.state();
    let unit = state.unit(site.office.unit());
    let scanned = format!("HOSO-{}", unit.map(|unit| unit.code.as_str()).unwrap_or_default());
    let mark = |mm: i32| {
        let height = if mm % 10 == 0 { 5 } else { 3 };
        format!("M{mm} 0v{height}")
    };
    let more = json!({
        "paper_name": name,
        "printed_at": spoken(&times::text(times::now_ms()).unwrap_or_default()),
        "ruler": (0..=50).map(mark).collect::<String>(),
        "marks": [0, 10, 20, 30, 40, 50],
        "qr": qr(&scanned),
        "scanned": scanned,
    });
    let mut values = own_page(site, paper);
    merge(&mut values, more);
    values
}

/// A moment as people write it: `24/11/2026 08:14`.
fn spoken(at: &str) -> String {
    format!("{} {}", date(at.get(..10).unwrap_or_default()), at.get(11..16).unwrap_or_default())
}

/// The event of the reception.
fn received(dossier: &Value) -> Option<&Value> {
    Form::Receipt.about(dossier)
}

fn procedure(dossier: &Value) -> String {
    format!("{} – {}", text(dossier, "/procedure/code"), text(dossier, "/procedure/name"))
}

/// A person's parts, blank where there are none.
fn party(dossier: &Value, pointer: &str) -> Value {
    let part = |name: &str| text(dossier, &format!("{pointer}/{name}"));
    json!({
        "name": part("name"),
        "id_number": part("id_number"),
        "birth_date": date(&part("birth_date")),
        "phone": part("phone"),
        "email": part("email"),
        "address": part("address"),
        "authority": part("authority"),
    })
}

/// A line of the control sheet with who gave and who took; what an agency took is stated on a
/// paper of its own.
fn sheet_line(site: &Site, dossier: &Value, number: usize, line: &Value) -> Value {
    let given = text(line, "/event");
    let given = list(dossier, "/events").find(|event| text(event, "/id") == given);
    let note = given.map(|event| text(event, "/body/note"));
    let remarks = [note.unwrap_or_default(), text(line, "/paper_reference")];
    let remarks: Vec<String> = remarks.into_iter().filter(|remark| !remark.is_empty()).collect();
    let [from, to] = parties(site, dossier, number, line);
    let taken_by = text(line, "/taken_by");
    let taker = if to.section == Section::Agency { String::new() } else { taken_by };
    json!({
        "from": side(&from),
        "to": side(&to),
        "given": moment(&text(line, "/at")),
        "giver": text(line, "/given_by"),
        "taken": moment(&text(line, "/taken_at")),
        "taker": taker,
        "note": remarks.join("; "),
        "supplements": supplements(dossier, number).iter().map(|supplement| json!({
            "what": supplement.what,
            "date": supplement.at.get(..10).map(date),
            "papers": supplement.papers,
        })).collect::<Vec<_>>(),
    })
}

/// One side of a hand-over as the form names it.
fn side(party: &Party) -> Value {
    let Party { section, office, person } = party;
    json!({ "section": section.code(), "office": unbroken(office), "person": person })
}

/// A moment's parts at the province's offset; nothing for none.
fn moment(at: &str) -> Value {
    let (Some(day), Some(hour), Some(minute)) = (at.get(..10), at.get(11..13), at.get(14..16))
    else {
        return json!("");
    };
    let hour = hour.strip_prefix('0').unwrap_or(hour);
    json!({ "hour": hour, "minute": minute, "date": date(day) })
}

/// The parts of a moment's day; today's for none.
fn day(at: &str) -> Value {
    let today = Day(today()).to_string();
    let iso = at.get(..10).unwrap_or(&today);
    let part = |range: std::ops::Range<usize>| iso.get(range).unwrap_or_default().to_owned();
    json!({ "day": part(8..10), "month": part(5..7), "year": part(0..4) })
}

/// The secret that a citizen tells with the code: whoever holds the dossier can compute it, and
/// every print has the same. It follows from the document's id, which stands on no paper.
pub(super) fn secret(id: &str) -> String {
    let Some(id) = DocumentId::from_hex(id) else { return String::new() };
    let hash = PayloadHash::of([b"hoso look-up ".as_slice(), &id.0].concat().as_slice());
    let letter = |byte: &u8| {
        let letter = SECRET_LETTERS.get(usize::from(byte % 32)).copied();
        letter.map_or('2', char::from)
    };
    hash.0.iter().take(SECRET_LEN).map(letter).collect()
}

/// A QR code: how many modules it is wide, and a path over the dark ones.
fn qr(text: &str) -> Value {
    let Ok(code) = QrCode::new(text) else { return json!({ "size": 0, "path": "" }) };
    let width = code.width();
    let mut path = String::new();
    for (place, module) in code.to_colors().into_iter().enumerate() {
        if module == Color::Dark {
            let (x, y) = (place % width.max(1), place / width.max(1));
            path.extend(["M", &x.to_string(), " ", &y.to_string(), "h1v1h-1z"]);
        }
    }
    json!({ "size": width, "path": path })
}

fn merge(values: &mut Value, more: Value) {
    if let (Some(values), Value::Object(more)) = (values.as_object_mut(), more) {
        values.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_forms_have_them() {
        let parts = |hour, minute| json!({ "hour": hour, "minute": minute, "date": "24/11/2026" });
        assert_eq!(moment("2026-11-24T08:05:00+07:00"), parts("8", "05"));
        assert_eq!(moment("2026-11-24T00:00:00+07:00"), parts("0", "00"));
        assert_eq!(moment(""), "");
        assert_eq!(
            day("2026-02-03T08:05:00+07:00"),
            json!({ "day": "03", "month": "02", "year": "2026" })
        );
    }

    #[test]
    fn a_look_up_secret_is_the_same_on_every_print_and_another_for_every_dossier() {
        let (one, other) = (secret(&"0a".repeat(16)), secret(&"0b".repeat(16)));
        assert_eq!(one, secret(&"0a".repeat(16)));
        assert_ne!(one, other);
        assert_eq!(one.len(), SECRET_LEN);
        assert!(one.bytes().all(|letter| SECRET_LETTERS.contains(&letter)));
        assert_eq!(secret("nonsense"), "");
    }
}
