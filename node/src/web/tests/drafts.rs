//! What is typed in the forms of a dossier and not sent.

use serde_json::json;

use super::{
    forms::{Form, press},
    pages::receive,
    scene::Scene,
};

const BEGUN: &str = "Đã khôi phục nội dung nhập dở";

async fn typed(scene: &Scene, path: &str, kind: &str, text: &str) {
    let draft = json!({ "fields": [["reason", text]] }).to_string();
    let kept = scene.call("PUT", &draft_of(path, kind), "", &draft).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
}

fn draft_of(path: &str, kind: &str) -> String {
    format!("/api/v1/drafts/act-{}-{kind}", path.trim_start_matches("/dossiers/"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_in_an_action_stands_there_again_until_it_is_done_or_thrown_away() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    typed(&scene, &path, "withdrawn", "Người nộp <xin> rút").await;
    typed(&scene, &path, "noted", "x").await;
    let page = scene.get(&path).await;
    assert!(page.text.contains("Người nộp &#60;xin&#62; rút"), "{}", page.text);
    assert_eq!(page.text.matches(BEGUN).count(), 2, "{}", page.text);
    let discard = Form::on(&page, "-noted\"><span").unwrap();
    let discarded = discard.send(&scene, &[], Some(("_do", "discard"))).await;
    assert_eq!((discarded.status.as_u16(), discarded.header("location")), (303, path.as_str()));
    assert_eq!(scene.get(&draft_of(&path, "noted")).await.status, 404);
    let done = press(&scene, &path, "withdrawn", &[]).await;
    assert_eq!(done.status, 303, "{}", done.text);
    assert_eq!(scene.get(&draft_of(&path, "withdrawn")).await.status, 404);
    assert!(!scene.get(&path).await.text.contains(BEGUN));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_or_not_confirmed_yet_is_kept_without_any_script() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let page = scene.get(&path).await;
    let grave = Form::of_kind(&page, "withdrawn").unwrap();
    let asked = grave.send(&scene, &[("reason", "Xin rút về")], None).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let fee = Form::of_kind(&page, "fee_added").unwrap();
    let refused = fee.send(&scene, &[("name", "Phí sao chụp"), ("amount", "8,5")], None).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("Ghi trọn đồng, như 8.000 hoặc 8000."), "{}", refused.text);
    let later = scene.get(&path).await.text;
    for kept in ["Xin rút về", "Phí sao chụp", "8,5"] {
        assert!(later.contains(kept), "no {kept} in {later}");
    }
    assert_eq!(later.matches(BEGUN).count(), 2, "{later}");
}
