//! Who the people of an office are: log-ins, persons, grants.

use hoso_engine::command::{Answer, Progress, Secret};
use hoso_identity::PersonId;
use hoso_registry::{Role, Statement, statement::Grant};
use hoso_store::{StoreError, backup};
use serde_json::json;

use super::{
    hours::{MORNING, add_hours},
    scene::{ADMINISTRATOR, CLERK, PASSWORD, Scene, clerks_key},
};
use crate::request::Request;

fn secret() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

async fn add(scene: &Scene, name: &str, role: &str, like: Option<&str>) -> Answer {
    let request = Request::UserAdd {
        name: name.to_owned(),
        display_name: None,
        roles: vec![role.to_owned()],
        password: secret(),
        person: None,
        like: like.map(str::to_owned),
        admin: ADMINISTRATOR.to_owned(),
        admin_password: secret(),
    };
    scene.office.answer(request, Progress::unseen()).await
}

/// Each log-in with the person whose it is, and whether it is disabled.
async fn listed(scene: &Scene) -> Vec<(String, String, bool)> {
    let listed = scene.office.answer(Request::UserList {}, Progress::unseen()).await.unwrap();
    let row = |item: &serde_json::Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        (text("username"), text("person"), item["disabled"].as_bool().unwrap())
    };
    listed["items"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_log_in_is_the_same_person_and_whoever_leaves_loses_both() {
    let mut scene = Scene::new().await;
    add(&scene, "lan", "reception", None).await.unwrap();
    add(&scene, "lan-2", "approval", Some("lan")).await.unwrap();
    add(&scene, "huong", "reception", None).await.unwrap();
    let refused = add(&scene, "lan-3", "approval", Some("nobody")).await.unwrap_err();
    assert_eq!(refused.code, "name");
    let before = listed(&scene).await;
    let person = |name: &str| before.iter().find(|(log_in, ..)| log_in == name).unwrap().1.clone();
    assert!(!person("lan").is_empty());
    assert_eq!(person("lan"), person("lan-2"));
    assert_ne!(person("lan"), person("huong"));
    scene.log_in("lan-2").await;
    let disable = Request::UserDisable {
        name: "lan".to_owned(),
        admin: ADMINISTRATOR.to_owned(),
        admin_password: secret(),
    };
    scene.office.answer(disable, Progress::unseen()).await.unwrap();
    assert_eq!(scene.get("/api/v1/dossiers").await.status, 401, "the open session has ended");
    let disabled: Vec<_> = listed(&scene).await.into_iter().filter(|row| row.2).collect();
    assert_eq!(disabled.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["lan", "lan-2"]);
    let state = scene.office.state();
    let lan = PersonId::from_hex(&person("lan")).unwrap();
    let grants: Vec<_> = state.grants_of_person(lan).collect();
    assert_eq!(grants.len(), 2);
    assert!(grants.iter().all(|grant| grant.ended.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_two_grants_does_what_either_allows() {
    let mut scene = Scene::new().await;
    let node = scene.office.node().unwrap().id;
    let person = PersonId::from_hex(&scene.person());
    scene
        .announce(&Statement::Grant(Grant {
            person,
            name: "Người thử 7".to_owned(),
            key: clerks_key(),
            unit: Some(scene.office.unit()),
            node: Some(node),
            roles: vec![Role::Administrator],
            from: None,
            until: None,
        }))
        .await;
    scene.log_in(CLERK).await;
    let switched = scene.call("PUT", "/api/v1/link", "", "{\"enabled\":false}").await;
    assert_eq!(switched.status, 200, "{}", switched.text);
    let body = json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": "Đường Thị Thử" },
        "papers": [],
    });
    let received = scene.call("POST", "/api/v1/dossiers", "one", &body.to_string()).await;
    assert_eq!(received.status, 201, "{}", received.text);
}

/// The one-off password of a sheet.
fn password_on(sheet: &str) -> String {
    let (_, rest) = sheet.split_once("<dt>Mật khẩu</dt><dd>").unwrap_or_else(|| panic!("{sheet}"));
    rest.split('<').next().unwrap().to_owned()
}

/// Logs in as somebody, on a browser of their own.
async fn log_in_with(scene: &mut Scene, name: &str, password: &str) -> u16 {
    let form = [("username", name), ("password", password)];
    let answer = scene.post("/log-in", &form).await;
    if answer.status == 303 {
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut scene.cookie);
    }
    answer.status.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_on_the_page_works_with_the_password_of_the_sheet_and_changes_it() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let page = scene.get("/office/people").await;
    let token = page.input("_token");
    let none = [("_token", token.as_str()), ("name", "Bùi Văn Thử"), ("username", "thu.bui")];
    let refused = scene.post("/office/people", &none).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("Chọn ít nhất một vai trò"), "{}", refused.text);
    assert!(refused.text.contains("value=\"Bùi Văn Thử\""), "{}", refused.text);
    assert!(refused.text.contains("id=\"role-problem\""), "{}", refused.text);
    let nameless = [none[0], ("name", " "), none[2], ("role", "reception")];
    let refused = scene.post("/office/people", &nameless).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let beside = "id=\"new-name-problem\">Thiếu mục Họ tên";
    assert!(refused.text.contains(beside), "{}", refused.text);
    assert_eq!(refused.text.matches(" autofocus").count(), 1, "{}", refused.text);
    let typed = [none.as_slice(), &[("role", "reception"), ("role", "return")]].concat();
    let sheet = scene.post("/office/people", &typed).await;
    assert_eq!(sheet.status, 200, "{}", sheet.text);
    assert!(sheet.text.contains("Tiếp nhận, Trả kết quả"), "{}", sheet.text);
    let password = password_on(&sheet.text);
    let again = scene.post("/office/people", &typed).await;
    assert_eq!(again.status, 422, "the name is taken: {}", again.text);
    assert!(!scene.get("/office/people").await.text.contains(&password));
    assert_eq!(log_in_with(&mut scene, "thu.bui", &password).await, 303);
    let token = scene.get("/password").await.input("_token");
    let change = |present: &str, new: &str| {
        let pairs = [("_token", token.as_str()), ("present", present), ("new", new)];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let own = "con thuyền trên vịnh";
    for (form, about) in [
        (change("", own), "own-present"),
        (change("không phải", own), "own-present"),
        (change(&password, ""), "own-new"),
        (change(&password, "ngắn"), "own-new"),
        (change(&password, &password), "own-new"),
        (change(&password, own), ""),
    ] {
        let form: Vec<_> = form.iter().map(|(name, value)| (&**name, &**value)).collect();
        let answer = scene.post("/password", &form).await;
        let status = if about.is_empty() { 303 } else { 422 };
        assert_eq!(answer.status, status, "{}", answer.text);
        let beside = format!("id=\"{about}-problem\"");
        assert!(about.is_empty() || answer.text.contains(&beside), "{}", answer.text);
    }
    assert_eq!(scene.get("/receive").await.status, 200, "the open session goes on");
    assert_eq!(log_in_with(&mut scene, "thu.bui", &password).await, 401);
    assert_eq!(log_in_with(&mut scene, "thu.bui", own).await, 303);
    assert_eq!(scene.get("/receive").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_from_a_sheet_opens_nothing_but_the_page_where_it_is_changed() {
    let mut scene = Scene::new().await;
    add(&scene, "lan", "reception", None).await.unwrap();
    scene.log_in(ADMINISTRATOR).await;
    let token = scene.get("/office/people").await.input("_token");
    let form = [("_token", token.as_str()), ("username", "lan")];
    let password = password_on(&scene.post("/office/people/password", &form).await.text);
    for turn in ["first", "after a restart"] {
        let log_in = [("username", "lan"), ("password", password.as_str()), ("then", "/receive")];
        let answer = scene.post("/log-in", &log_in).await;
        assert_eq!(answer.header("location"), "/password", "{turn}");
        let cookie = answer.header("set-cookie").split(';').next().unwrap();
        cookie.clone_into(&mut scene.cookie);
        for page in ["/", "/receive", "/dossiers/00", "/logbook", "/practise"] {
            let answer = scene.get(page).await;
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/password"));
        }
        for (method, path) in [("GET", "/dossiers"), ("POST", "/dossiers"), ("GET", "/sync")] {
            let answer = scene.call(method, &format!("/api/v1{path}"), "one", "{}").await;
            assert_eq!(answer.status, 403, "{path}: {}", answer.text);
            assert_eq!(answer.json()["type"], "urn:hoso:problem:password-one-off", "{path}");
        }
        let page = scene.get("/password").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Hãy đặt mật khẩu riêng"), "{}", page.text);
        assert!(!page.text.contains("class=\"rail\""), "{}", page.text);
        scene = scene.restarted().await;
    }
    let credentials = json!({ "username": "lan", "password": password }).to_string();
    let session = scene.call("POST", "/api/v1/sessions", "two", &credentials).await.json();
    assert_eq!(session["must_change_password"], true, "{session}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_what_was_open_and_leaves_the_person_who_they_were() {
    let mut scene = Scene::new().await;
    add(&scene, "lan", "reception", None).await.unwrap();
    let person = |rows: Vec<(String, String, bool)>| {
        rows.into_iter().find(|(log_in, ..)| log_in == "lan").unwrap().1
    };
    let before = person(listed(&scene).await);
    assert_eq!(log_in_with(&mut scene, "lan", PASSWORD).await, 303);
    let hers = scene.cookie.clone();
    scene.log_in(ADMINISTRATOR).await;
    let token = scene.get("/office/people").await.input("_token");
    let form = [("_token", token.as_str()), ("username", "lan")];
    let sheet = scene.post("/office/people/password", &form).await;
    let password = password_on(&sheet.text);
    scene.cookie = hers;
    assert_eq!(scene.get("/api/v1/dossiers").await.status, 401, "the open session has ended");
    assert_eq!(log_in_with(&mut scene, "lan", PASSWORD).await, 401);
    assert_eq!(log_in_with(&mut scene, "lan", &password).await, 303);
    assert_eq!(scene.get("/password").await.status, 200);
    assert_eq!(person(listed(&scene).await), before);
    let state = scene.office.state();
    let grants = state.grants_of_person(PersonId::from_hex(&before).unwrap());
    let ended: Vec<bool> = grants.map(|grant| grant.ended.is_some()).collect();
    assert_eq!(ended.iter().filter(|ended| **ended).count(), 1, "{ended:?}");
    assert_eq!(ended.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_manages_people_and_nobody_locks_themselves_out() {
    let mut scene = Scene::with_clerk().await;
    assert_eq!(scene.get("/office/people").await.status, 403);
    let token = scene.get("/password").await.input("_token");
    let form = [("_token", token.as_str()), ("username", ADMINISTRATOR)];
    for address in ["/office/people", "/office/people/password", "/office/people/disable"] {
        assert_eq!(scene.post(address, &form).await.status, 403, "{address}");
    }
    add(&scene, "boss", "administrator", None).await.unwrap();
    assert_eq!(log_in_with(&mut scene, "boss", PASSWORD).await, 303);
    let token = scene.get("/office/people").await.input("_token");
    for (name, status) in [("boss", 422), (ADMINISTRATOR, 422), (CLERK, 303)] {
        let form = [("_token", token.as_str()), ("username", name)];
        let answer = scene.post("/office/people/disable", &form).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
    }
    assert_eq!(log_in_with(&mut scene, CLERK, PASSWORD).await, 401);
    let without = scene.post("/office/people/disable", &[("username", "boss")]).await;
    assert_eq!(without.status, 403, "a form of no session: {}", without.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_before_the_first_day_are_ticked_by_what_was_done() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let open = |page: &str| page.matches("Chưa làm").count();
    let page = scene.get("/office").await.text;
    assert_eq!(open(&page), 6, "somebody works at the desk already: {page}");
    let noted: Result<(), StoreError> =
        scene.office.memory.write(false, |tx, _| backup::note(tx, 1)).await;
    noted.unwrap();
    assert_eq!(open(&scene.get("/office").await.text), 5);
    scene.log_in(CLERK).await;
    let body = json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": "Đường Thị Thử" },
        "papers": [],
    });
    scene.call("POST", "/api/v1/dossiers", "one", &body.to_string()).await;
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(open(&scene.get("/office").await.text), 4);
    let mut saturday = MORNING;
    saturday.iter_mut().filter(|(name, _)| *name == "weekday").for_each(|day| day.1 = "6");
    assert_eq!(add_hours(&scene, &saturday).await.status, 303);
    assert_eq!(open(&scene.get("/office").await.text), 3, "a desk has a name, a week no hours");
    let id = scene.get("/office/hours").await.input("id");
    let token = scene.get("/office/hours").await.input("_token");
    let form = [("_token", token.as_str()), ("id", id.as_str())];
    assert_eq!(scene.post("/office/hours/remove", &form).await.status, 303);
    assert_eq!(add_hours(&scene, &MORNING).await.status, 303);
    assert_eq!(open(&scene.get("/office").await.text), 2);
    let tested = |paper: &'static str| [("_token", token.clone()), ("paper", paper.to_owned())];
    for (paper, status, left) in [("a3", 422, 2), ("80mm", 303, 1)] {
        let form = tested(paper);
        let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(scene.post("/office/papers/tested", &form).await.status, status, "{paper}");
        assert_eq!(open(&scene.get("/office").await.text), left, "{paper}");
    }
    assert!(scene.get("/office/papers").await.text.contains("In đúng lúc"));
    let token = scene.get("/office/papers").await.input("_token");
    let papers = [("_token", token.as_str()), ("receipt", "80mm")];
    assert_eq!(scene.post("/office/papers", &papers).await.status, 303);
    let page = scene.get("/office").await.text;
    assert!(!page.contains("Chuẩn bị trước ngày làm việc đầu tiên"), "{page}");
}
