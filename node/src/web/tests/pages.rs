//! The pages, driven as a browser without scripts drives them.

use axum::{body::Body, http::Request};
use hoso_engine::{clock, link::State};
use serde_json::json;

use super::{
    forms::press,
    scene::{ADMINISTRATOR, Answer, CLERK, PASSWORD, Scene, WORDS},
};

const TYPED: [(&str, &str); 7] = [
    ("procedure_code", "1.001193"),
    ("applicant.kind", "person"),
    ("applicant.name", "Đường Thị <Thử> & Hằng"),
    ("channel", "counter"),
    ("result_channel", "desk"),
    ("papers.0.name", "Tờ khai"),
    ("papers.0.originals", "2"),
];

/// What a browser sends of a page's form when these fields are typed.
fn filled<'a>(page: &'a Answer, typed: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let hidden = page.text.split("<input type=\"hidden\" name=\"_token\"").last().unwrap();
    let value = |name: &str| {
        let (_, rest) = hidden.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap()
    };
    let token = page.text.split("name=\"_token\" value=\"").last().unwrap();
    let mut form = vec![("_token", token.split('"').next().unwrap()), ("_key", value("_key"))];
    form.extend_from_slice(typed);
    form
}

pub(super) async fn receive(scene: &Scene) -> String {
    let page = scene.get("/receive").await;
    let answer = scene.post("/receive", &filled(&page, &TYPED)).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.header("location").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_is_sent_twice_makes_one_dossier() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    let form = filled(&page, &TYPED);
    let (first, second) =
        (scene.post("/receive", &form).await, scene.post("/receive", &form).await);
    assert_eq!(first.status, 303, "{}", first.text);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(scene.dossiers().await, 1);
    let dossier = scene.get(first.header("location")).await;
    assert!(dossier.text.contains("Đường Thị &#60;Thử&#62; &#38; Hằng"), "{}", dossier.text);
    assert!(!dossier.text.contains("<Thử>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_form_comes_back_as_it_was_typed_with_the_problem_at_its_field() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    let mut typed = TYPED.to_vec();
    typed[2] = ("applicant.name", " ");
    typed.push(("note", "Giấy chứng sinh nộp sau"));
    let form = filled(&page, &typed);
    let answer = scene.post("/receive", &form).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("Giấy chứng sinh nộp sau"), "{}", answer.text);
    assert!(answer.text.contains("href=\"#r-applicant.name\""), "{}", answer.text);
    assert!(answer.text.contains("aria-describedby=\"r-applicant.name-problem\""));
    assert!(answer.text.contains("Người nộp – Tên"), "{}", answer.text);
    assert!(!answer.text.contains("id=\"r-representative.name-problem\""));
    let again = filled(&answer, &TYPED);
    assert_eq!(again[1], form[1], "another key stands for another dossier");
    assert_eq!(scene.post("/receive", &again).await.status, 303);
    assert_eq!(scene.dossiers().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_papers_of_a_procedure_are_filled_in_and_its_due_time_is_shown() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    let mut form = filled(&page, &TYPED);
    form.push(("_do", "fill"));
    let answer = scene.post("/receive", &form).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("value=\"CCCD\""), "{}", answer.text);
    assert!(answer.text.contains("ngày làm việc"), "{}", answer.text);
    assert_eq!(scene.dossiers().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_goes_its_whole_way_through_the_forms_of_its_page() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let person = scene.person();
    let steps: [(&str, &[(&str, &str)]); 11] = [
        ("handed_over", &[("to_unit", "07192")]),
        ("taken_over", &[]),
        ("assigned", &[("person", person.as_str())]),
        ("fee_added", &[("name", "Lệ phí"), ("amount", "8.000đ")]),
        ("paid", &[("amount", "8.000"), ("method", "cash")]),
        ("supplement_requested", &[("papers.0.name", "CCCD"), ("reason", "Thiếu")]),
        ("supplemented", &[("papers.0.name", "CCCD")]),
        ("noted", &[("text", "Đã gọi điện")]),
        ("approved", &[]),
        ("result_ready", &[("number", "1/QĐ-UBND"), ("date", "24/11/2026")]),
        ("returned", &[("receiver", "Đường Thị Thử"), ("evidence", "Chữ ký"), ("channel", "desk")]),
    ];
    for (kind, typed) in steps {
        let answer = press(&scene, &path, kind, typed).await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
    }
    let listed = scene.get("/api/v1/dossiers").await.json();
    let row = &listed["items"][0];
    assert_eq!(row["timeliness"], "early", "{row}");
    assert!(row["due_at"].is_string() && row["finished_at"].is_string(), "{row}");
    let open = scene.get("/api/v1/dossiers?due=later").await.json();
    assert_eq!(open["items"].as_array().unwrap().len(), 0, "{open}");
    let page = scene.get(&path).await;
    for shown in [
        "Đã trả kết quả",
        "Lệ phí",
        "Người được giao: Người thử 7",
        "1/QĐ-UBND",
        "8.000",
        "đặc khu Cô Tô",
        "Đã lưu tại đây",
    ] {
        assert!(page.text.contains(shown), "no {shown} in {}", page.text);
    }
    for raw in ["problem-", "event-", "field-", "step-", "status-", "sync-state-"] {
        assert!(!page.text.contains(&format!(">{raw}")), "a key shows: {raw} in {}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_refused_stays_open_with_what_was_typed() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let answer = press(&scene, &path, "withdrawn", &[("reason", "")]).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("href=\"#withdrawn-reason\""), "{}", answer.text);
    assert!(answer.text.contains("<details open><summary>Rút hồ sơ"), "{}", answer.text);
    let stale = [("kind", "noted"), ("base", "00"), ("text", "Ghi chú không mất")];
    let page = scene.get(&path).await;
    let answer = scene.post(&format!("{path}/events"), &filled(&page, &stale)).await;
    assert_eq!(answer.status, 412, "{}", answer.text);
    assert!(answer.text.contains("Ghi chú không mất"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_an_older_session_keeps_what_was_typed_and_can_be_sent_again() {
    let mut scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let (reception, dossier) = (scene.get("/receive").await, scene.get(&path).await);
    scene.log_in(CLERK).await;
    let answer = scene.post("/receive", &filled(&reception, &TYPED)).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("Đường Thị"), "{}", answer.text);
    let again = scene.post("/receive", &filled(&answer, &TYPED)).await;
    assert_eq!(again.status, 303, "{}", again.text);
    let note = [("kind", "noted"), ("text", "Ghi chú không mất")];
    let events = format!("{path}/events");
    let answer = scene.post(&events, &filled(&dossier, &note)).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.contains("Ghi chú không mất"), "{}", answer.text);
    assert_eq!(scene.post(&events, &filled(&answer, &note)).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_of_forty_thousand_parts_is_refused_and_the_office_goes_on() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let deep = "a.".repeat(40_000) + "a";
    let page = scene.get("/receive").await;
    let mut form = filled(&page, &TYPED);
    form.push((&deep, "1"));
    let answer = scene.post("/receive", &form).await;
    assert_eq!(answer.status, 422, "{:.200}", answer.text);
    let page = scene.get(&path).await;
    let form = filled(&page, &[("kind", "noted"), ("text", "Ghi chú"), (&deep, "1")]);
    let answer = scene.post(&format!("{path}/events"), &form).await;
    assert_eq!(answer.status, 422, "{:.200}", answer.text);
    assert_eq!(scene.dossiers().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_of_a_conflict_are_shown_and_one_is_chosen() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let api = format!("/api/v1{path}");
    let base = scene.get(&api).await.json()["version"].clone();
    for name in ["Thu Hai", "Thu Ba"] {
        let body = json!({
            "kind": "field_corrected", "base": base, "field": "applicant.name", "value": name,
            "reason": "Viết sai",
        });
        let answer = scene.call("POST", &format!("{api}/events"), name, &body.to_string()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
    let moved = json!({ "kind": "handed_over", "to_unit": "07192", "papers": [], "base": base })
        .to_string();
    let answer = scene.call("POST", &format!("{api}/events"), "moved", &moved).await;
    assert_eq!(answer.json()["type"], "urn:hoso:problem:rule-needs-review", "{}", answer.text);
    let page = scene.get(&path).await;
    for shown in ["Thu Hai", "Thu Ba", "Hai giá trị khác nhau cho mục: Tên"] {
        assert!(page.text.contains(shown), "no {shown} in {}", page.text);
    }
    let waiting = page.text.matches("chờ chọn giữa hai bên").count();
    assert_eq!(waiting, 2, "each side says that it waits: {}", page.text);
    assert_eq!(page.text.matches("Chọn giá trị này").count(), 2, "{}", page.text);
    assert!(scene.get("/").await.text.contains("Cần xem lại"));
    let answer = press(&scene, &path, "conflict_resolved", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let dossier = scene.get(&api).await.json();
    assert_eq!(dossier["needs_review"], false, "{dossier}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_logged_in_is_asked_to_and_led_back() {
    let mut scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let cookie = std::mem::take(&mut scene.cookie);
    let asked = scene.get(&path).await;
    assert_eq!(asked.status, 303);
    let asked = scene.get(asked.header("location")).await;
    assert!(asked.text.contains("Chưa đăng nhập"), "{}", asked.text);
    let form = [("username", CLERK), ("password", PASSWORD), ("then", &*asked.input("then"))];
    let back = scene.post("/log-in", &form).await;
    assert_eq!(back.header("location"), path);
    let away = [("username", CLERK), ("password", PASSWORD), ("then", "//evil.example")];
    assert_eq!(scene.post("/log-in", &away).await.header("location"), "/");
    let wrong = [("username", CLERK), ("password", "sai"), ("then", &*path)];
    let wrong = scene.post("/log-in", &wrong).await;
    assert_eq!((wrong.status.as_u16(), wrong.input("then")), (401, path));
    scene.cookie = cookie;
    let page = scene.get("/").await;
    let out = scene.post("/log-out", &[("_token", &*page.input("_token"))]).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{:?}", out.headers);
    assert_eq!(scene.get("/api/v1/sync").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_outlives_a_session_that_ended_meanwhile() {
    let mut scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    let form = filled(&page, &TYPED);
    scene.cookie = "hoso_session=ended".to_owned();
    let asked = scene.post("/receive", &form).await;
    assert_eq!(asked.status, 401);
    assert!(asked.text.contains("name=\"kept.applicant.name\""), "{}", asked.text);
    let kept = form.iter().map(|(name, value)| (format!("kept.{name}"), *value));
    let kept: Vec<_> = kept.filter(|(name, _)| name != "kept._token").collect();
    let mut again = vec![("username", CLERK), ("password", PASSWORD)];
    again.extend(kept.iter().map(|(name, value)| (name.as_str(), *value)));
    let back = scene.post("/log-in", &again).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(back.text.contains("Đường Thị &#60;Thử&#62;"), "{}", back.text);
    let cookie = back.header("set-cookie").split(';').next().unwrap();
    cookie.clone_into(&mut scene.cookie);
    assert_eq!(scene.post("/receive", &filled(&back, &TYPED)).await.status, 303);
    assert_eq!(scene.dossiers().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_into_an_action_outlives_a_session_that_ended_meanwhile() {
    let mut scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let page = scene.get(&path).await;
    let form = filled(&page, &[("kind", "noted"), ("text", "Đã gọi điện hai lần")]);
    scene.cookie = "hoso_session=ended".to_owned();
    let asked = scene.post(&format!("{path}/events"), &form).await;
    assert_eq!(asked.status, 401);
    assert_eq!(asked.input("then"), path);
    let kept =
        ["kind", "text"].map(|name| (format!("kept.{name}"), asked.input(&format!("kept.{name}"))));
    let mut again = vec![("username", CLERK), ("password", PASSWORD), ("then", path.as_str())];
    again.extend(kept.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let back = scene.post("/log-in", &again).await;
    assert_eq!(back.status, 200, "{}", back.text);
    assert!(back.text.contains("Đã gọi điện hai lần"), "{}", back.text);
    assert!(back.text.contains("<details open><summary>Ghi chú"), "{}", back.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_whose_session_ended_over_an_action_comes_back_to_the_office() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let again = [
        ("username", ADMINISTRATOR),
        ("password", PASSWORD),
        ("then", path.as_str()),
        ("kept.kind", "code_reissued"),
    ];
    let back = scene.post("/log-in", &again).await;
    assert_eq!((back.status.as_u16(), back.header("location")), (303, "/office"), "{}", back.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_comes_to_the_office_and_is_offered_nothing_that_is_refused() {
    let mut scene = Scene::with_clerk().await;
    scene.set_copies(9).await;
    let path = receive(&scene).await;
    let provisional = scene.get(&format!("/api/v1{path}")).await.json()["code"].clone();
    assert_eq!(scene.get("/office").await.status, 403);
    scene.set_copies(0).await;
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(scene.get("/").await.header("location"), "/office");
    let page = scene.get("/office").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(provisional.as_str().unwrap()), "{}", page.text);
    let people = scene.get("/office/people").await;
    for shown in [ADMINISTRATOR, CLERK, "Tiếp nhận, Thụ lý"] {
        assert!(people.text.contains(shown), "no {shown} in {}", people.text);
    }
    assert!(!page.text.contains("href=\"/receive\"") && !page.text.contains("Đường Thị"));
    let token = page.input("_token");
    let off = scene.post("/office/link", &[("_token", &token), ("link", "off")]).await;
    assert_eq!((off.status.as_u16(), off.header("location")), (303, "/office"));
    assert_eq!(scene.get("/api/v1/sync").await.json()["link"], "off");
    assert_eq!(scene.post("/office/link", &[("link", "on")]).await.status, 403);
    let form = filled(&page, &[("kind", "code_reissued")]);
    let said = scene.post(&format!("{path}/events"), &form).await;
    assert_eq!((said.status.as_u16(), said.header("location")), (303, "/office"));
    let page = scene.get("/office").await;
    assert!(page.text.contains("Không có mã nào phải cấp lại."), "{}", page.text);
    assert!(page.text.contains("Bật kết nối"), "{}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_that_is_printed_is_noted_in_the_dossier() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let answer = press(&scene, &path, "printed", &[("paper", "80mm")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let slip = scene.get(answer.header("location")).await;
    assert!(slip.text.contains("paper-80mm"), "{}", slip.text);
    let dossier = scene.get(&format!("/api/v1{path}")).await.json();
    let last = dossier["events"].as_array().unwrap().last().unwrap();
    assert_eq!(last["kind"], "printed");
    assert_eq!((&last["body"]["form"], &last["body"]["paper"]), (&json!("01"), &json!("80mm")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_without_a_name_and_a_line_too_many_are_refused_with_a_sentence() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    for (name, sentence) in
        [("papers.1.originals", "Thiếu mục"), ("papers.99.name", "vượt quá 32 dòng")]
    {
        let mut form = filled(&page, &TYPED);
        form.push((name, "2"));
        let answer = scene.post("/receive", &form).await;
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.text.contains(sentence), "{name}: {}", answer.text);
    }
    assert_eq!(scene.dossiers().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dossier_waits_in_the_singular_and_two_in_the_plural() {
    let scene = Scene::with_clerk().await;
    for sentence in ["1 dossier is waiting to be sent.", "2 dossiers are waiting to be sent."] {
        receive(&scene).await;
        let cookies = format!("{}; hoso_language=en", scene.cookie);
        let request = Request::get("/").header("cookie", cookies);
        let page = scene.send(request.body(Body::empty()).unwrap()).await;
        assert!(page.text.contains(sentence), "{}", page.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_session_changes_nothing() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/receive").await;
    let mut form = filled(&page, &TYPED);
    form[0] = ("_token", "00");
    assert_eq!(scene.post("/receive", &form).await.status, 403);
    assert_eq!(scene.post("/log-out", &[]).await.status, 403);
    assert_eq!(scene.dossiers().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_says_which_realm_it_is_and_how_the_link_stands() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let three_days_ms = 3 * 24 * 3600 * 1000;
    scene.office.link.send_modify(|status| {
        status.state = State::Down;
        status.since_ms = clock::now_ms() - three_days_ms;
    });
    for page in ["/", "/receive", path.as_str(), "/log-in", "/nowhere"] {
        let page = scene.get(page).await;
        assert!(page.text.contains("VẬN HÀNH THỬ"), "{}", page.text);
        let sentence = "(3 ngày). Mọi thứ vẫn lưu an toàn tại máy này. 1 hồ sơ chờ gửi.";
        assert!(page.text.contains(sentence), "{}", page.text);
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        let scripts = page.text.split("<script").skip(1);
        for script in scripts {
            assert!(script.starts_with(" src=\"/assets/"), "a script inside the page: {script}");
        }
        for inside in ["style=", "onclick=", "onload=", "onerror=", "onsubmit=", "javascript:"] {
            assert!(!page.text.contains(inside), "{inside} in {}", page.text);
        }
    }
    assert_eq!(scene.get("/nowhere").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_kept_and_leads_back_to_the_same_page() {
    let scene = Scene::with_clerk().await;
    let request = Request::post("/language")
        .header("referer", "http://localhost:8081/receive")
        .header("content-type", "application/x-www-form-urlencoded");
    let answer = scene.send(request.body(Body::from("language=en")).unwrap()).await;
    assert_eq!(answer.header("location"), "/receive");
    let cookies = format!("{}; hoso_language=en", scene.cookie);
    let request = Request::get("/receive").header("cookie", cookies);
    let page = scene.send(request.body(Body::empty()).unwrap()).await;
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("TRIAL RUN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_keeps_its_choices_while_it_is_searched() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let found = scene.get("/?q=duong%20thi&status=accepted&due=").await;
    assert!(found.text.contains(&path), "{}", found.text);
    assert_eq!(found.input("status"), "accepted");
    assert!(found.text.contains("/?q=duong%20thi&#38;status=done"), "{}", found.text);
    assert!(!scene.get("/?q=duong&status=done").await.text.contains(&path));
    assert_eq!(scene.get("/?status=nonsense").await.status, 422);
    assert_eq!(scene.get("/?q=%FF").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_waits_for_its_approval_shows_the_words_and_no_realm() {
    let scene = Scene::pending().await;
    let page = scene.get("/log-in").await;
    assert!(page.text.contains(WORDS), "{}", page.text);
    assert!(page.text.contains("CHƯA ĐƯỢC DUYỆT"), "{}", page.text);
    let form = [("username", CLERK), ("password", PASSWORD)];
    let refused = scene.post("/log-in", &form).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(refused.text.contains("tỉnh chưa duyệt"), "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_for_the_service_is_counted_and_says_nothing_of_who_gave_it() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/return?served=yes").await;
    assert!(page.text.contains("value=\"good\">Hài lòng</button>"), "{}", page.text);
    let token = page.input("_token");
    for mark in ["good", "good", "bad"] {
        let sent = scene.post("/return/rating", &[("_token", &token), ("mark", mark)]).await;
        assert_eq!((sent.status.as_u16(), sent.header("location")), (303, "/return?rated=yes"));
    }
    let page = scene.get("/return?rated=yes").await.text;
    assert!(page.contains("Cảm ơn Ông/Bà"), "{page}");
    assert!(page.contains("2 hài lòng, 0 bình thường, 1 không hài lòng"), "{page}");
    assert!(!page.contains("value=\"good\""), "who was asked is not asked again: {page}");
    for form in
        [[("_token", token.as_str()), ("mark", "best")], [("_token", "00"), ("mark", "good")]]
    {
        let refused = scene.post("/return/rating", &form).await.status;
        assert!(refused == 422 || refused == 403, "{refused}");
    }
    assert!(scene.get("/return").await.text.contains("2 hài lòng"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_that_stays_here_has_a_badge_of_three_dots_and_one_that_goes_has_four() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let dots = |page: &str| {
        let badge = page.split("<span class=\"dots\"").nth(1).unwrap();
        badge.split("</span>").next().unwrap().matches("<i").count()
    };
    let stays = scene.get(&path).await;
    let here = "Xử lý tại đây, không chuyển nơi khác";
    assert_eq!((dots(&stays.text), stays.text.contains(here)), (3, true), "{}", stays.text);
    let record = scene.get(&format!("/api/v1{path}")).await.json();
    assert_eq!(record["sync"]["destinations"], json!([]));
    assert_eq!(dots(&scene.get("/").await.text), 3);
    let given = press(&scene, &path, "handed_over", &[("to_unit", "06673")]).await;
    assert_eq!(given.status, 303, "{}", given.text);
    let goes = scene.get(&path).await;
    assert_eq!((dots(&goes.text), goes.text.contains(here)), (4, false), "{}", goes.text);
    let record = scene.get(&format!("/api/v1{path}")).await.json();
    assert_eq!(record["sync"]["destinations"], json!(["06673"]));
    assert_eq!(dots(&scene.get("/").await.text), 4);
}
