//! Papers that are asked for and come in, through the forms of a dossier's page.

use super::{
    forms::{Form, press},
    pages::receive,
    scene::{Answer, Scene},
};

/// A dossier that is being processed.
async fn processing(scene: &Scene) -> String {
    let path = receive(scene).await;
    for (kind, typed) in [("handed_over", vec![("to_unit", "07192")]), ("taken_over", vec![])] {
        assert_eq!(press(scene, &path, kind, &typed).await.status, 303, "{kind}");
    }
    path
}

async fn record(scene: &Scene, path: &str) -> serde_json::Value {
    scene.get(&format!("/api/v1{path}")).await.json()
}

/// The known papers of the form of that kind, in their order.
fn known(page: &Answer, kind: &str) -> Vec<String> {
    let form = page.text.split(&format!("name=\"kind\" value=\"{kind}\"")).nth(1).unwrap();
    let form = form.split("</form>").next().unwrap();
    let named = form.split("name=\"listed.").skip(1).filter_map(|rest| rest.split_once('"'));
    let named = named.filter(|(name, _)| name.ends_with(".name"));
    named.map(|(_, rest)| rest.split('"').nth(1).unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn papers_are_asked_for_from_the_procedures_list_and_beside_it_and_stand_on_form_02() {
    let scene = Scene::with_clerk().await;
    let path = processing(&scene).await;
    let page = scene.get(&path).await;
    let known = known(&page, "supplement_requested");
    assert_eq!(known.len(), 3, "{known:?}");
    assert_eq!(known.last().map(String::as_str), Some("CCCD"));
    let form = Form::of_kind(&page, "supplement_requested").unwrap();
    let asked = [
        ("listed.0.originals", "2"),
        ("listed.2.chosen", "on"),
        ("papers.0.name", "Giấy ra viện"),
        ("papers.1.name", "Giấy xác nhận cư trú"),
        ("papers.1.certified_copies", "1"),
        ("reason", "Thiếu giấy tờ"),
    ];
    assert_eq!(form.send(&scene, &asked, None).await.status, 303);
    let papers = record(&scene, &path).await["missing_papers"].clone();
    let said: Vec<(&str, [u64; 3])> = papers
        .as_array()
        .unwrap()
        .iter()
        .map(|paper| {
            let count = |name: &str| paper[name].as_u64().unwrap();
            let counts = ["originals", "certified_copies", "photocopies"].map(count);
            (paper["name"].as_str().unwrap(), counts)
        })
        .collect();
    let expected = [
        (known[0].as_str(), [2, 0, 0]),
        ("CCCD", [0, 0, 1]),
        ("Giấy ra viện", [1, 0, 0]),
        ("Giấy xác nhận cư trú", [0, 1, 0]),
    ];
    assert_eq!(said, expected);
    let paper = scene.get(&format!("/api/v1{path}/slip?form=02&paper=a4")).await.text;
    for row in ["<td>CCCD</td><td class=\"count\">0</td><td class=\"count\">0</td>", "Giấy ra viện"]
    {
        assert!(paper.contains(row), "no {row} in {paper}");
    }
    let history = scene.get(&path).await.text;
    assert!(history.contains("CCCD (1 bản chụp); Giấy ra viện (1 bản chính)"), "{history}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_lines_keep_what_was_typed_and_what_is_wrong_is_said_beside_its_field() {
    let scene = Scene::with_clerk().await;
    let path = processing(&scene).await;
    let page = scene.get(&path).await;
    let form = Form::of_kind(&page, "supplement_requested").unwrap();
    let typed = [("listed.1.chosen", "on"), ("papers.2.name", "Giấy ra viện"), ("reason", "Thiếu")];
    let more = form.send(&scene, &typed, Some(("_do", "more"))).await;
    assert_eq!(more.status, 200, "{}", more.text);
    assert!(more.text.contains("value=\"Giấy ra viện\""), "{}", more.text);
    assert_eq!(more.text.matches(" autofocus").count(), 1, "{}", more.text);
    let form = Form::of_kind(&more, "supplement_requested").unwrap();
    let wrong = [("papers.5.name", "Sổ hộ khẩu"), ("papers.5.originals", "hai")];
    let refused = form.send(&scene, &wrong, None).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let beside = "id=\"supplement_requested-papers.5.originals-problem\"";
    assert!(refused.text.contains(beside), "{}", refused.text);
    let blank = Form::of_kind(&page, "supplement_requested").unwrap();
    let nothing = blank.send(&scene, &[("reason", "Thiếu")], None).await;
    assert!(nothing.text.contains("Chưa có giấy tờ nào."), "{}", nothing.text);
    let form = Form::of_kind(&refused, "supplement_requested").unwrap();
    let sent = form.send(&scene, &[("papers.5.originals", "2")], None).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    assert_eq!(record(&scene, &path).await["missing_papers"].as_array().unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_in_part_is_ticked_and_the_rest_stays_missing_until_it_comes() {
    let scene = Scene::with_clerk().await;
    let path = processing(&scene).await;
    let asked = [
        ("listed.0.chosen", "on"),
        ("listed.2.chosen", "on"),
        ("papers.0.name", "Giấy ra viện"),
        ("reason", "Thiếu"),
    ];
    assert_eq!(press(&scene, &path, "supplement_requested", &asked).await.status, 303);
    let first = known(&scene.get(&path).await, "supplemented");
    assert_eq!(
        first.iter().map(String::as_str).skip(1).collect::<Vec<_>>(),
        ["CCCD", "Giấy ra viện"]
    );
    let came = [("listed.0.chosen", "on")];
    assert_eq!(press(&scene, &path, "supplemented", &came).await.status, 303);
    let now = record(&scene, &path).await;
    assert_eq!((&now["status"], &now["due_at"]), (&"supplement".into(), &serde_json::Value::Null));
    let page = scene.get(&path).await;
    assert!(page.text.contains("Đã nhận một phần giấy tờ bổ sung"), "{}", page.text);
    assert_eq!(page.text.matches("Còn thiếu").count(), 2, "{}", page.text);
    let sheet = scene.get(&format!("/api/v1{path}/slip?form=06&paper=a4")).await.text;
    for (on_page, on_paper) in [
        ("yêu cầu bổ sung Tờ khai (1 bản chính); CCCD (1 bản chụp)", "; CCCD (1 bản photo); "),
        ("nhận một phần bổ sung: Tờ khai (1 bản chính)", ": Tờ khai (1 bản chính)</td>"),
    ] {
        assert!(page.text.contains(on_page), "no {on_page} in {}", page.text);
        assert!(sheet.contains(on_paper), "no {on_paper} in {sheet}");
    }
    assert!(sheet.contains("Nhận một phần bổ sung "), "{sheet}");
    assert_eq!(known(&page, "supplemented"), ["CCCD", "Giấy ra viện"]);
    let rest = [("listed.0.photocopies", "1"), ("complete", "on")];
    assert_eq!(press(&scene, &path, "supplemented", &rest).await.status, 303);
    let now = record(&scene, &path).await;
    assert_eq!(now["status"], "processing");
    assert_eq!(now["missing_papers"][0]["name"], "Giấy ra viện", "{now}");
    assert!(now["due_at"].is_string(), "{now}");
}
