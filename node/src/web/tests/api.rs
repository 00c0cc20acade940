//! The API's borders.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use hoso_registry::{
    Statement,
    statement::{CalendarStatus, CalendarYear},
};
use hoso_store::link;
use serde_json::json;

use super::scene::{ADMINISTRATOR, CLERK, PASSWORD, Scene};

pub(super) fn reception() -> serde_json::Value {
    json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": "Đường Thị Thử" },
        "channel": "counter",
        "papers": [
            { "name": "Tờ khai", "originals": 1, "certified_copies": 0, "photocopies": 0 },
        ],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_received_once_and_read_back_with_its_version() {
    let scene = Scene::with_clerk().await;
    let body = reception().to_string();
    let first = scene.call("POST", "/api/v1/dossiers", "one", &body).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let again = scene.call("POST", "/api/v1/dossiers", "one", &body).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (201, &first.json()["id"]));
    let other = body.replace("Thử", "Khác");
    let other = scene.call("POST", "/api/v1/dossiers", "one", &other).await;
    assert_eq!(other.status, 409, "{}", other.text);
    assert_eq!(other.json()["type"], "urn:hoso:problem:idempotency-other");
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let read = scene.get(&format!("/api/v1/dossiers/{id}")).await;
    let version = read.json()["version"].as_str().unwrap().to_owned();
    assert_eq!(read.header("etag"), format!("\"{version}\""));
    assert_eq!(scene.dossiers().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_answered_with_a_problem_and_the_office_goes_on() {
    let scene = Scene::with_clerk().await;
    let long = format!("\"{}\"", "x".repeat(300 * 1024));
    let deep = "[".repeat(100_000);
    let with = |key: &str, value: serde_json::Value| {
        let mut body = reception();
        body[key] = value;
        body.to_string()
    };
    let free = with("fees", json!([]));
    let numbered = with("return_unit", json!(1));
    let timed = with("received_at", json!(1));
    let calls = [
        ("POST", "/api/v1/dossiers", "{", 400),
        ("POST", "/api/v1/dossiers", deep.as_str(), 400),
        ("POST", "/api/v1/dossiers", long.as_str(), 413),
        ("POST", "/api/v1/dossiers", "[]", 422),
        ("POST", "/api/v1/sessions", "7", 422),
        ("POST", "/api/v1/dossiers/zz/events", "{}", 404),
        ("PUT", "/api/v1/dossiers", "{}", 405),
        ("DELETE", "/api/v1/openapi.json", "", 405),
        ("GET", "/api/v1/nowhere", "", 404),
        ("GET", "/api/v2/dossiers", "", 404),
        ("GET", "/api/v1/dossiers/%FF", "", 400),
        ("GET", "/api/v1/dossiers?limit=0", "", 422),
        ("GET", "/api/v1/dossiers?limit=1000000", "", 422),
        ("GET", "/api/v1/calendar/next", "", 404),
        ("PUT", "/api/v1/link", "{\"enabled\":true}", 403),
        ("GET", "/api/v1/procedures/9.9/due", "", 404),
        ("GET", "/api/v1/drafts/none", "", 404),
        ("POST", "/api/v1/dossiers", free.as_str(), 422),
        ("POST", "/api/v1/dossiers", numbered.as_str(), 422),
        ("POST", "/api/v1/dossiers", timed.as_str(), 422),
    ];
    for (method, path, body, status) in calls {
        let answer = scene.call(method, path, "key", body).await;
        let what = format!("{method} {path} {body:.20}: {}", answer.text);
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
        let problem = answer.json();
        assert!(problem["type"].as_str().unwrap().starts_with("urn:hoso:problem:"), "{what}");
        assert!(!problem["title"].as_str().unwrap().starts_with("problem-"), "{what}");
        assert_eq!(problem["status"], status, "{what}");
    }
    let allowed = scene.call("PUT", "/api/v1/dossiers", "key", "{}").await;
    assert!(allowed.header("allow").contains("POST"), "{:?}", allowed.headers);
    assert_eq!(scene.dossiers().await, 0);
    assert_eq!(scene.get("/healthz").await.text, "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_with_many_heads_has_a_short_name_and_can_be_acted_upon() {
    let scene = Scene::with_clerk().await;
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    let path = format!("/api/v1/dossiers/{}", made.json()["id"].as_str().unwrap());
    let events = format!("{path}/events");
    let first = made.json()["version"].clone();
    let note = |base: &serde_json::Value, text: usize| {
        json!({ "kind": "noted", "base": base, "text": text.to_string() }).to_string()
    };
    let mut before = first.clone();
    for number in 0..40 {
        before = scene.get(&path).await.json()["version"].clone();
        let (key, body) = (format!("note {number}"), note(&first, number));
        assert_eq!(scene.call("POST", &events, &key, &body).await.status, 201, "{number}");
    }
    let read = scene.get(&path).await;
    let version = read.json()["version"].clone();
    let shown = version.as_str().unwrap();
    assert_eq!(read.header("etag"), format!("\"{shown}\""));
    assert_eq!(shown.len(), 69, "{shown}");
    let stale = scene.call("POST", &events, "stale", &note(&before, 40)).await;
    assert_eq!(stale.status, 412, "{}", stale.text);
    let upon_all = scene.call("POST", &events, "all", &note(&version, 41)).await;
    assert_eq!(upon_all.status, 201, "{}", upon_all.text);
    assert_eq!(upon_all.json()["version"].as_str().unwrap().len(), 64, "they are one again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_names_its_version_and_whoever_may_not_make_it_hears_that_first() {
    let mut scene = Scene::with_clerk().await;
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    let path = format!("/api/v1/dossiers/{}/events", made.json()["id"].as_str().unwrap());
    let missing = scene.call("POST", &path, "two", "{\"kind\":\"approved\"}").await;
    assert_eq!(missing.status, 428, "{}", missing.text);
    assert_eq!(missing.json()["type"], "urn:hoso:problem:base-missing");
    let unknown = "{\"kind\":\"approved\",\"base\":\"00\"}";
    assert_eq!(scene.call("POST", &path, "two", unknown).await.status, 412);
    scene.log_in(ADMINISTRATOR).await;
    for body in ["{\"kind\":\"approved\"}", unknown] {
        let refused = scene.call("POST", &path, "two", body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["type"]),
            (403, &json!("urn:hoso:problem:rule-role"))
        );
    }
    let refused = scene.call("POST", "/api/v1/dossiers", "one", "[]").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_names_the_field_and_tells_a_wrong_type_from_a_missing_one() {
    let scene = Scene::with_clerk().await;
    let with = |key: &str, value: serde_json::Value| {
        let mut body = reception();
        body[key] = value;
        body.to_string()
    };
    let made = scene.call("POST", "/api/v1/dossiers", "made", &reception().to_string()).await;
    let events = format!("/api/v1/dossiers/{}/events", made.json()["id"].as_str().unwrap());
    let away = json!({ "kind": "handed_over", "to_unit": "00000", "papers": [] }).to_string();
    for (path, body, code, field) in [
        ("/api/v1/dossiers", with("procedure_code", json!(1)), "field-type", "procedure_code"),
        ("/api/v1/dossiers", with("procedure_code", json!("")), "field-missing", "procedure_code"),
        (
            "/api/v1/dossiers",
            with("return_unit", json!("00000")),
            "field-unknown-unit",
            "return_unit",
        ),
        ("/api/v1/sessions", json!({ "username": 1 }).to_string(), "field-type", "username"),
        ("/api/v1/sessions", "{}".to_owned(), "field-missing", "username"),
        (events.as_str(), "{\"kind\":1}".to_owned(), "field-type", "kind"),
        (events.as_str(), "{}".to_owned(), "field-missing", "kind"),
        (events.as_str(), away, "field-unknown-unit", "to_unit"),
    ] {
        let problem = scene.call("POST", path, "key", &body).await.json();
        assert_eq!(problem["type"], format!("urn:hoso:problem:{code}"), "{body}: {problem}");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blank_choice_is_none_and_an_agency_is_a_place_like_a_unit() {
    let scene = Scene::with_clerk().await;
    let due = "/api/v1/procedures/1.001193/due";
    let (open, blank) =
        (scene.get(due).await, scene.get(&format!("{due}?received_at=&unit=")).await);
    assert_eq!(blank.status, 200, "{}", blank.text);
    assert_eq!(blank.json()["due_at"], open.json()["due_at"]);
    let agency = scene.office.state().agencies().next().unwrap().code.clone();
    let listed = scene.get(&format!("/api/v1/dossiers?unit={agency}")).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    assert_eq!(scene.get("/api/v1/dossiers?unit=00000").await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_ends_with_a_place_for_the_checkpoint() {
    let scene = Scene::with_clerk().await;
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    let path = format!("/api/v1/dossiers/{}/entries", made.json()["id"].as_str().unwrap());
    let exported = scene.bytes(&path).await;
    let mut decoder = minicbor::Decoder::new(&exported);
    let mut keys = Vec::new();
    while decoder.position() < exported.len() {
        let pairs = decoder.map().unwrap().unwrap();
        for _ in 0..pairs {
            keys.push(decoder.u8().unwrap());
            decoder.skip().unwrap();
        }
    }
    assert_eq!(keys, [0, 2], "an entry without a position, and the checkpoint");
    assert_eq!(exported.last(), Some(&0xF6), "there is none yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_without_a_key_is_refused_before_anything_is_stored() {
    let scene = Scene::with_clerk().await;
    let request = Request::post("/api/v1/dossiers").body(reception().to_string().into()).unwrap();
    let answer = scene.send(request).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["type"], "urn:hoso:problem:idempotency-key");
    assert_eq!(scene.dossiers().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_speak_the_language_of_the_request() {
    let scene = Scene::new().await;
    for (language, word) in [("en-GB,en;q=0.9", "Log in first"), ("vi", "Chưa đăng nhập")] {
        let request = Request::get("/api/v1/dossiers").header("accept-language", language);
        let answer = scene.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(answer.text.contains(word), "{}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_hosts_and_origins_are_answered_with_a_problem() {
    let scene = Scene::with_clerk().await;
    let foreign = Request::get("/api/v1/units").header("host", "evil.example");
    let answer = scene.send(foreign.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 421);
    assert_eq!(answer.json()["type"], "urn:hoso:problem:host");
    let forged = Request::post("/api/v1/dossiers").header("origin", "http://evil.example");
    let answer = scene.send(forged.body(reception().to_string().into()).unwrap()).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["type"], "urn:hoso:problem:foreign");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_cookie_opens_and_ends_for_both() {
    let scene = Scene::new().await;
    let body = json!({ "username": ADMINISTRATOR, "password": PASSWORD }).to_string();
    let begun = scene.call("POST", "/api/v1/sessions", "", &body).await;
    assert_eq!(begun.status, 201, "{}", begun.text);
    assert!(begun.header("set-cookie").contains("HttpOnly; SameSite=Strict"));
    let token = begun.json()["token"].as_str().unwrap().to_owned();
    let with = |method: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        let request = Request::builder().method(method).uri(path).header("authorization", bearer);
        request.body(Body::from(body.to_owned())).unwrap()
    };
    assert_eq!(scene.send(with("GET", "/api/v1/sync", "")).await.json()["link"], "down");
    let off = scene.send(with("PUT", "/api/v1/link", "{\"enabled\":false}")).await;
    assert_eq!(off.status, 200, "{}", off.text);
    assert_eq!(scene.send(with("GET", "/api/v1/sync", "")).await.json()["link"], "off");
    assert_eq!(scene.send(with("DELETE", "/api/v1/sessions/current", "")).await.status, 204);
    assert_eq!(scene.send(with("GET", "/api/v1/sync", "")).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_is_found_without_tone_marks_and_says_how_a_day_is_counted() {
    let scene = Scene::with_clerk().await;
    let found = scene.get("/api/v1/procedures?q=khai%20sinh").await.json();
    let codes: Vec<_> =
        found["items"].as_array().unwrap().iter().map(|item| item["code"].clone()).collect();
    assert!(codes.contains(&json!("1.001193")), "{codes:?}");
    let due = scene
        .get("/api/v1/procedures/1.001193/due?received_at=2026-11-24T08:00:00%2B07:00")
        .await
        .json();
    assert!(due["due_at"].as_str().unwrap().starts_with("2026-11-2"), "{due}");
    assert!(due["steps"][0]["reason"].is_string(), "{due}");
    let units = scene.get("/api/v1/units").await.json();
    assert!(units["items"].as_array().unwrap().len() > 54);
    let first = units["items"].as_array().unwrap().iter().take(5).map(|unit| &unit["name"]);
    let in_order =
        ["phường An Sinh", "xã Ba Chẽ", "phường Bãi Cháy", "phường Bình Khê", "xã Bình Liêu"];
    assert!(first.eq(in_order.iter()), "{units}");
    assert_eq!(scene.get("/api/v1/calendar/2026").await.json()["year"], 2026);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_kept_for_its_person_until_it_is_removed() {
    let scene = Scene::with_clerk().await;
    let path = "/api/v1/drafts/reception";
    assert_eq!(scene.call("PUT", path, "", "{\"a\":\"Đ\"}").await.status, 200);
    assert_eq!(scene.get(path).await.json(), json!({ "a": "Đ" }));
    assert_eq!(scene.call("DELETE", path, "", "").await.status, 204);
    assert_eq!(scene.get(path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_carry_their_promised_names_and_no_person() {
    let scene = Scene::with_clerk().await;
    let figures = scene.get("/metrics").await.text;
    for name in [
        "hoso_build_info",
        "hoso_link_up",
        "hoso_backlog_entries",
        "hoso_backlog_bytes",
        "hoso_oldest_unsent_seconds",
        "hoso_waiting_entries",
        "hoso_db_bytes",
        "hoso_healed_entries_total",
        "hoso_apply_seconds_bucket",
        "hoso_commit_seconds_count",
        "hoso_disk_free_ratio",
        "hoso_wire_bytes_total",
    ] {
        assert!(figures.contains(&format!("{name}{{")), "{name} in {figures}");
    }
    assert!(!figures.contains("canbo"));
    assert_eq!(scene.get("/readyz").await.text, "ready\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_the_bar_still_says_since_when_the_link_is_down() {
    let mut scene = Scene::with_clerk().await;
    let body = reception().to_string();
    let received = scene.call("POST", "/api/v1/dossiers", "one", &body).await;
    assert_eq!(received.status, 201, "{}", received.text);
    let past: Result<(), hoso_store::StoreError> = scene
        .office
        .memory
        .write(false, |tx, _| {
            link::changed(tx, "down", 1_790_000_000_000)?;
            link::acknowledged(tx, 1_789_000_000_000)?;
            link::healed(tx)
        })
        .await;
    past.unwrap();
    let before = scene.get("/api/v1/sync").await.json();
    assert!(before["oldest_pending_at"].is_string(), "{before}");
    scene = scene.restarted().await;
    scene.log_in(CLERK).await;
    let after = scene.get("/api/v1/sync").await.json();
    assert_eq!(after["oldest_pending_at"], before["oldest_pending_at"]);
    assert_eq!(after["since"], "2026-09-21T21:13:20+07:00");
    assert_eq!(after["last_ack_at"], "2026-09-10T07:26:40+07:00");
    assert_eq!(after["healed"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_session_is_locked_and_its_dossiers_are_there() {
    let mut scene = Scene::with_clerk().await;
    let body = reception().to_string();
    let received = scene.call("POST", "/api/v1/dossiers", "one", &body).await;
    assert_eq!(received.status, 201, "{}", received.text);
    scene = scene.restarted().await;
    let locked = scene.get("/api/v1/dossiers").await;
    assert_eq!(locked.status, 401);
    assert_eq!(locked.json()["type"], "urn:hoso:problem:session-locked");
    let asked = scene.get("/receive").await;
    assert_eq!(asked.header("location"), "/log-in?why=session-locked&then=%2Freceive");
    scene.log_in(CLERK).await;
    assert_eq!(scene.dossiers().await, 1);
    let again = scene.call("POST", "/api/v1/dossiers", "one", &body).await;
    assert_eq!(again.json()["id"], received.json()["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_file_of_serials_gives_no_code_twice() {
    let mut scene = Scene::with_clerk().await;
    let mut codes = Vec::new();
    for turn in 0..3 {
        for number in 0..2 {
            let (key, body) = (format!("{turn}.{number}"), reception().to_string());
            let received = scene.call("POST", "/api/v1/dossiers", &key, &body).await;
            assert_eq!(received.status, 201, "{}", received.text);
            codes.push(received.json()["code"].as_str().unwrap().to_owned());
        }
        scene = scene.restarted_without("hoso.serials").await;
        scene.log_in(CLERK).await;
    }
    let unique: BTreeSet<_> = codes.iter().collect();
    assert_eq!(unique.len(), codes.len(), "{codes:?}");
}

/// What an answer has and its description lacks, or the other way round.
fn strangers(
    document: &serde_json::Value,
    schema: &str,
    answer: &serde_json::Value,
) -> Vec<String> {
    let described = &document["components"]["schemas"][schema];
    let described: BTreeSet<_> = described["properties"].as_object().unwrap().keys().collect();
    let answered: BTreeSet<_> = answer.as_object().unwrap().keys().collect();
    described.symmetric_difference(&answered).map(|name| format!("{schema}: {name}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_the_description_says() {
    let scene = Scene::with_clerk().await;
    let document = scene.get("/api/v1/openapi.json").await.json();
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    let credentials = json!({ "username": CLERK, "password": PASSWORD }).to_string();
    let session = scene.call("POST", "/api/v1/sessions", "two", &credentials).await;
    let listed = scene.get("/api/v1/dossiers").await.json();
    let procedures = scene.get("/api/v1/procedures").await.json();
    let units = scene.get("/api/v1/units").await.json();
    let nothing = scene.get("/api/v1/dossiers/zz").await.json();
    let mut found = Vec::new();
    for (schema, answer) in [
        ("Dossier", &made.json()),
        ("Session", &session.json()),
        ("DossierPage", &listed),
        ("DossierRow", &listed["items"][0]),
        ("Procedure", &procedures["items"][0]),
        ("Unit", &units["items"][0]),
        ("Due", &scene.get("/api/v1/procedures/1.001193/due").await.json()),
        ("Calendar", &scene.get("/api/v1/calendar/2026").await.json()),
        ("Sync", &scene.get("/api/v1/sync").await.json()),
        ("Problem", &nothing),
    ] {
        assert!(answer.is_object(), "{schema}: {answer}");
        found.extend(strangers(&document, schema, answer));
    }
    assert_eq!(found, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_else_has_is_not_given_anew() {
    let mut scene = Scene::with_clerk().await;
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    let path = format!("/api/v1/dossiers/{}/events", made.json()["id"].as_str().unwrap());
    scene.log_in(ADMINISTRATOR).await;
    let asked = scene.call("POST", &path, "two", "{\"kind\":\"code_reissued\"}").await;
    assert_eq!(asked.json()["type"], "urn:hoso:problem:code-stays", "{}", asked.text);
    assert_eq!(asked.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_gives_a_code_anew_and_reads_nothing_of_the_dossier() {
    let mut scene = Scene::with_clerk().await;
    // More restores than stations: codes are provisional until another station comes.
    scene.set_copies(9).await;
    let made = scene.call("POST", "/api/v1/dossiers", "one", &reception().to_string()).await;
    assert_eq!(made.json()["code_provisional"], true, "{}", made.text);
    scene.set_copies(0).await;
    let path = format!("/api/v1/dossiers/{}", made.json()["id"].as_str().unwrap());
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(scene.get(&path).await.status, 403);
    let events = format!("{path}/events");
    for turn in ["first", "repeated"] {
        let said = scene.call("POST", &events, "two", "{\"kind\":\"code_reissued\"}").await;
        assert_eq!(said.status, 201, "{turn}: {}", said.text);
        let said = said.json();
        let parts: Vec<_> = said.as_object().unwrap().keys().collect();
        assert_eq!(parts, ["code", "id", "version"], "{turn}");
        assert_eq!(said["id"], made.json()["id"]);
        assert_ne!(said["code"], made.json()["code"]);
    }
    scene.log_in(CLERK).await;
    assert_eq!(scene.get(&path).await.json()["code_provisional"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_calendar_proposes_and_somebody_accepts_it() {
    let scene = Scene::with_clerk().await;
    let mut body = reception();
    body["procedure_code"] = json!("1.001022");
    body["received_at"] = json!("2026-04-28T09:00:00+07:00");
    body["paper_reference"] = json!("Sổ giấy 12");
    body["reason"] = json!("Mất điện");
    let made = scene.call("POST", "/api/v1/dossiers", "one", &body.to_string()).await.json();
    let (id, due) = (made["id"].as_str().unwrap(), made["due_at"].clone());
    assert_eq!(made["due_proposed_at"], json!(null), "{made}");
    let path = format!("/api/v1/dossiers/{id}");
    let accept = |version: &serde_json::Value| {
        json!({ "kind": "calendar_accepted", "base": version }).to_string()
    };
    let nothing = accept(&made["version"]);
    let nothing = scene.call("POST", &format!("{path}/events"), "two", &nothing).await;
    assert_eq!(nothing.json()["type"], "urn:hoso:problem:calendar-same", "{}", nothing.text);
    let without_days_off = CalendarYear {
        year: 2026,
        status: CalendarStatus::Official,
        off_days: Vec::new(),
        working_saturdays: Vec::new(),
    };
    scene.announce(&Statement::Calendar(without_days_off)).await;
    let proposed = scene.get(&path).await.json();
    assert_eq!(proposed["due_at"], due, "nothing moves by itself");
    let earlier = proposed["due_proposed_at"].clone();
    assert!(earlier.as_str().unwrap() < due.as_str().unwrap(), "{earlier} {due}");
    let actions = proposed["actions"].as_array().unwrap();
    assert!(actions.contains(&json!("calendar_accepted")), "{actions:?}");
    let accepted = accept(&proposed["version"]);
    let accepted = scene.call("POST", &format!("{path}/events"), "three", &accepted).await.json();
    assert_eq!((&accepted["due_at"], &accepted["former_dues"]), (&earlier, &json!([due])));
    assert_eq!(accepted["due_proposed_at"], json!(null), "{accepted}");
}
