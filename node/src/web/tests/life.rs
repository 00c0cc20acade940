//! Every event that a person makes, through the form of its page as a browser sends it.

use std::collections::BTreeSet;

use hoso_registry::{
    EventKind, Statement,
    statement::{CalendarStatus, CalendarYear},
};
use serde_json::json;

use super::{
    api::reception,
    forms::{Form, press},
    pages::receive,
    scene::{Answer, Scene},
};

type Step<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// Where people find the form of a kind.
enum Home {
    /// Among the actions of a dossier.
    Dossier,
    /// On another page.
    Page,
    /// Nobody fills in a form: it happens by itself or comes through a gateway.
    Nowhere,
    /// A form with a file, and what follows from it: these have tests of their own.
    Scans,
}

/// A kind that is new must be given a home here before anything compiles.
fn home(kind: EventKind) -> Home {
    use EventKind as K;
    match kind {
        K::Received | K::CodeReissued => Home::Page,
        K::Submitted | K::Opened => Home::Nowhere,
        K::Attached | K::Detached => Home::Scans,
        K::NotAccepted
        | K::HandedOver
        | K::TakenOver
        | K::Assigned
        | K::SupplementRequested
        | K::Supplemented
        | K::FeeAdded
        | K::FeeRemoved
        | K::PaymentRequested
        | K::Paid
        | K::PaymentConfirmed
        | K::PaymentReversed
        | K::Extended
        | K::Approved
        | K::Refused
        | K::ResultReady
        | K::ResultRecalled
        | K::ResultSent
        | K::ResultArrived
        | K::Returned
        | K::Stopped
        | K::Resumed
        | K::Withdrawn
        | K::Printed
        | K::Noted
        | K::FieldCorrected
        | K::ConflictResolved
        | K::UnitAdded
        | K::CalendarAccepted => Home::Dossier,
    }
}

/// A dossier on its way through forms alone.
struct Walk<'a> {
    scene: &'a Scene,
    path: String,
    /// The kinds that went through.
    done: BTreeSet<String>,
}

impl<'a> Walk<'a> {
    async fn begin(scene: &'a Scene) -> Self {
        Self { scene, path: receive(scene).await, done: BTreeSet::new() }
    }

    /// Sends the forms one after the other, each confirmed where the page asks.
    async fn go(&mut self, steps: &[Step<'_>]) {
        for (kind, typed) in steps {
            let answer = press(self.scene, &self.path, kind, typed).await;
            assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
            self.done.insert((*kind).to_owned());
        }
    }

    async fn record(&self) -> serde_json::Value {
        self.scene.get(&format!("/api/v1{}", self.path)).await.json()
    }
}

async fn granted(scene: &Scene) -> BTreeSet<String> {
    let mut walk = Walk::begin(scene).await;
    let person = scene.person();
    walk.go(&[
        ("handed_over", &[("to_unit", "07192"), ("note", "Kèm bản vẽ")]),
        ("taken_over", &[]),
        ("assigned", &[("person", person.as_str())]),
        ("noted", &[("text", "Đã gọi điện")]),
        ("unit_added", &[("unit", "06673"), ("reason", "Phối hợp xác minh")]),
        ("supplement_requested", &[("listed.2.chosen", "on"), ("reason", "Thiếu trang 2")]),
        ("supplemented", &[("listed.0.chosen", "on")]),
        ("fee_added", &[("name", "Lệ phí"), ("amount", "8.000đ")]),
        ("fee_added", &[("name", "Nhập nhầm"), ("amount", "1")]),
    ])
    .await;
    let fees = walk.record().await["fees"].clone();
    let wrong = fees[1]["id"].as_str().unwrap().to_owned();
    walk.go(&[
        ("fee_removed", &[("fee", wrong.as_str()), ("reason", "Nhập nhầm")]),
        ("payment_requested", &[("amount", "8 000"), ("pauses", "on")]),
        ("paid", &[("amount", "8.000"), ("method", "transfer")]),
        ("payment_confirmed", &[("reference", "FT26330")]),
        ("payment_reversed", &[("reason", "Chuyển thừa")]),
        ("extended", &[("due_at", "01/06/2027 17:00"), ("reason", "Xác minh thực địa")]),
        ("refused", &[("reason", "Không đủ điều kiện")]),
        ("result_ready", &[("number", "1/TB-UBND"), ("date", "24/11/2026")]),
        ("result_recalled", &[("reason", "Sai căn cứ")]),
        ("approved", &[("note", "Đủ điều kiện")]),
        ("result_ready", &[("number", "2/QĐ-UBND"), ("date", "25112026")]),
        ("result_sent", &[("to_unit", "06673")]),
        ("result_arrived", &[]),
        ("printed", &[("paper", "a5")]),
        ("returned", &[("receiver", "Đường Thị Thử"), ("evidence", "Chữ ký"), ("channel", "desk")]),
    ])
    .await;
    assert_eq!(walk.record().await["status"], "returned");
    walk.done
}

async fn withdrawn(scene: &Scene) -> BTreeSet<String> {
    let mut walk = Walk::begin(scene).await;
    walk.go(&[
        ("handed_over", &[("to_unit", "07192")]),
        ("taken_over", &[]),
        ("stopped", &[("reason", "Chờ kết luận tranh chấp")]),
        ("resumed", &[("reason", "Đã có kết luận")]),
    ])
    .await;
    walk.go(&[("withdrawn", &[("reason", "Người nộp xin rút")])]).await;
    assert_eq!(walk.record().await["status"], "withdrawn");
    walk.done
}

/// A later calendar without days off sets another due time.
async fn counted_anew(scene: &Scene) -> BTreeSet<String> {
    let mut body = reception();
    body["procedure_code"] = json!("1.001022");
    body["received_at"] = json!("2026-04-28T09:00:00+07:00");
    body["paper_reference"] = json!("Sổ giấy 12");
    body["reason"] = json!("Mất điện");
    let made = scene.call("POST", "/api/v1/dossiers", "late", &body.to_string()).await.json();
    let path = format!("/dossiers/{}", made["id"].as_str().unwrap());
    let without_days_off = CalendarYear {
        year: 2026,
        status: CalendarStatus::Official,
        off_days: Vec::new(),
        working_saturdays: Vec::new(),
    };
    scene.announce(&Statement::Calendar(without_days_off)).await;
    let mut walk = Walk { scene, path, done: BTreeSet::new() };
    walk.go(&[("calendar_accepted", &[])]).await;
    walk.done
}

async fn contested(scene: &Scene) -> BTreeSet<String> {
    let mut walk = Walk::begin(scene).await;
    let base = walk.record().await["version"].clone();
    for name in ["Thu Hai", "Thu Ba"] {
        let body = json!({
            "kind": "field_corrected", "base": base, "field": "applicant.name", "value": name,
            "reason": "Viết sai",
        });
        let events = format!("/api/v1{}/events", walk.path);
        let answer = scene.call("POST", &events, name, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    walk.go(&[
        ("conflict_resolved", &[]),
        (
            "field_corrected",
            &[("field", "note"), ("value", "Gọi buổi sáng"), ("reason", "Bổ sung")],
        ),
        ("not_accepted", &[("reason", "Không thuộc phạm vi giải quyết")]),
    ])
    .await;
    assert_eq!(walk.record().await["status"], "not_accepted");
    assert_eq!(walk.record().await["timeliness"], "none", "no work, so nothing in time or late");
    walk.done
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_that_a_person_makes_goes_through_its_form() {
    let scene = Scene::with_clerk().await;
    let mut done = granted(&scene).await;
    done.extend(withdrawn(&scene).await);
    done.extend(counted_anew(&scene).await);
    done.extend(contested(&scene).await);
    let of_dossiers = EventKind::ALL.iter().filter(|kind| matches!(home(**kind), Home::Dossier));
    let lacking: Vec<&str> =
        of_dossiers.map(|kind| kind.code()).filter(|kind| !done.contains(*kind)).collect();
    assert_eq!(lacking, Vec::<&str>::new());
    let elsewhere = EventKind::ALL.iter().filter(|kind| matches!(home(**kind), Home::Page));
    let elsewhere: Vec<&str> = elsewhere.map(|kind| kind.code()).collect();
    assert_eq!(elsewhere, ["received", "code_reissued"]);
    assert!(Form::on(&scene.get("/receive").await, "id=\"reception\"").is_some());
}

/// The section of a page that begins with this.
fn part<'a>(page: &'a Answer, begin: &str, end: &str) -> &'a str {
    let (_, rest) = page.text.split_once(begin).unwrap_or_else(|| panic!("{begin}: {}", page.text));
    rest.split(end).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_grave_is_said_once_more_and_happens_once_however_often_it_is_confirmed() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let record = || async { scene.get(&format!("/api/v1{path}")).await.json() };
    let before = record().await;
    let page = scene.get(&path).await;
    let form = Form::of_kind(&page, "withdrawn").unwrap();
    let asked = form.send(&scene, &[("reason", "Người nộp <xin> rút")], None).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let due = before["due_at"].as_str().unwrap();
    let due = format!("{}/{}/{}", &due[8..10], &due[5..7], &due[..4]);
    let sentence = part(&asked, "<p class=\"lead\">", "</p>");
    let code = before["code"].as_str().unwrap();
    for said in ["Người thử 7", code, "Hằng", due.as_str(), "không còn hiệu lực"] {
        assert!(sentence.contains(said), "no {said} in {sentence}");
    }
    assert_eq!(record().await["status"], "accepted", "nothing happens before it is confirmed");
    let confirm = Form::of_kind(&asked, "withdrawn").unwrap();
    let back = confirm.send(&scene, &[], Some(("_do", "back"))).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(back.text.contains("Người nộp &#60;xin&#62; rút"), "{}", back.text);
    assert_eq!(record().await["status"], "accepted");
    let sure = Some(("_sure", "yes"));
    for _ in 0..2 {
        let done = confirm.send(&scene, &[], sure).await;
        assert_eq!((done.status.as_u16(), done.header("location")), (303, path.as_str()));
    }
    let again = form.send(&scene, &[("reason", "Người nộp <xin> rút")], None).await;
    assert_eq!(again.status, 303, "what was done is not asked again: {}", again.text);
    let events = record().await["events"].clone();
    let withdrawn = events.as_array().unwrap().iter().filter(|each| each["kind"] == "withdrawn");
    assert_eq!(withdrawn.count(), 1, "{events}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_refused_is_refused_before_anybody_is_asked_to_confirm_it() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let page = scene.get(&path).await;
    let form = Form::of_kind(&page, "withdrawn").unwrap();
    let blank = form.send(&scene, &[("reason", " ")], None).await;
    assert_eq!(blank.status, 422, "{}", blank.text);
    let taken = press(&scene, &path, "not_accepted", &[("reason", "Sai nơi nộp")]).await;
    assert_eq!(taken.status, 303, "{}", taken.text);
    let late = form.send(&scene, &[("reason", "Người nộp xin rút")], None).await;
    assert_eq!(late.status, 409, "{}", late.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_possible_now_says_why_before_it_is_pressed() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let begin = "<details class=\"withheld\">";
    let page = scene.get(&path).await;
    let list = part(&page, begin, "</details>");
    for (why, act) in [
        ("Chỉ làm được khi hồ sơ ở trạng thái Đang xử lý.", "<li>Phê duyệt</li>"),
        ("Chỉ làm được khi hồ sơ ở trạng thái Đã xử lý xong.", "<li>Trả kết quả</li>"),
    ] {
        assert_eq!(list.matches(why).count(), 1, "each reason is said once: {list}");
        let acts = list.split(why).nth(1).unwrap().split("<dt>").next().unwrap();
        assert!(acts.contains(act), "no {act} under {why} in {list}");
    }
    assert!(!list.contains("Rút hồ sơ"), "what can be done is not in the list: {list}");
    for kind in ["withdrawn", "approved"] {
        let may = Form::of_kind(&page, kind).is_some();
        assert_eq!(may, kind == "withdrawn", "{kind}");
    }
    for (kind, typed) in
        [("handed_over", vec![("to_unit", "07192")]), ("taken_over", vec![]), ("approved", vec![])]
    {
        assert_eq!(press(&scene, &path, kind, &typed).await.status, 303, "{kind}");
    }
    let page = scene.get(&path).await;
    let list = part(&page, begin, "</details>");
    assert!(list.contains("Hồ sơ đã có quyết định"), "{list}");
    let stale = json!({ "kind": "withdrawn", "reason": "Xin rút" }).to_string();
    let refused = scene.call("POST", &format!("/api/v1{path}/events"), "stale", &stale).await;
    assert_eq!(refused.json()["type"], "urn:hoso:problem:rule-decided", "the same guard refuses");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_sheet_says_who_gave_and_who_took_and_which_line_is_open() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let sheet = |page: &Answer| part(page, "<table class=\"control\">", "</table>").to_owned();
    let given = press(&scene, &path, "handed_over", &[("to_unit", "07192")]).await;
    assert_eq!(given.status, 303, "{}", given.text);
    let open = sheet(&scene.get(&path).await);
    assert!(open.contains("Chưa nhận") && open.contains("<small>Người thử 7</small>"), "{open}");
    let desk = "Bộ phận tiếp nhận, Trung tâm Phục vụ hành chính công đặc khu Cô Tô";
    let work = "Bộ phận chuyên môn, Ủy ban nhân dân đặc khu Cô Tô";
    assert!(open.contains(desk) && open.contains(work), "{open}");
    assert_eq!(press(&scene, &path, "taken_over", &[]).await.status, 303);
    let agency = press(&scene, &path, "handed_over", &[("to_unit", "agency:LAND")]).await;
    assert_eq!(agency.status, 422, "an office that does not exist takes nothing");
    let taken = sheet(&scene.get(&path).await);
    assert!(!taken.contains("Chưa nhận"), "{taken}");
    assert_eq!(taken.matches("<small>Người thử 7</small>").count(), 2, "{taken}");
    let record = scene.get(&format!("/api/v1{path}")).await.json();
    let line = &record["control_sheet"][0];
    assert_eq!(
        (&line["given_by"], &line["taken_by"]),
        (&json!("Người thử 7"), &json!("Người thử 7"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_turned_away_who_holds_a_slip_and_no_term_is_moved_before_the_hand_over() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let page = scene.get(&path).await;
    assert!(Form::of_kind(&page, "not_accepted").is_some(), "{}", page.text);
    assert!(Form::of_kind(&page, "extended").is_none(), "{}", page.text);
    let version = page.input("base");
    let list = part(&page, "<details class=\"withheld\">", "</details>");
    assert!(!list.contains("trạng thái Được tiếp nhận / Đang xử lý"), "{list}");
    let early = json!({ "kind": "extended", "base": version, "due_at": "2027-06-01T17:00:00+07:00",
        "reason": "Xác minh thực địa" });
    let events = format!("/api/v1{path}/events");
    let refused = scene.call("POST", &events, "early", &early.to_string()).await;
    assert_eq!(refused.json()["type"], "urn:hoso:problem:rule-status", "{}", refused.text);
    assert_eq!(press(&scene, &path, "printed", &[("paper", "a5")]).await.status, 303);
    let page = scene.get(&path).await;
    assert!(Form::of_kind(&page, "not_accepted").is_none(), "{}", page.text);
    assert!(Form::of_kind(&page, "withdrawn").is_some(), "{}", page.text);
}
