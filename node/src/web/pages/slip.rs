//! The slip of reception (form 01) as it is printed: its texts are those of the form, in
//! Vietnamese whatever the language of the pages.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::Response,
};
use hoso_identity::DocumentId;
use hoso_registry::State as Registry;
use serde_json::Value;

use super::{
    super::{answer::answer, site::Site},
    dossier::{list, text},
    frame::{date, render},
};
use crate::desk::{self, Refused};

/// The form that is printed here.
const FORM: &str = "01";
/// Papers that it fits, the usual one first.
const PAPERS: [&str; 3] = ["a5", "80mm", "a4"];
/// Stands where a clerk writes by hand.
const BLANK: &str = "……";

#[derive(Template)]
#[template(path = "slip.html")]
struct Slip {
    paper: &'static str,
    realm: String,
    authority: String,
    desk: String,
    code: String,
    code_provisional: bool,
    rows: Vec<(&'static str, String)>,
    papers: Vec<(String, [String; 3])>,
    after: Vec<(&'static str, String)>,
    receiver: String,
}

/// `GET /dossiers/{id}/slip?form=01&paper=a5|80mm|a4`.
pub(in super::super) async fn slip(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let printed = async {
        let paper = asked(&query)?;
        let actor = site.actor(&headers).await?;
        let id = DocumentId::from_hex(&id).ok_or(Refused::new(404, "not-found"))?;
        let dossier = desk::open(&site.office, &actor, id).await?;
        if text(&dossier, "/code").is_empty() {
            return Err(Refused::new(409, "rule-status"));
        }
        Ok(render(&filled(&site, &dossier, paper)))
    };
    answer(&site, &headers, printed.await)
}

/// The paper that was asked for.
fn asked(query: &[(String, String)]) -> Result<&'static str, Refused> {
    let mut paper = PAPERS[0];
    for (name, value) in query {
        let unknown = || Refused::new(422, "field-unknown").about(name.as_str());
        match name.as_str() {
            "form" if value == FORM => {}
            "paper" => {
                let known = PAPERS.into_iter().find(|known| known == value);
                paper = known.ok_or_else(unknown)?;
            }
            _ => return Err(unknown()),
        }
    }
    Ok(paper)
}

fn filled(site: &Site, dossier: &Value, paper: &'static str) -> Slip {
    let state = site.office.state();
    let unit = state.unit_by_code(&text(dossier, "/receiving_unit"));
    let procedure =
        format!("{} – {}", text(dossier, "/procedure/code"), text(dossier, "/procedure/name"));
    let rows = [
        ("Tiếp nhận hồ sơ của", text(dossier, "/applicant/name")),
        ("Người được ủy quyền", text(dossier, "/representative/name")),
        ("Địa chỉ", text(dossier, "/applicant/address")),
        ("Số điện thoại", text(dossier, "/applicant/phone")),
        ("Email", text(dossier, "/applicant/email")),
        ("Nội dung yêu cầu giải quyết", procedure),
    ];
    let papers = list(dossier, "/papers").map(|paper| {
        let counts = ["/originals", "/certified_copies", "/photocopies"];
        (text(paper, "/name"), counts.map(|count| text(paper, count)))
    });
    let due = moment(&text(dossier, "/due_at"));
    let due = match (due.is_empty(), dossier.get("due_certain").and_then(Value::as_bool)) {
        (true, _) => "theo thông báo".to_owned(),
        (false, Some(false)) => format!("{due} (dự kiến)"),
        (false, _) => due,
    };
    let after = [
        ("Số lượng hồ sơ", format!("{} (bộ)", text(dossier, "/sets"))),
        ("Thời gian giải quyết hồ sơ theo quy định là", term(dossier)),
        ("Thời gian nhận hồ sơ", moment(&text(dossier, "/received_at"))),
        ("Thời gian trả kết quả giải quyết hồ sơ", due),
        ("Đăng ký nhận kết quả tại", place(&state, dossier)),
        ("Vào Sổ theo dõi hồ sơ", format!("Quyển số: {BLANK} Số thứ tự: {BLANK}")),
    ];
    let realm = state.realm_kind().map_or("unknown", |kind| kind.code());
    let words = site.vietnamese();
    Slip {
        paper,
        realm: match realm {
            "official" => String::new(),
            realm => words.say(&format!("realm-{realm}")),
        },
        authority: unit.map(|unit| unit.authority_name.clone()).unwrap_or_default(),
        desk: unit.map(|unit| unit.desk_name.clone()).unwrap_or_default(),
        code: text(dossier, "/code"),
        code_provisional: dossier.get("code_provisional").and_then(Value::as_bool) == Some(true),
        rows: rows.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
        papers: papers.collect(),
        after: after.into(),
        receiver: received_by(dossier),
    }
}

/// Who received it.
fn received_by(dossier: &Value) -> String {
    let mut events = list(dossier, "/events");
    let received = events.find(|event| text(event, "/kind") == "received");
    received.map(|event| text(event, "/by")).unwrap_or_default()
}

/// How long it may take.
fn term(dossier: &Value) -> String {
    let days = text(dossier, "/procedure/term/days");
    match text(dossier, "/procedure/term/kind").as_str() {
        "same_day" => "trong ngày làm việc".to_owned(),
        "working_days" => format!("{days} ngày làm việc"),
        "calendar_days" => format!("{days} ngày"),
        "by_announcement" => "theo thông báo".to_owned(),
        _ => BLANK.to_owned(),
    }
}

/// Where the result is collected.
fn place(state: &Registry, dossier: &Value) -> String {
    match text(dossier, "/result_channel").as_str() {
        "post" => "Dịch vụ bưu chính công ích".to_owned(),
        "electronic" => "Bản điện tử".to_owned(),
        _ => {
            let unit = state.unit_by_code(&text(dossier, "/return_unit"));
            unit.map_or_else(|| BLANK.to_owned(), |unit| unit.desk_name.clone())
        }
    }
}

/// `8 giờ 05 phút, ngày 24/11/2026` of a time at the province's offset.
fn moment(at: &str) -> String {
    let (Some(day), Some(hour), Some(minute)) = (at.get(..10), at.get(11..13), at.get(14..16))
    else {
        return String::new();
    };
    let hour = hour.trim_start_matches('0');
    format!("{} giờ {minute} phút, ngày {}", if hour.is_empty() { "0" } else { hour }, date(day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_form_has_them() {
        assert_eq!(moment("2026-11-24T08:05:00+07:00"), "8 giờ 05 phút, ngày 24/11/2026");
        assert_eq!(moment("2026-11-24T00:00:00+07:00"), "0 giờ 00 phút, ngày 24/11/2026");
        assert_eq!(moment(""), "");
    }
}
