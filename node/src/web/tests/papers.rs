//! The papers of an office.

use serde_json::json;

use super::scene::{ADMINISTRATOR, CLERK, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_page_of_each_paper_has_ruler_letters_code_and_realm() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    for (paper, name) in [("a5", "A5"), ("80mm", "Cuộn 80 mm"), ("a4", "A4")] {
        let page = scene.get(&format!("/office/papers/test?paper={paper}")).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let class = format!("paper-{paper}");
        for part in [class.as_str(), name, "M50 0v5", "Ắ Ằ Ẳ Ẵ Ặ", "<svg", "HOSO-07192"] {
            assert!(page.text.contains(part), "no {part} in {}", page.text);
        }
        assert!(page.text.contains("VẬN HÀNH THỬ"), "{}", page.text);
        assert!(!page.text.contains("có lỗi"), "{}", page.text);
    }
    assert_eq!(scene.get("/office/papers/test?paper=a3").await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_printed_on_the_paper_that_is_usual_here_unless_another_is_asked_for() {
    let mut scene = Scene::with_clerk().await;
    let body = json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": "Đường Thị Thử" },
        "papers": [],
    });
    let received = scene.call("POST", "/api/v1/dossiers", "one", &body.to_string()).await;
    let path = format!("/api/v1/dossiers/{}", received.json()["id"].as_str().unwrap());
    let slip = format!("{path}/slip?form=01");
    assert!(scene.get(&slip).await.text.contains("paper-a5"));
    scene.log_in(ADMINISTRATOR).await;
    let token = scene.get("/office/papers").await.input("_token");
    // The control sheet is drawn for no roll: what does not fit changes nothing.
    let form = [("_token", token.as_str()), ("receipt", "80mm"), ("control-sheet", "80mm")];
    assert_eq!(scene.post("/office/papers", &form).await.status, 303);
    scene.log_in(CLERK).await;
    assert!(scene.get(&slip).await.text.contains("paper-80mm"));
    assert!(scene.get(&format!("{slip}&paper=a4")).await.text.contains("paper-a4"));
    assert!(scene.get(&format!("{path}/slip?form=06")).await.text.contains("paper-a4"));
    let reception = scene.get("/receive").await.text;
    let (_, papers) = reception.split_once("name=\"_paper\"").unwrap();
    assert!(papers.find("80mm") < papers.find("\"a5\""), "{papers}");
    assert_eq!(scene.get("/office/papers").await.status, 403);
}
