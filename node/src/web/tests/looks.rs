//! What holds of every page whatever it shows: its words, what it loads, what it weighs.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use hoso_identity::PayloadHash;
use serde_json::{Value, json};

use super::scene::{ADMINISTRATOR, Answer, CLERK, Scene};

/// Bytes of the first page with its style and script, without fonts.
const FIRST_PAGE_BYTES_MAX: usize = 100_000;
/// Names that are said in no language: those of people in these tests and of a sort of card.
const NAMES: [&str; 7] = [
    CLERK,
    ADMINISTRATOR,
    "Người thử 7",
    "Quản trị thử",
    "Người Thử Một",
    "Người Thử Hai",
    "Hộ kinh doanh Thử Nghiệm",
];
/// Attributes that are read to people.
const READ_ALOUD: [&str; 4] = ["title", "aria-label", "placeholder", "alt"];

async fn received(scene: &Scene, number: usize) -> String {
    let body = json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": format!("Đường Thị Thử {number}") },
        "channel": "counter",
        "result_channel": "desk",
        "papers":
            [{ "name": "Tờ khai", "originals": 1, "certified_copies": 0, "photocopies": 0 }],
    });
    let key = number.to_string();
    let answer = scene.call("POST", "/api/v1/dossiers", &key, &body.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    format!("/dossiers/{}", answer.json()["id"].as_str().unwrap())
}

async fn event(scene: &Scene, path: &str, body: Value) {
    let (api, body) = (format!("/api/v1{path}/events"), body.to_string());
    let key = PayloadHash::of(body.as_bytes()).to_string();
    let answer = scene.call("POST", &api, &key, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
}

/// A dossier with fees, a payment, a conflict and an event without effect.
async fn eventful(scene: &Scene) -> String {
    let path = received(scene, 1).await;
    event(scene, &path, json!({ "kind": "fee_added", "name": "Lệ phí", "amount": 8000 })).await;
    event(scene, &path, json!({ "kind": "paid", "amount": 8000, "method": "cash" })).await;
    let base = scene.get(&format!("/api/v1{path}")).await.json()["version"].clone();
    for name in ["Thu Hai", "Thu Ba"] {
        let body = json!({
            "kind": "field_corrected", "base": base, "field": "applicant.name", "value": name,
            "reason": "Viết sai",
        });
        event(scene, &path, body).await;
    }
    path
}

/// Everything that comes from the catalogue, the dossiers and the people, longest first.
async fn data(scene: &Scene, dossier: &str) -> Vec<String> {
    let mut found: BTreeSet<String> = NAMES.map(str::to_owned).into();
    for address in ["/api/v1/units", "/api/v1/procedures", &format!("/api/v1{dossier}")] {
        strings(&scene.get(address).await.json(), &mut found);
    }
    // A code that a page shows instead of its word is no datum.
    let is_code = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let kept = |text: &String| !is_code(text) || NAMES.contains(&text.as_str());
    let mut found: Vec<String> = found.into_iter().filter(kept).collect();
    found.sort_by_key(|text| std::cmp::Reverse(text.len()));
    found
}

fn strings(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| strings(item, found)),
        Value::Object(parts) => parts.values().for_each(|part| strings(part, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Each text that a page says or reads aloud, but for the names of keys.
fn said(page: &str) -> Vec<String> {
    let (_, page) = page.split_once('>').unwrap();
    let mut said = Vec::new();
    for part in page.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        for name in READ_ALOUD {
            let marker = format!(" {name}=\"");
            let values = tag.split(&marker).skip(1).filter_map(|rest| rest.split('"').next());
            said.extend(values.map(str::to_owned));
        }
        if tag != "kbd" && !tag.starts_with("kbd ") {
            said.push(text.to_owned());
        }
    }
    said
}

/// What is said outside the brackets that every sentence of the locale has, and is no datum.
fn bypassing(page: &str, data: &[String]) -> Vec<String> {
    let outside = |text: &String| {
        let mut text = text.replace("&#38;", "&").replace("&#60;", "<").replace("&#39;", "'");
        for datum in data {
            text = text.replace(datum, "");
        }
        let mut depth = 0_i32;
        let mut rest = String::new();
        for character in text.chars() {
            match character {
                '⟦' => depth += 1,
                '⟧' => depth -= 1,
                _ if depth == 0 => rest.push(character),
                _ => {}
            }
        }
        rest.chars().any(char::is_alphabetic).then(|| rest.trim().to_owned())
    };
    said(page).iter().filter_map(outside).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_word_on_every_page_can_be_said_in_both_languages() {
    let mut scene = Scene::with_clerk().await;
    let path = eventful(&scene).await;
    let data = data(&scene, &path).await;
    scene = scene.in_brackets();
    let mut pages = vec!["/", "/?status=payment", "/?q=thu&status=accepted", "/?due=overdue"];
    pages.extend([
        "/?review=true",
        "/receive",
        &path,
        "/log-in",
        "/nowhere",
        "/styleguide",
        "/health",
    ]);
    for address in pages {
        let page = scene.get(address).await;
        assert!(page.text.contains('⟦'), "{address}: {}", page.text);
        assert_eq!(bypassing(&page.text, &data), [""; 0], "{address}");
    }
    scene.log_in(ADMINISTRATOR).await;
    for address in [
        "/office",
        "/office/people",
        "/office/hours",
        "/office/papers",
        "/office/backup",
        "/office/stick",
        "/password",
        "/health",
    ] {
        let page = scene.get(address).await;
        assert_eq!(bypassing(&page.text, &data), [""; 0], "{address}");
    }
}

#[test]
fn a_text_that_bypasses_the_locale_is_found() {
    let data = ["Đường Thị Thử".to_owned()];
    let page = "<html><p title=\"Mã\">⟦Xin⟦chào⟧⟧ Đường Thị Thử 12</p><kbd>Esc</kbd><b>Lưu</b>";
    assert_eq!(bypassing(page, &data), ["Mã", "Lưu"]);
}

/// The addresses of a page's assets.
fn assets(page: &str) -> BTreeSet<String> {
    let parts = page.split('"').filter(|part| part.starts_with("/assets/"));
    parts.map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_loads_is_in_the_program_and_is_asked_for_once() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/").await;
    let mut addresses = assets(&page.text);
    assert!(addresses.len() >= 5, "{addresses:?}");
    let tokens = addresses.iter().find(|each| each.contains("tokens.css")).unwrap().clone();
    let tokens = scene.get(&tokens).await;
    let fonts = tokens.text.split("url(\"").skip(1).filter_map(|rest| rest.split('"').next());
    addresses.extend(fonts.map(|font| format!("/assets/{font}")));
    assert!(addresses.len() > 15, "{addresses:?}");
    for address in addresses {
        let (status, kept, tag) = fetched(&scene, &address, None).await;
        assert_eq!((status, kept.contains("immutable")), (200, true), "{address}: {kept}");
        let (again, ..) = fetched(&scene, &address, Some(&tag)).await;
        assert_eq!(again, 304, "{address}");
    }
    let (status, kept, _) = fetched(&scene, "/assets/node.css?v=older", None).await;
    assert_eq!((status, kept.as_str()), (200, "no-cache"));
    assert_eq!(scene.get("/assets/fonts/../node.css").await.status, 404);
    for outside in ["http://", "https://", "src=\"//", "href=\"//"] {
        assert!(!page.text.contains(outside), "{outside} in {}", page.text);
    }
}

async fn fetched(scene: &Scene, address: &str, tag: Option<&str>) -> (u16, String, String) {
    let request = Request::get(address);
    let request = match tag {
        Some(tag) => request.header("if-none-match", tag),
        None => request,
    };
    let answer: Answer = scene.send(request.body(Body::empty()).unwrap()).await;
    let header = |name| answer.header(name).to_owned();
    (answer.status.as_u16(), header("cache-control"), header("etag"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_of_a_full_list_weighs_less_than_100_kilobytes_without_fonts() {
    let scene = Scene::with_clerk().await;
    for number in 0..51 {
        received(&scene, number).await;
    }
    let page = scene.get("/").await;
    assert!(page.text.contains("&#38;after=") || page.text.contains("?after="), "{}", page.text);
    let mut bytes = page.text.len();
    for address in assets(&page.text).iter().filter(|each| !each.ends_with(".woff2")) {
        bytes += scene.bytes(address).await.len();
    }
    assert!(bytes < FIRST_PAGE_BYTES_MAX, "{bytes} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_stands_beside_the_list_from_which_it_was_opened_also_after_an_action() {
    let scene = Scene::with_clerk().await;
    let (first, second) = (received(&scene, 1).await, received(&scene, 2).await);
    let list = scene.get("/?status=accepted").await;
    let opened = format!("{first}?status=accepted");
    assert!(list.text.contains(&format!("href=\"{opened}\"")), "{}", list.text);
    let page = scene.get(&opened).await;
    assert!(page.text.contains(&format!("href=\"{second}?status=accepted\"")), "{}", page.text);
    assert!(page.text.contains("aria-current=\"true\""), "{}", page.text);
    let form = [
        ("_token", page.input("_token")),
        ("_key", "a note".to_owned()),
        ("kind", "noted".to_owned()),
        ("text", "Đã gọi điện".to_owned()),
    ];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, &**value)).collect();
    let noted = scene.post(&format!("{first}/events?status=accepted"), &form).await;
    assert_eq!(noted.header("location"), opened, "{}", noted.text);
    assert_eq!(scene.get(&format!("{first}?status=nonsense&x=y")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_count_what_is_in_them_and_an_empty_one_says_why() {
    let scene = Scene::with_clerk().await;
    let empty = scene.get("/").await;
    assert!(empty.text.contains("Chưa có hồ sơ nào đang mở"), "{}", empty.text);
    let path = received(&scene, 1).await;
    received(&scene, 2).await;
    event(&scene, &path, json!({ "kind": "withdrawn", "reason": "Người nộp xin rút" })).await;
    let count = |page: &Answer, address: &str| {
        let (_, link) = page.text.split_once(&format!("<a href=\"{address}\"")).unwrap();
        let (_, count) = link.split_once("class=\"count\">").unwrap();
        count.split('<').next().unwrap().parse::<u32>().unwrap()
    };
    let page = scene.get("/").await;
    for (address, expected) in [
        ("/", 1),
        ("/?status=accepted", 1),
        ("/?status=withdrawn", 1),
        ("/?status=all", 2),
        ("/?due=overdue", 0),
        ("/?review=true", 0),
    ] {
        assert_eq!(count(&page, address), expected, "{address}");
        let rows = scene.get(address).await.text.matches("<a class=\"row\"").count();
        assert_eq!(u32::try_from(rows).unwrap(), expected, "{address}");
    }
    assert!(scene.get("/?status=payment").await.text.contains("Danh sách này đang trống"));
    assert!(scene.get("/?q=khongcoai").await.text.contains("Không có hồ sơ nào khớp"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_opens_on_what_its_reader_does_next() {
    let scene = Scene::with_clerk().await;
    let path = received(&scene, 1).await;
    let first = |page: &Answer| {
        let (_, next) = page.text.split_once("<section class=\"panel next\"").unwrap();
        let (_, kind) = next.split_once("name=\"kind\" value=\"").unwrap();
        kind.split('"').next().unwrap().to_owned()
    };
    assert_eq!(first(&scene.get(&path).await), "handed_over");
    event(&scene, &path, json!({ "kind": "handed_over", "to_unit": "07192", "papers": [] })).await;
    assert_eq!(first(&scene.get(&path).await), "taken_over");
    event(&scene, &path, json!({ "kind": "taken_over" })).await;
    assert_eq!(first(&scene.get(&path).await), "assigned");
    let facts = scene.get(&path).await.text;
    let place = |words: &str| facts.find(words).unwrap_or_else(|| panic!("no {words}"));
    let order = ["panel next", "Người nộp</h2>", "Giấy tờ</h2>", "Tài chính</h2>", "Quá trình"];
    assert!(order.map(place).is_sorted(), "{facts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_back_says_so_before_it_is_pressed() {
    let scene = Scene::with_clerk().await;
    let path = received(&scene, 1).await;
    let at_the_desk = scene.get(&path).await.text;
    let withdrawn = "Hồ sơ kết thúc theo yêu cầu của người nộp";
    assert!(at_the_desk.contains(withdrawn), "{at_the_desk}");
    event(&scene, &path, json!({ "kind": "handed_over", "to_unit": "07192", "papers": [] })).await;
    event(&scene, &path, json!({ "kind": "taken_over" })).await;
    let processed = scene.get(&path).await.text;
    for warning in ["quyết định không chấp thuận", "Đồng hồ hạn trả dừng ngay", withdrawn]
    {
        assert!(processed.contains(warning), "no {warning} in {processed}");
    }
    let turned_away = "Hồ sơ kết thúc ngay tại quầy";
    assert!(!processed.contains(turned_away), "refusing at the desk is another thing: {processed}");
}
