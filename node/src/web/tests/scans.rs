//! Scans as a browser and other systems bring and fetch them.

use std::fs;

use axum::{body::Body, http::Request};
use hoso_identity::PayloadHash;
use serde_json::{Value, json};

use super::{
    forms::press,
    pages::receive,
    scene::{ADMINISTRATOR, Answer, CLERK, Scene},
};

const BOUNDARY: &str = "phan-cach-cua-bieu-mau";

/// A file that a scanner could have made.
fn scan(bytes: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.resize(bytes.max(9), b'x');
    file
}

/// A form with these fields before the file.
pub(super) fn form(fields: &[(&str, &str)], name: &str, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in fields {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        );
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    body
}

/// Sends a form with a file.
pub(super) async fn send(scene: &Scene, path: &str, key: &str, body: Vec<u8>) -> Answer {
    let request = Request::post(path)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .header("idempotency-key", key)
        .body(Body::from(body))
        .unwrap();
    scene.send(request).await
}

/// Attaches a file to the dossier of that page.
async fn attach(scene: &Scene, path: &str, key: &str, file: &[u8]) -> Answer {
    let body = form(&[("paper", "Tờ khai")], "../Tờ khai.pdf", file);
    send(scene, &format!("/api/v1{path}/attachments"), key, body).await
}

async fn record(scene: &Scene, path: &str) -> Value {
    scene.get(&format!("/api/v1{path}")).await.json()
}

fn address(file: &[u8]) -> String {
    format!("/api/v1/attachments/{}", PayloadHash::of(file))
}

/// The files below the directory of scans.
fn files(scene: &Scene) -> usize {
    let mut count = 0;
    let mut directories = vec![scene.directory().join("blobs")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => directories.push(path),
                false => count += 1,
            }
        }
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_attached_once_is_read_as_a_file_and_outlives_a_new_start() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let file = scan(300_000);
    for _ in 0..2 {
        let made = attach(&scene, &path, "one", &file).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let scans = made.json()["attachments"].clone();
        assert_eq!(scans.as_array().unwrap().len(), 1, "{scans}");
        let shown = &scans[0];
        assert_eq!(shown["blake3"], PayloadHash::of(&file).to_string());
        assert_eq!(
            (&shown["name"], &shown["paper"], &shown["state"], &shown["from"]),
            (&json!("Tờ khai.pdf"), &json!("Tờ khai"), &json!("held"), &json!("07192"))
        );
        assert_eq!((&shown["size"], &shown["percent"]), (&json!(300_000), &json!(100)));
    }
    let scene = Scene::opened(scene.closed().await).await;
    scene.office.sweep_scans().await.unwrap();
    let answer = scene.get(&address(&file)).await;
    assert_eq!(answer.text.as_bytes(), file);
    assert_eq!(answer.header("content-type"), "application/pdf");
    let saved_as = answer.header("content-disposition");
    assert!(saved_as.starts_with("attachment;") && saved_as.contains("T%E1%BB%9D%20khai.pdf"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.header("content-security-policy").contains("sandbox"));
    let other = attach(&scene, &path, "one", &scan(10)).await;
    assert_eq!(other.json()["type"], "urn:hoso:problem:idempotency-other");
    let sync = scene.get("/api/v1/sync").await.json();
    assert_eq!(sync["pending_blobs"], 1, "it is not at the province yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_scans_of_a_lawful_size_are_taken_and_nothing_else_leaves_a_trace() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let too_large = scan(20 * 1024 * 1024 + 1);
    for (key, file, status, code) in [
        ("exe", b"MZ\x90\x00 what runs".as_slice(), 415, "scan-type"),
        ("svg", b"<svg onload='alert(1)'/>", 415, "scan-type"),
        ("polyglot", b" %PDF-1.7 not at the beginning", 415, "scan-type"),
        ("nothing", b"", 422, "field-missing"),
        ("large", &too_large, 413, "scan-size"),
    ] {
        let refused = attach(&scene, &path, key, file).await;
        assert_eq!(refused.status.as_u16(), status, "{key}: {}", refused.text);
        assert_eq!(refused.json()["type"], format!("urn:hoso:problem:{code}"), "{key}");
    }
    let cut = form(&[], "a.pdf", &scan(1000));
    let cut = send(&scene, &format!("/api/v1{path}/attachments"), "cut", cut[..600].to_vec()).await;
    assert_eq!(cut.json()["type"], "urn:hoso:problem:form-parts", "{}", cut.text);
    let no_form = scene.call("POST", &format!("/api/v1{path}/attachments"), "json", "{}").await;
    assert_eq!(no_form.status, 400, "{}", no_form.text);
    assert_eq!(record(&scene, &path).await["attachments"], json!([]));
    scene.office.sweep_scans().await.unwrap();
    assert_eq!(files(&scene), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_for_which_there_is_no_room_is_attached_as_not_stored_and_brought_again() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let file = scan(50_000);
    // No file can be made where a file stands.
    let directory = scene.directory().join("blobs");
    fs::write(&directory, b"").unwrap();
    let made = attach(&scene, &path, "one", &file).await;
    assert_eq!(made.status, 201, "the dossier does not wait: {}", made.text);
    assert_eq!(made.json()["attachments"][0]["state"], "not_stored");
    assert!(scene.get(&path).await.text.contains("máy này không ghi được tệp"));
    let missing = scene.get(&address(&file)).await;
    assert_eq!(missing.json()["type"], "urn:hoso:problem:scan-missing");
    assert_eq!(scene.get("/api/v1/sync").await.json()["pending_blobs"], 1);
    fs::remove_file(&directory).unwrap();
    let again = attach(&scene, &path, "two", &file).await;
    let scans = again.json()["attachments"].clone();
    assert_eq!(scans.as_array().unwrap().len(), 1, "{scans}");
    assert_eq!(scans[0]["state"], "held");
    assert_eq!(scene.get(&address(&file)).await.text.as_bytes(), file);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_is_read_only_by_who_may_read_a_dossier_that_names_it() {
    let mut scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let file = scan(1000);
    assert_eq!(attach(&scene, &path, "one", &file).await.status, 201);
    assert_eq!(scene.get(&address(b"another file")).await.status, 404);
    assert_eq!(scene.get("/api/v1/attachments/zz").await.status, 404);
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(scene.get(&address(&file)).await.status, 403);
    assert_eq!(attach(&scene, &path, "two", &file).await.status, 403);
    scene.cookie = String::new();
    assert_eq!(scene.get(&address(&file)).await.status, 401);
    assert_eq!(attach(&scene, &path, "three", &file).await.status, 401);
    scene.log_in(CLERK).await;
    assert_eq!(scene.get(&address(&file)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_takes_a_scan_by_its_form_and_hides_it_with_a_reason() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let page = scene.get(&path).await;
    let (_, html) = page.text.split_once("<section class=\"panel scans\"").unwrap();
    let value = |name: &str| {
        let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let (token, key) = (value("_token"), value("_key"));
    let to = format!("{path}/attachments");
    let file = scan(2_000_000);
    let foreign = form(&[("_token", "x"), ("_key", &key)], "a.pdf", &file);
    assert_eq!(send(&scene, &to, "", foreign).await.status, 403);
    assert_eq!(files(&scene), 0, "no byte is taken of a form that is not ours");
    let wrong = form(&[("_token", &token), ("_key", &key)], "a.exe", b"MZ what runs");
    let wrong = send(&scene, &to, "", wrong).await;
    assert_eq!(wrong.status, 415);
    assert!(wrong.text.contains("Chỉ nhận tệp PDF"), "{}", wrong.text);
    let fields = [("_token", token.as_str()), ("_key", &key), ("paper", "Tờ khai")];
    let done = send(&scene, &to, "", form(&fields, "<i>a</i>.pdf", &file)).await;
    assert_eq!((done.status.as_u16(), done.header("location")), (303, path.as_str()));
    let page = scene.get(&path).await;
    assert!(page.text.contains(&address(&file)) && page.text.contains("2,0 MB"), "{}", page.text);
    let id = record(&scene, &path).await["attachments"][0]["id"].clone();
    let typed = [("attachment", id.as_str().unwrap()), ("reason", "Quét nhầm")];
    let hidden = press(&scene, &path, "detached", &typed).await;
    assert_eq!(hidden.status, 303, "{}", hidden.text);
    assert_eq!(record(&scene, &path).await["attachments"], json!([]));
    assert_eq!(scene.get(&address(&file)).await.status, 404);
    scene.office.sweep_scans().await.unwrap();
    assert_eq!(files(&scene), 0, "what nothing names is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_from_the_disk_is_shown_as_not_here() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let file = scan(4000);
    assert_eq!(attach(&scene, &path, "one", &file).await.status, 201);
    fs::remove_dir_all(scene.directory().join("blobs")).unwrap();
    scene.office.sweep_scans().await.unwrap();
    assert_eq!(record(&scene, &path).await["attachments"][0]["state"], "wanted");
    assert_eq!(scene.get(&address(&file)).await.status, 404);
    assert!(scene.get(&path).await.text.contains("Chưa nhận được từ"));
}
