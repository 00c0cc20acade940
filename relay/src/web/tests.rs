//! The operators' first page and its API, as a browser and a program see them.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, HeaderValue, Request, StatusCode, header},
};
use hoso_engine::{
    acceptor::{News, Office as Listener},
    clock,
    relay_host::Alarm,
    web::{Hosts, OwnSession, numbers},
};
use hoso_identity::{Incarnation, PublicKey};
use hoso_sync::wire::Report;
use serde_json::Value;
use tower::ServiceExt;

use super::{Operator, Site, refusal::Refused, router, site::LogInProblem};
use crate::office::tests::Scene;

const HOST: &str = "127.0.0.1:8080";

/// The pages before an office, with a person logged in.
struct Browser {
    scene: Scene,
    site: Arc<Site>,
    router: Router,
    cookie: String,
}

impl Browser {
    async fn of(role: &str) -> Self {
        let scene = Scene::new().await;
        let site = Arc::new(Site::new(scene.office.clone()));
        let router = router(Arc::clone(&site), Hosts::new(8080, &[]));
        let mut browser = Self { scene, site, router, cookie: String::new() };
        browser.is(role);
        browser
    }

    /// Another person logs in.
    fn is(&mut self, role: &str) {
        let operator = Operator { name: "lan".to_owned(), roles: vec![role.to_owned()] };
        let token = self.scene.office.sessions.begin(operator, clock::now_ms()).unwrap();
        let own = OwnSession::of(&self.scene.office.transport);
        self.cookie = format!("{}={token}", own.name());
    }

    /// The words of that key, with figures in them.
    fn says(&self, language: &str, key: &str, figures: &[(&str, u64)]) -> String {
        let mut headers = HeaderMap::new();
        let cookie = format!("hoso_language={language}");
        headers.insert(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
        self.site.words(&headers).0.say_with(key, &numbers(figures))
    }

    async fn send(&self, method: &str, path: &str, language: &str) -> (StatusCode, String) {
        let (status, _, text) = self.exchange(method, path, language).await;
        (status, text)
    }

    /// Whether a file that is no text is there.
    async fn status_of(&self, path: &str) -> StatusCode {
        let request = Request::get(path).header(header::HOST, HOST).body(Body::empty());
        self.router.clone().oneshot(request.unwrap()).await.unwrap().status()
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        language: &str,
    ) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, HOST)
            .header(header::COOKIE, format!("{}; hoso_language={language}", self.cookie))
            .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))))
            .body(Body::empty())
            .unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn json(&self, path: &str) -> Value {
        let (status, text) = self.send("GET", path, "en").await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test]
async fn the_first_page_lists_every_unit_in_both_languages_the_urgent_ones_first() {
    let browser = Browser::of("operator").await;
    let node = browser.scene.node(10).await;
    browser.scene.office.heard(News::Up(node, Incarnation([5; 16]))).await;
    let (status, headers, vietnamese) = browser.exchange("GET", "/", "vi").await;
    assert_eq!(status, StatusCode::OK);
    let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert_eq!(vietnamese.matches("<li class=\"tile ").count(), 1);
    assert_eq!(vietnamese.matches("<li>").count(), 53);
    for shown in ["đặc khu Cô Tô", "VẬN HÀNH THỬ", "Đang liên lạc", "Không có cảnh báo nào."]
    {
        assert!(vietnamese.contains(shown), "no {shown}");
    }
    let first = vietnamese.find("<li class=\"tile safe\">").unwrap();
    let empty = vietnamese.find("<li>").unwrap();
    assert!(first < empty, "who has no node yet comes last");
    let (_, english) = browser.send("GET", "/", "en").await;
    for shown in ["1 in contact, 53 without a node.", "There is no alert.", "TRIAL OPERATION"] {
        assert!(english.contains(shown), "no {shown}");
    }
}

#[tokio::test]
async fn an_alert_says_what_where_and_since_when_and_goes_when_someone_has_seen_it() {
    let mut browser = Browser::of("auditor").await;
    browser.scene.node(10).await;
    browser.scene.office.heard(News::Alarm(PublicKey([10; 32]), Alarm::Copy)).await;
    let alerts = browser.json("/api/v1/alerts").await;
    let alert = &alerts["items"][0];
    assert_eq!((&alert["kind"], &alert["unit"]), (&"copy".into(), &"07192".into()));
    let address = format!("/alerts/{}/acknowledge", alert["id"]);
    let (_, page) = browser.send("GET", "/", "vi").await;
    for shown in [
        "đặc khu Cô Tô",
        "chỉ để một máy chạy",
        "giây trước, 1 lần",
        "1 nơi cần xử lý: đặc khu Cô Tô.",
    ] {
        assert!(page.contains(shown), "no {shown}");
    }
    assert!(!page.contains(&address), "an auditor is offered what they may not do");
    let api = format!("/api/v1{address}");
    for path in [&address, &api] {
        let (refused, text) = browser.send("POST", path, "vi").await;
        assert_eq!(refused, StatusCode::FORBIDDEN, "{text}");
    }
    browser.is("operator");
    let (_, page) = browser.send("GET", "/", "vi").await;
    assert!(page.contains(&address));
    assert_eq!(browser.send("POST", &address, "vi").await.0, StatusCode::SEE_OTHER);
    assert_eq!(browser.send("POST", &api, "vi").await.0, StatusCode::NOT_FOUND, "it is done");
    assert_eq!(browser.json("/api/v1/alerts").await["items"].as_array().map(Vec::len), Some(0));
    let all = browser.json("/api/v1/alerts?all=true").await;
    assert_eq!(all["items"][0]["acknowledged_by"], "lan");
    let audit = browser.json("/api/v1/audit").await;
    assert_eq!(audit["items"][0]["what"], "acknowledged");
    let before = format!("/api/v1/audit?before={}", audit["items"][0]["seq"]);
    assert_ne!(browser.json(&before).await["items"][0]["what"], "acknowledged");
}

#[tokio::test]
async fn whatever_is_wrong_is_answered_with_a_problem_or_a_page_in_the_readers_language() {
    let browser = Browser::of("operator").await;
    let calls = [
        ("GET", "/api/v1/alerts?all=x", 400, "request"),
        ("GET", "/api/v1/audit?before=x", 400, "request"),
        ("POST", "/api/v1/alerts/abc/acknowledge", 400, "request"),
        ("POST", "/api/v1/alerts/%FF/acknowledge", 400, "request"),
        ("POST", "/api/v1/alerts/99/acknowledge", 404, "alert"),
        ("POST", "/api/v1/sessions", 415, "body"),
        ("PUT", "/api/v1/units", 405, "method"),
        ("GET", "/api/v1/nowhere", 404, "not-found"),
        ("GET", "/api/v2/units", 404, "not-found"),
        ("POST", "/alerts/abc/acknowledge", 400, "request"),
        ("POST", "/log-in", 415, "request"),
        ("POST", "/language", 415, "request"),
        ("GET", "/nowhere", 404, "not-found"),
        ("DELETE", "/", 405, "method"),
    ];
    for (method, path, status, code) in calls {
        for language in ["vi", "en"] {
            let sentence = browser.says(language, &format!("problem-{code}"), &[]);
            assert!(!sentence.starts_with("problem-"), "{code}");
            let (given, headers, text) = browser.exchange(method, path, language).await;
            let what = format!("{method} {path}: {text}");
            assert_eq!(given, status, "{what}");
            assert!(status != 405 || headers.contains_key(header::ALLOW), "{what}");
            if path.starts_with("/api/") {
                assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json", "{what}");
                let problem: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(problem["type"], format!("urn:hoso:problem:{code}"), "{what}");
                assert_eq!(problem["title"], sentence, "{what}");
                assert_eq!(problem["status"], status, "{what}");
            } else {
                assert!(text.contains("<html lang") && text.contains(&sentence), "{what}");
                assert!(text.contains("/log-out"), "they are still logged in: {what}");
            }
        }
    }
}

#[tokio::test]
async fn a_stranger_is_asked_to_log_in_before_hearing_what_is_wrong_with_a_request() {
    let mut browser = Browser::of("operator").await;
    browser.cookie = String::new();
    for (method, path) in [
        ("GET", "/api/v1/alerts?all=x"),
        ("GET", "/api/v1/audit?before=x"),
        ("POST", "/api/v1/alerts/abc/acknowledge"),
    ] {
        let (status, headers, text) = browser.exchange(method, path, "vi").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{text}");
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
    }
    let (status, headers, _) = browser.exchange("POST", "/alerts/abc/acknowledge", "vi").await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], "/log-in");
}

#[tokio::test]
async fn a_relay_that_cannot_check_passwords_does_not_say_that_they_are_wrong() {
    let browser = Browser::of("operator").await;
    let headers = HeaderMap::new();
    let wrong = Refused::from(LogInProblem::Wrong).sentence(&browser.site, &headers);
    let broken = Refused::from(LogInProblem::Broken).sentence(&browser.site, &headers);
    assert!(wrong.contains("không đúng"), "{wrong}");
    assert!(broken.contains("không kiểm tra được mật khẩu"), "{broken}");
}

#[tokio::test]
async fn one_is_not_counted_as_many() {
    let browser = Browser::of("operator").await;
    browser.scene.node(10).await;
    browser.scene.office.heard(News::Alarm(PublicKey([10; 32]), Alarm::Copy)).await;
    let (_, page) = browser.send("GET", "/", "en").await;
    assert!(page.contains("ago, once.") && page.contains("All sent"), "{page}");
    browser.scene.office.heard(News::Alarm(PublicKey([10; 32]), Alarm::Copy)).await;
    let (_, page) = browser.send("GET", "/", "en").await;
    assert!(page.contains("ago, 2 times."), "{page}");
    assert!(browser.says("en", "backlog", &[("entries", 1)]).starts_with("1 entry, "));
}

#[tokio::test]
async fn a_stranger_and_a_foreign_page_see_and_do_nothing() {
    let mut browser = Browser::of("operator").await;
    browser.cookie = String::new();
    for path in ["/api/v1/alerts", "/api/v1/audit", "/api/v1/units", "/api/v1/nodes"] {
        assert_eq!(browser.send("GET", path, "vi").await.0, StatusCode::UNAUTHORIZED, "{path}");
    }
    let (_, headers, _) = browser.exchange("GET", "/", "vi").await;
    assert_eq!(headers[header::LOCATION], "/log-in");
    let rebound = Request::get("/").header(header::HOST, "evil.example").body(Body::empty());
    let answer = browser.router.clone().oneshot(rebound.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    let foreign = Request::post("/alerts/1/acknowledge")
        .header(header::HOST, HOST)
        .header(header::ORIGIN, "http://evil.example")
        .body(Body::empty());
    let answer = browser.router.clone().oneshot(foreign.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_tile_says_what_is_known_of_a_unit_and_shows_as_text_what_a_node_calls_itself() {
    let browser = Browser::of("operator").await;
    let node = browser.scene.node(10).await;
    browser.scene.office.heard(News::Up(node, Incarnation([5; 16]))).await;
    let report = Report {
        backlog_entries: 42,
        backlog_bytes: 12_400,
        oldest_ms: 3 * 3600 * 1000,
        clock_ms: clock::now_ms() + 300_000,
        version: "<script>1</script>".to_owned(),
        scans: Some(2),
    };
    browser.scene.office.heard(News::Report(node, report)).await;
    let (_, page) = browser.send("GET", "/", "vi").await;
    for shown in ["42 mục, 12 kB", "3 giờ trước", "Nhanh ", "&#60;script&#62;1&#60;/script&#62;"]
    {
        assert!(page.contains(shown), "no {shown} in {page}");
    }
    assert!(!page.contains("<script"), "{page}");
}

#[tokio::test]
async fn everything_that_a_page_loads_is_in_the_program() {
    let browser = Browser::of("operator").await;
    for address in ["/", "/log-in", "/nowhere"] {
        let (_, page) = browser.send("GET", address, "vi").await;
        let loaded: Vec<&str> =
            page.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(loaded.len() >= 6, "{page}");
        for asset in loaded {
            assert_eq!(browser.status_of(asset).await, StatusCode::OK, "{asset}");
        }
        for outside in ["http://", "https://", "src=\"//", "href=\"//"] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
    }
}
