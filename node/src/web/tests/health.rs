//! What the page of the node's health says, to whom.

use hoso_engine::{clock, link::State};
use hoso_store::{StoreError, backup};

use super::scene::{ADMINISTRATOR, Scene, WORDS};
use crate::office::Trouble;

const HOUR_MS: u64 = 3_600_000;

/// The page as the administrator sees it.
async fn seen(scene: &mut Scene) -> String {
    scene.log_in(ADMINISTRATOR).await;
    let page = scene.get("/health").await;
    assert_eq!(page.status, 200, "{}", page.text);
    page.text
}

async fn backed_up(scene: &Scene, hours_ago: u64) {
    let at_ms = clock::now_ms() - hours_ago * HOUR_MS;
    let noted: Result<(), StoreError> =
        scene.office.memory.write(false, move |tx, _| backup::note(tx, at_ms)).await;
    noted.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_told_of_a_missing_and_of_an_old_backup() {
    let mut scene = Scene::new().await;
    let page = seen(&mut scene).await;
    let there = page.contains("href=\"/office/backup\"") && page.contains("Cắm ổ đĩa sao lưu");
    assert!(page.contains("Chưa từng sao lưu") && there, "{page}");
    backed_up(&scene, 27).await;
    let page = seen(&mut scene).await;
    assert!(page.contains("Bản sao lưu gần nhất đã 27 giờ"), "{page}");
    backed_up(&scene, 2).await;
    let page = seen(&mut scene).await;
    assert!(!page.contains("Bản sao lưu gần nhất") && !page.contains("Chưa từng"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_a_switched_off_link_and_a_wrong_clock_are_three_things() {
    let mut scene = Scene::new().await;
    scene.office.link.send_modify(|status| status.clock_skew_ms = -180_000);
    let page = seen(&mut scene).await;
    assert!(page.contains("Mất kết nối với tỉnh từ"), "{page}");
    assert!(page.contains("lệch 3 phút"), "{page}");
    scene.office.set_link(false).await.unwrap();
    let page = seen(&mut scene).await;
    assert!(page.contains("Kết nối với tỉnh đang tắt từ"), "{page}");
    scene.office.set_link(true).await.unwrap();
    scene.office.link.send_modify(|status| {
        status.state = State::Up;
        status.clock_skew_ms = 0;
    });
    let page = seen(&mut scene).await;
    for gone in ["Mất kết nối với tỉnh", "đang tắt từ", "phút so với"] {
        assert!(!page.contains(gone), "{gone} in {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_without_a_station_says_that_its_codes_are_provisional() {
    let mut scene = Scene::new().await;
    let name = "không có số quầy";
    assert!(!seen(&mut scene).await.contains(name));
    scene.set_copies(9).await;
    assert!(seen(&mut scene).await.contains(name));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_form_that_cannot_be_drawn_is_named_with_file_and_line() {
    let mut scene = Scene::new().await;
    assert!(!seen(&mut scene).await.contains("Mẫu in thay thế có lỗi"));
    let forms = scene.directory().join("forms");
    std::fs::create_dir(&forms).unwrap();
    std::fs::write(forms.join("receipt.html"), "<p>\n{{ nonsense.more }}").unwrap();
    let page = seen(&mut scene).await;
    assert!(page.contains("Mẫu in thay thế có lỗi: receipt.html:2"), "{page}");
    std::fs::remove_file(forms.join("receipt.html")).unwrap();
    std::fs::write(forms.join("sets.toml"), "nonsense").unwrap();
    let page = seen(&mut scene).await;
    assert!(page.contains("Mẫu in thay thế có lỗi: sets.toml"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_waits_for_its_approval_says_so_to_whoever_stands_before_it() {
    let scene = Scene::pending().await;
    let page = scene.get("/health").await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("cần quản trị viên xử lý"), "{}", page.text);
    assert!(!page.text.contains(WORDS), "the words are for the log-in page: {}", page.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clerk_sees_whether_work_can_go_on_and_no_details() {
    let scene = Scene::with_clerk().await;
    let page = scene.get("/health").await;
    assert!(page.text.contains("Vẫn làm việc được"), "{}", page.text);
    assert!(!page.text.contains("Chưa từng sao lưu"), "{}", page.text);
    backed_up(&scene, 0).await;
    let page = scene.get("/health").await;
    // The disk under the tests may itself be nearly full; nothing else is urgent now.
    let rest = scene.office.troubles().await;
    let of_disk =
        |trouble: &Trouble| matches!(trouble, Trouble::DiskLow(_) | Trouble::DiskAlmostFull(_));
    let low = rest.iter().any(of_disk);
    assert!(!rest.iter().any(|other| other.is_urgent() && !of_disk(other)), "{rest:?}");
    let state =
        if low { "Vẫn làm việc được" } else { "Máy này đang hoạt động tốt" };
    assert!(page.text.contains(state), "{}", page.text);
}

#[tokio::test]
async fn a_second_machine_that_is_looked_for_and_not_there_is_named_and_hinders_nothing() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let away = "Chưa kết nối với máy thứ hai";
    assert!(!scene.get("/health").await.text.contains(away));
    assert!(!scene.get("/office").await.text.contains("Bản sao tại máy thứ hai"));
    scene.office.lan.send_modify(|status| status.is_wanted = true);
    assert!(scene.get("/health").await.text.contains(away));
    let office = scene.get("/office").await.text;
    assert!(office.contains("Chưa thấy máy nào khác của đơn vị"), "{office}");
    assert_eq!(scene.get("/readyz").await.status, 200);
    assert_eq!(scene.get("/api/v1/sync").await.json()["copies"], serde_json::json!([]));
    scene.office.lan.send_modify(|status| status.is_closed = true);
    let health = scene.get("/health").await.text;
    assert!(health.contains("chưa mở được cổng để nối với máy thứ hai") && !health.contains(away));
    assert_eq!(scene.get("/readyz").await.status, 200);
}
