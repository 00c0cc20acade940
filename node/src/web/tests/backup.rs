//! Backups by the administrator's page.

use std::sync::Arc;

use hoso_store::{backup, database::Schema};
use tokio::sync::watch;

use super::scene::{ADMINISTRATOR, CLERK, Scene};
use crate::office::Making;

/// An administrator, with the task that makes what is asked for.
async fn administered() -> (Scene, watch::Sender<bool>) {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let stop = watch::Sender::new(false);
    tokio::spawn(Arc::clone(&scene.office).make_backups(stop.subscribe()));
    (scene, stop)
}

async fn press(scene: &Scene) -> u16 {
    let token = scene.get("/office/backup").await.input("_token");
    scene.post("/office/backup", &[("_token", &token)]).await.status.as_u16()
}

/// Waits until the backup that was asked for has come to its end.
async fn ended(scene: &Scene) -> Making {
    let mut making = scene.office.backups.making.subscribe();
    let ended = |making: &Making| matches!(making, Making::Done(_) | Making::Failed(_));
    making.wait_for(ended).await.unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_by_the_page_is_a_whole_one_and_the_page_says_when_and_where() {
    let (mut scene, stop) = administered().await;
    let disk = tempfile::tempdir().unwrap();
    scene.office.backups.go_to(disk.path());
    let page = scene.get("/office/backup").await;
    assert!(page.text.contains("Chưa từng sao lưu"), "{}", page.text);
    let health = scene.get("/health").await.text;
    assert!(health.contains("href=\"/office/backup\""), "{health}");
    assert_eq!(press(&scene).await, 303);
    let Making::Done(file) = ended(&scene).await else { panic!("not made") };
    assert_eq!(file.parent(), Some(disk.path()));
    let mark = backup::verify(&file, Schema::Node).unwrap();
    assert!(!mark.keys.is_empty());
    let page = scene.get("/office/backup").await.text;
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with("hoso-07192-"), "{name}");
    for said in
        [name, "Đã sao lưu xong", "cách đây", "hoso-node backup verify", "hoso-node restore"]
    {
        assert!(page.contains(said), "no {said} in {page}");
    }
    let read = scene.get("/api/v1/backup").await.json();
    assert_eq!(read["state"], "done");
    assert!(read["last_file"].as_str().unwrap().ends_with(name), "{read}");
    assert!(!scene.get("/health").await.text.contains("Chưa từng sao lưu"));
    scene.log_in(CLERK).await;
    assert_eq!(scene.get("/office/backup").await.status, 403);
    assert_eq!(scene.get("/api/v1/backup").await.status, 403);
    assert_eq!(scene.call("POST", "/api/v1/backup", "", "").await.status, 403);
    stop.send_replace(true);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_directory_the_page_gives_the_command_and_without_a_disk_it_says_what_to_do() {
    let (scene, stop) = administered().await;
    let page = scene.get("/office/backup").await.text;
    let command = format!("--data {}", scene.directory().display());
    for said in ["Chưa đặt thư mục sao lưu", "hoso-node backup", command.as_str()] {
        assert!(page.contains(said), "no {said} in {page}");
    }
    let refused = scene.call("POST", "/api/v1/backup", "", "").await;
    assert_eq!(refused.json()["type"], "urn:hoso:problem:backup-unset", "{}", refused.text);
    let gone = scene.directory().join("not-plugged-in");
    scene.office.backups.go_to(&gone);
    let asked = scene.call("POST", "/api/v1/backup", "", "").await;
    // It may have failed already when its answer is written.
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert!(matches!(ended(&scene).await, Making::Failed(_)));
    let page = scene.get("/office/backup").await.text;
    assert!(page.contains("Kiểm tra ổ đĩa đã cắm"), "{page}");
    assert!(page.contains("Sao lưu bây giờ"), "it can be tried again: {page}");
    assert!(!gone.exists());
    stop.send_replace(true);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_backup_is_made_at_a_time() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    let disk = tempfile::tempdir().unwrap();
    scene.office.backups.go_to(disk.path());
    // Nobody makes it yet.
    assert_eq!(scene.call("POST", "/api/v1/backup", "", "").await.status, 202);
    let page = scene.get("/office/backup").await.text;
    assert!(page.contains("Đang sao lưu: 0 %") && !page.contains("Sao lưu bây giờ"), "{page}");
    let again = scene.call("POST", "/api/v1/backup", "", "").await;
    assert_eq!(again.json()["type"], "urn:hoso:problem:backup-running", "{}", again.text);
}
