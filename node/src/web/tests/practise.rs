//! The training realm: founded, practised in, thrown away.

use std::{collections::BTreeMap, path::Path};

use axum::http::StatusCode;
use hoso_identity::{EntryId, PublicKey, UnitId};
use hoso_registry::enrolment::{Invitation, InvitationCode};
use serde_json::{Value, json};

use super::scene::{ADMINISTRATOR, Scene};
use crate::{
    join,
    practise::{self, PASSWORD},
};

/// The dossiers that are there to work on.
const DOSSIERS: usize = 12;
/// Somebody with every role that acts in dossiers.
const TRAINEE: &str = "hocvien1";

async fn at_the_desk(name: &str) -> Scene {
    let mut scene = Scene::practising().await;
    scene.log_in_with(name, PASSWORD).await;
    scene
}

fn application(name: &str) -> String {
    let applicant = json!({ "kind": "person", "name": name, "address": "Khu tập huấn" });
    let papers = json!([
        { "name": "Tờ khai", "originals": 1, "certified_copies": 0, "photocopies": 0 },
    ]);
    json!({ "procedure_code": "1.004873", "applicant": applicant, "papers": papers }).to_string()
}

/// Every file of a directory, but for the lock, with what is in it.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    let files = files.filter(|file| file.file_type().unwrap().is_file());
    let named = files.map(|file| {
        (file.file_name().to_string_lossy().into_owned(), std::fs::read(file.path()).unwrap())
    });
    named.filter(|(name, _)| name != "hoso.lock").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_realm_has_people_of_every_role_and_dossiers_whose_codes_begin_with_h() {
    let mut scene = at_the_desk(TRAINEE).await;
    let listed = scene.get("/api/v1/dossiers?status=all&limit=200").await.json();
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), DOSSIERS, "{listed}");
    assert!(items.iter().all(|item| item["code"].as_str().unwrap().starts_with('H')), "{listed}");
    let made = scene.call("POST", "/api/v1/dossiers", "mot", &application("Trần Văn Tập")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    assert!(made.json()["code"].as_str().unwrap().starts_with('H'), "{}", made.text);
    let roles: [&str; 7] =
        ["tiepnhan", "chuyenvien", "lanhdao", "vanthu", "thuquy", "traketqua", "xem"];
    for name in roles.iter().chain(&[ADMINISTRATOR]) {
        scene.log_in_with(name, PASSWORD).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_and_every_print_of_a_training_realm_says_so() {
    let mut scene = at_the_desk(TRAINEE).await;
    let listed = scene.get("/api/v1/dossiers?status=done").await.json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    for page in ["/", "/receive", "/return", "/health", &format!("/dossiers/{id}"), "/nowhere"] {
        let page = scene.get(page).await.text;
        assert!(page.contains("class=\"realm-strip training\""), "{page}");
        assert!(page.contains("không nối với tỉnh"), "the link is said to be as it should");
        assert!(!page.contains("Mất kết nối"), "{page}");
    }
    let slips = ["a5", "80mm", "a4"];
    let slips = slips.map(|paper| format!("/api/v1/dossiers/{id}/slip?form=01&paper={paper}"));
    let sheet = format!("/api/v1/dossiers/{id}/slip?form=06");
    let others = [sheet.as_str(), "/logbook", "/office/papers/test?paper=a4"];
    for print in slips.iter().map(String::as_str).chain(others) {
        let drawn = scene.get(print).await;
        assert_eq!(drawn.status, StatusCode::OK, "{print}: {}", drawn.text);
        assert!(drawn.text.contains("class=\"realm training\""), "{print}: {}", drawn.text);
    }
    scene.log_in_with(ADMINISTRATOR, PASSWORD).await;
    let health = scene.get("/health").await.text;
    assert!(!health.contains("Kết nối với tỉnh đang tắt"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_in_page_of_a_training_realm_says_how_to_get_in_and_no_other_does() {
    let mut scene = Scene::practising().await;
    let page = scene.get("/log-in").await.text;
    let listed = page.split("class=\"panel trainees\"").nth(1).unwrap();
    let password = format!("<strong>{PASSWORD}</strong>");
    assert!(listed.contains(&password), "{page}");
    let names = listed.split("<li><strong>").skip(1).map(|item| item.split('<').next().unwrap());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(names.len() == 11 && names.contains(&TRAINEE.to_owned()), "{names:?}");
    for name in &names {
        scene.log_in_with(name, PASSWORD).await;
    }
    let elsewhere = Scene::with_clerk().await.get("/log-in").await.text;
    assert!(!elsewhere.contains("trainees") && !elsewhere.contains(PASSWORD), "{elsewhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_side_of_a_conflict_is_chosen_by_who_may_make_it_and_others_read_who_that_is() {
    let mut scene = at_the_desk(TRAINEE).await;
    let made = scene.call("POST", "/api/v1/dossiers", "mot", &application("Trần Văn Tập")).await;
    let made = made.json();
    let (id, base) = (made["id"].as_str().unwrap(), &made["version"]);
    let (path, events) = (format!("/dossiers/{id}"), format!("/api/v1/dossiers/{id}/events"));
    for (key, name) in [("hai", "Trần Văn Hai"), ("ba", "Trần Văn Ba")] {
        let body = json!({
            "kind": "field_corrected", "base": base, "field": "applicant.name", "value": name,
            "reason": "Viết sai",
        });
        let answer = scene.call("POST", &events, key, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    scene.log_in_with("lanhdao", PASSWORD).await;
    let page = scene.get(&path).await.text;
    assert!(!page.contains("value=\"conflict_resolved\""), "{page}");
    let why = "Bạn không chọn được bên này. Cần vai trò ";
    assert_eq!(page.matches(why).count(), 2, "{page}");
    let seen = scene.get(&format!("/api/v1{path}")).await.json();
    assert_eq!(seen["choices"], json!([]));
    let side = seen["conflicts"][0]["sides"][0]["id"].clone();
    let choice = json!({ "kind": "conflict_resolved", "base": seen["version"], "choice": side });
    let refused = scene.call("POST", &events, "chon", &choice.to_string()).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    scene.log_in_with("tiepnhan", PASSWORD).await;
    let page = scene.get(&path).await.text;
    assert_eq!(page.matches("value=\"conflict_resolved\"").count(), 2, "{page}");
    assert!(!page.contains(why), "{page}");
    let chosen = scene.call("POST", &events, "chon lai", &choice.to_string()).await;
    assert_eq!(chosen.status, 201, "{}", chosen.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_realm_is_linked_to_nothing_and_lets_nobody_switch_a_link_on() {
    let scene = at_the_desk(ADMINISTRATOR).await;
    let office = scene.get("/office").await.text;
    assert!(!office.contains("action=\"/office/link\""), "{office}");
    let asked = scene.call("PUT", "/api/v1/link", "", r#"{"enabled":true}"#).await;
    assert_eq!(asked.status, StatusCode::CONFLICT, "{}", asked.text);
    assert!(asked.json()["type"].as_str().unwrap().ends_with("alone"), "{}", asked.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_realm_goes_on_where_it_ended_until_it_is_begun_again() {
    let scene = at_the_desk(TRAINEE).await;
    scene.call("POST", "/api/v1/dossiers", "mot", &application("Trần Văn Tập")).await;
    let realm = scene.office.memory.realm();
    let (directory, _) = scene.closed().await;
    practise::prepare(directory.path(), false).await.unwrap();
    let mut scene = Scene::on(directory, String::new()).await;
    scene.log_in_with(TRAINEE, PASSWORD).await;
    assert_eq!(scene.office.memory.realm(), realm);
    assert_eq!(scene.dossiers().await, DOSSIERS + 1);
    let (directory, _) = scene.closed().await;
    let own = directory.path().join("forms");
    std::fs::create_dir(&own).unwrap();
    practise::prepare(directory.path(), true).await.unwrap();
    assert!(own.exists(), "only what the realm is made of is removed");
    let mut scene = Scene::on(directory, String::new()).await;
    scene.log_in_with(TRAINEE, PASSWORD).await;
    assert_ne!(scene.office.memory.realm(), realm);
    assert_eq!(scene.dossiers().await, DOSSIERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_is_no_training_realms_is_refused_and_stays_as_it_is() {
    let pending = Scene::pending().await.closed().await.0;
    for directory in [Scene::new().await.closed().await.0, pending] {
        let before = files(directory.path());
        for anew in [false, true] {
            let refused = practise::prepare(directory.path(), anew).await.unwrap_err();
            for said in ["không phải thư mục tập huấn", "not a training realm"] {
                assert!(refused.text.contains(said), "{}", refused.text);
            }
        }
        assert!(files(directory.path()) == before, "not a byte has changed");
        // A mark alone makes no training realm of it.
        std::fs::write(directory.path().join("practise.realm"), "a training realm").unwrap();
        let refused = practise::prepare(directory.path(), true).await.unwrap_err();
        assert!(refused.text.contains("a node"), "{}", refused.text);
        let after = files(directory.path());
        for file in ["hoso.db", "transport.key"] {
            assert!(after.contains_key(file), "{file} is gone");
        }
        assert_eq!(after["transport.key"], before["transport.key"]);
    }
    let relays = tempfile::tempdir().unwrap();
    for key in ["root.key", "signing.key"] {
        std::fs::write(relays.path().join(key), "precious").unwrap();
        let refused = practise::prepare(relays.path(), true).await.unwrap_err();
        assert!(refused.text.contains(key), "{}", refused.text);
        std::fs::remove_file(relays.path().join(key)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_realm_that_is_in_use_is_not_begun_again_under_its_people() {
    let scene = at_the_desk(TRAINEE).await;
    let realm = scene.office.memory.realm();
    practise::prepare(scene.directory(), true).await.unwrap_err();
    assert_eq!(scene.dossiers().await, DOSSIERS);
    assert_eq!(scene.office.memory.realm(), realm);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_founding_that_was_cut_short_is_done_again() {
    let (directory, _) = at_the_desk(TRAINEE).await.closed().await;
    let mark = directory.path().join("practise.realm");
    let founded = std::fs::read_to_string(&mark).unwrap();
    std::fs::write(&mark, "a training realm, being founded\n").unwrap();
    std::fs::remove_file(directory.path().join("age.key")).unwrap();
    practise::prepare(directory.path(), false).await.unwrap();
    assert_eq!(std::fs::read_to_string(&mark).unwrap(), founded);
    let mut scene = Scene::on(directory, String::new()).await;
    scene.log_in_with(TRAINEE, PASSWORD).await;
    assert_eq!(scene.dossiers().await, DOSSIERS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_of_a_training_realm_joins_no_province() {
    let (directory, _) = Scene::practising().await.closed().await;
    let invitation = Invitation {
        code: InvitationCode::from_bytes([1; 16]),
        unit: UnitId(54),
        founding: EntryId([7; 32]),
        relay: PublicKey([9; 32]),
        addresses: vec!["localhost:1".to_owned()],
    };
    let password = hoso_engine::command::Secret::new("mat khau dai".to_owned());
    let refused =
        join::join(&invitation.to_text(), directory.path(), ("quantri", "quantri"), &password)
            .await;
    let code = refused.map(|_: Value| ()).unwrap_err().code;
    assert_eq!(code, "already-joined");
}

/// What somebody does to a dossier over the interface; the dossier as it is then.
async fn does(scene: &Scene, dossier: &Value, kind: &str, mut fields: Value) -> Value {
    fields["kind"] = json!(kind);
    fields["base"] = dossier["version"].clone();
    let path = format!("/api/v1/dossiers/{}/events", dossier["id"].as_str().unwrap());
    let key = format!("{kind} {}", dossier["version"]);
    let answer = scene.call("POST", &path, &key, &fields.to_string()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{kind}: {}", answer.text);
    answer.json()
}

/// A dossier of that status, as it is now.
async fn one(scene: &Scene, status: &str) -> Value {
    let listed = scene.get(&format!("/api/v1/dossiers?status={status}")).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    scene.get(&format!("/api/v1/dossiers/{id}")).await.json()
}

/// The codes of the exercises that the page calls complete.
async fn completed(scene: &Scene) -> Vec<String> {
    let page = scene.get("/practise").await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text);
    let sections = page.text.split("<section class=\"panel\" id=\"").skip(1);
    let complete = sections.filter(|section| section.contains("Hoàn thành lúc"));
    complete.map(|section| section.split('"').next().unwrap().to_owned()).collect()
}

/// Does the first five exercises as whoever is logged in.
async fn practised(scene: &Scene) {
    let made = scene.call("POST", "/api/v1/dossiers", "nhan", &application("Trần Văn Tập")).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    does(scene, &made.json(), "printed", json!({ "form": "01", "paper": "a5" })).await;
    let dossier = one(scene, "processing").await;
    let papers = json!([{ "name": "Tờ khai", "originals": 1, "certified_copies": 0,
        "photocopies": 0 }]);
    let asked = json!({ "papers": papers, "reason": "Thiếu chữ ký" });
    let dossier = does(scene, &dossier, "supplement_requested", asked).await;
    let dossier = does(scene, &dossier, "supplemented", json!({ "papers": papers })).await;
    let fee = json!({ "name": "Phí bản sao", "amount": 8000 });
    let dossier = does(scene, &dossier, "fee_added", fee).await;
    let owed = dossier["open"].clone();
    let dossier = does(scene, &dossier, "paid", json!({ "amount": owed, "method": "cash" })).await;
    let dossier = does(scene, &dossier, "approved", json!({})).await;
    let result = json!({ "number": "9/TH-UBND", "date": "2026-11-24", "files": [] });
    let dossier = does(scene, &dossier, "result_ready", result).await;
    let hand = json!({ "receiver": "Trần Văn Tập", "evidence": "signature", "channel": "desk" });
    does(scene, &dossier, "returned", hand).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exercises_are_ticked_by_ones_own_work_and_stay_so_until_the_realm_is_begun_again() {
    let mut scene = at_the_desk(TRAINEE).await;
    assert_eq!(completed(&scene).await, Vec::<String>::new());
    practised(&scene).await;
    let done = ["reception", "supplement", "payment", "decision", "return"];
    assert_eq!(completed(&scene).await, done);
    scene.log_in_with("hocvien2", PASSWORD).await;
    assert_eq!(completed(&scene).await, Vec::<String>::new(), "somebody else has done it");
    let mut scene = scene.restarted().await;
    scene.log_in_with(ADMINISTRATOR, PASSWORD).await;
    let overview = scene.get("/practise/overview").await.text;
    let row = |name: &str| {
        let (_, row) = overview.split_once(&format!("<th scope=\"row\">{name}</th>")).unwrap();
        row.split("</tr>").next().unwrap().matches("<td>–</td>").count()
    };
    assert_eq!(row("Học viên Một"), 1, "all but the conflict: {overview}");
    assert_eq!(row("Học viên Hai"), 6, "{overview}");
    let (directory, _) = scene.closed().await;
    practise::prepare(directory.path(), true).await.unwrap();
    let mut scene = Scene::on(directory, String::new()).await;
    scene.log_in_with(TRAINEE, PASSWORD).await;
    assert_eq!(completed(&scene).await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_second_machine_comes_in_and_is_chosen_between() {
    let scene = at_the_desk(TRAINEE).await;
    let token = scene.get("/password").await.input("_token");
    let form = [("_token", token.as_str())];
    let early = scene.post("/practise/colleague", &form).await;
    assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.text);
    let dossier = one(&scene, "accepted").await;
    let corrected =
        json!({ "field": "applicant.phone", "value": "0911111111", "reason": "Nghe nhầm" });
    does(&scene, &dossier, "field_corrected", corrected).await;
    assert!(scene.get("/practise").await.text.contains("action=\"/practise/colleague\""));
    let came = scene.post("/practise/colleague", &form).await;
    assert_eq!(came.status, StatusCode::SEE_OTHER, "{}", came.text);
    let page = scene.get(came.header("location")).await.text;
    assert!(page.contains("0911111111") && page.contains("0900000099"), "{page}");
    assert!(page.contains("Đồng nghiệp (máy thứ hai)"), "{page}");
    let again = scene.post("/practise/colleague", &form).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "there is one other side");
    let now = scene.get(&came.header("location").replace("/dos", "/api/v1/dos")).await.json();
    assert_eq!(now["needs_review"], true, "{now}");
    let side = now["conflicts"][0]["sides"][0]["id"].clone();
    does(&scene, &now, "conflict_resolved", json!({ "choice": side })).await;
    assert_eq!(completed(&scene).await, ["conflict"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_who_is_sure_begins_again_and_only_in_a_training_realm() {
    let mut scene = at_the_desk(TRAINEE).await;
    let begins_again = scene.office.begins_again.subscribe();
    let token = scene.get("/password").await.input("_token");
    let sure = [("_token", token.as_str()), ("sure", "yes")];
    assert_eq!(scene.post("/practise/reset", &sure).await.status, StatusCode::FORBIDDEN);
    assert_eq!(scene.get("/practise/overview").await.status, StatusCode::FORBIDDEN);
    scene.log_in_with(ADMINISTRATOR, PASSWORD).await;
    let token = scene.get("/practise").await.input("_token");
    let unsure = scene.post("/practise/reset", &[("_token", token.as_str())]).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", unsure.text);
    assert!(!*begins_again.borrow());
    let sure = [("_token", token.as_str()), ("sure", "yes")];
    assert_eq!(scene.post("/practise/reset", &sure).await.status, StatusCode::SEE_OTHER);
    assert!(*begins_again.borrow());
    // Restored into another directory it runs, and nothing there may be removed.
    std::fs::remove_file(scene.directory().join("practise.realm")).unwrap();
    assert_eq!(scene.post("/practise/reset", &sure).await.status, StatusCode::NOT_FOUND);
    assert!(!scene.get("/practise").await.text.contains("/practise/reset"));
    let mut trial = Scene::new().await;
    trial.log_in(ADMINISTRATOR).await;
    let token = trial.get("/password").await.input("_token");
    let sure = [("_token", token.as_str()), ("sure", "yes")];
    for address in ["/practise/reset", "/practise/colleague"] {
        assert_eq!(trial.post(address, &sure).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    for address in ["/practise", "/practise/overview"] {
        assert_eq!(trial.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    let page = trial.get("/office").await.text;
    assert!(!page.contains("href=\"/practise\""), "{page}");
    assert!(!*trial.office.begins_again.borrow());
}
