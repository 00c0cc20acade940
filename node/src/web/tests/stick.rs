//! What is carried by USB, as the administrator makes it and takes it in.

use axum::body::Bytes;
use hoso_engine::node_host::short;
use hoso_identity::{Epoch, SigningKey};
use hoso_store::{StoreError, tables::JournalTables};
use hoso_sync::bundle::{FILE_BYTES_MAX, Receipt};

use super::{
    pages::receive,
    scans::{form, send},
    scene::{ADMINISTRATOR, Answer, CLERK, Scene, relays_key},
};

/// An office with a dossier that waits to be sent, and its administrator.
async fn waiting() -> Scene {
    let mut scene = Scene::with_clerk().await;
    receive(&scene).await;
    scene.log_in(ADMINISTRATOR).await;
    scene
}

/// Brings a file by the form of the page.
async fn bring(scene: &Scene, file: &[u8]) -> Answer {
    let token = scene.get("/office/stick").await.input("_token");
    send(scene, "/office/stick", "", form(&[("_token", &token)], "a.hoso", file)).await
}

async fn call(scene: &Scene, file: &[u8]) -> Answer {
    send(scene, "/api/v1/bundle", "", form(&[], "a.hoso", file)).await
}

async fn made(scene: &Scene) -> Bytes {
    scene.bytes("/office/stick/file").await
}

/// What the relay gives for everything that this office has written.
async fn receipt(scene: &Scene, generation: u32) -> Receipt {
    let read = scene.office.memory.read(|tx| {
        let facts = tx.facts()?;
        Ok::<_, StoreError>((facts.clone(), tx.journal_digest(facts.journal_head)?))
    });
    let (facts, digest) = read.await.unwrap();
    Receipt {
        realm: scene.office.memory.realm(),
        epoch: Epoch { generation, random: [8; 8] },
        node: scene.office.node().unwrap().id,
        incarnation: facts.incarnation,
        through: facts.journal_head,
        digest: short(&digest.unwrap()),
        outcomes: Vec::new(),
    }
}

/// What `GET /sync` counts.
async fn pending(scene: &Scene) -> u64 {
    scene.get("/api/v1/sync").await.json()["pending_entries"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_saved_as_a_file_that_is_named_by_unit_and_time() {
    let scene = waiting().await;
    let page = scene.get("/office/stick").await;
    assert!(page.text.contains("1 hồ sơ chờ gửi từ"), "{}", page.text);
    let before = pending(&scene).await;
    let saved = scene.get("/office/stick/file").await;
    let saved_as = saved.header("content-disposition").to_owned();
    let name = saved_as.strip_prefix("attachment; filename=\"hoso-07192-").unwrap();
    let time = name.strip_suffix(".hoso\"").unwrap();
    assert!(time.len() == 12 && time.bytes().all(|digit| digit.is_ascii_digit()), "{saved_as}");
    assert!(made(&scene).await.starts_with(b"hosobndl"));
    assert!(scene.bytes("/api/v1/bundle").await.starts_with(b"hosobndl"));
    assert_eq!(pending(&scene).await, before, "only a receipt moves the cursor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_brought_again_brings_nothing_new_and_the_page_says_so() {
    let scene = waiting().await;
    let file = made(&scene).await;
    let page = bring(&scene, &file).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let known = format!("{} bản ghi đã có từ trước", pending(&scene).await);
    assert!(page.text.contains("0 bản ghi mới của 0 hồ sơ"), "{}", page.text);
    assert!(page.text.contains(&known), "no {known} in {}", page.text);
    let answer = call(&scene, &file).await.json();
    let document = scene.get("/api/v1/openapi.json").await.json();
    let named = &document["components"]["schemas"]["CarriedBundle"]["properties"];
    let names = |value: &serde_json::Value| {
        let mut names: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&answer["bundle"]), names(named));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_to_be_taken_is_refused_in_words_and_leaves_nothing() {
    let scene = waiting().await;
    let before = pending(&scene).await;
    let whole = made(&scene).await;
    let mut damaged = whole.to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    let with_version = |version: u8| {
        let mut file = whole.to_vec();
        file[9] = version;
        file
    };
    // Another office of the same province, of which this one has not heard.
    let stranger = waiting().await;
    let unknown = made(&stranger).await;
    for (file, code, sentence) in [
        (damaged.as_slice(), "bundle-damaged", "Tệp bị hỏng hoặc bị cắt"),
        (&whole[..middle], "bundle-damaged", "Tệp bị hỏng hoặc bị cắt"),
        (&with_version(0), "bundle-too-old", "phiên bản quá cũ"),
        (&with_version(9), "bundle-too-new", "phiên bản mới hơn"),
        (b"%PDF-1.7 another file", "bundle-foreign", "không phải tệp của hệ thống này"),
        (b"", "bundle-none", "Chưa chọn tệp"),
        (&unknown, "bundle-signer", "Máy này chưa biết máy đã tạo tệp"),
    ] {
        let answer = call(&scene, file).await;
        assert_eq!(answer.status, 422, "{code}: {}", answer.text);
        assert_eq!(answer.json()["type"], format!("urn:hoso:problem:{code}"));
        let page = bring(&scene, file).await;
        assert_eq!(page.status, 422, "{code}");
        assert!(page.text.contains(sentence), "no {sentence} in {}", page.text);
    }
    assert_eq!(pending(&scene).await, before);
    assert_eq!(scene.get("/api/v1/sync").await.json()["refused"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_room_for_64_mib_and_no_more_and_other_forms_have_less() {
    let scene = waiting().await;
    let large = call(&scene, &vec![b'x'; FILE_BYTES_MAX + 1]).await;
    assert_eq!(large.status, 413);
    assert_eq!(large.json()["type"], "urn:hoso:problem:bundle-size");
    let largest = call(&scene, &vec![b'x'; FILE_BYTES_MAX]).await;
    assert_eq!(largest.json()["type"], "urn:hoso:problem:bundle-foreign", "it was read whole");
    let elsewhere = send(&scene, "/office/link", "", form(&[], "a", &vec![b'x'; 1 << 20])).await;
    assert_ne!(elsewhere.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receipt_of_the_province_says_that_everything_has_arrived() {
    let scene = waiting().await;
    let receipt = receipt(&scene, 1).await;
    let forged = call(&scene, &receipt.write(&SigningKey::from_seed(&[7; 32]))).await;
    assert_eq!(forged.json()["type"], "urn:hoso:problem:bundle-signature");
    let mut of_another_copy = receipt.clone();
    of_another_copy.incarnation.0[0] ^= 1;
    let other = call(&scene, &of_another_copy.write(&relays_key())).await;
    assert_eq!(other.json()["type"], "urn:hoso:problem:receipt-other");
    assert!(pending(&scene).await > 0);
    let page = bring(&scene, &receipt.write(&relays_key())).await;
    assert!(page.text.contains("Đã nhận biên nhận của tỉnh"), "{}", page.text);
    assert!(page.text.contains("Còn 0 bản ghi chờ gửi"), "{}", page.text);
    assert!(page.text.contains("Không có gì chờ gửi"), "{}", page.text);
    assert_eq!(pending(&scene).await, 0);
    let nothing = scene.get("/office/stick/file").await;
    assert_eq!(nothing.status, 409);
    assert!(nothing.text.contains("nên không tạo tệp"), "{}", nothing.text);
    let nothing = scene.get("/api/v1/bundle").await;
    assert_eq!(nothing.json()["type"], "urn:hoso:problem:bundle-nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_of_an_earlier_ledger_moves_nothing() {
    let scene = waiting().await;
    let seen: Result<(), StoreError> = scene
        .office
        .memory
        .write(false, |tx, _| {
            let mut facts = tx.facts()?;
            facts.epoch = Some(Epoch { generation: 2, random: [8; 8] });
            tx.put_facts(&facts)
        })
        .await;
    seen.unwrap();
    let before = pending(&scene).await;
    let page = bring(&scene, &receipt(&scene, 1).await.write(&relays_key())).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("Biên nhận cũ hơn sổ cái hiện nay"), "{}", page.text);
    assert_eq!(pending(&scene).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_carries_and_only_by_a_form_of_their_own() {
    let mut scene = waiting().await;
    let file = made(&scene).await;
    let foreign = send(&scene, "/office/stick", "", form(&[("_token", "x")], "a", &file)).await;
    assert_eq!(foreign.status, 403);
    let link = "href=\"/office/stick\"";
    assert!(scene.get("/health").await.text.contains(link), "the bar leads there");
    scene.log_in(CLERK).await;
    assert!(!scene.get("/health").await.text.contains(link));
    for path in ["/office/stick", "/office/stick/file", "/api/v1/bundle"] {
        assert_eq!(scene.get(path).await.status, 403, "{path}");
    }
    assert_eq!(call(&scene, &file).await.status, 403);
    scene.cookie = String::new();
    assert_eq!(call(&scene, &file).await.status, 401);
}
