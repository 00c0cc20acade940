//! What the page and the forms of a dossier say of papers, offices and stages.

use super::{
    forms::{Form, press},
    pages::receive,
    scene::Scene,
};

/// The kind of an event, and what is typed in its form.
type Step<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// A dossier that was handed over and taken over at the same office.
async fn in_work(scene: &Scene) -> String {
    let path = receive(scene).await;
    go(scene, &path, &[("handed_over", &[("to_unit", "07192")]), ("taken_over", &[])]).await;
    path
}

async fn go(scene: &Scene, path: &str, steps: &[Step<'_>]) {
    for (kind, typed) in steps {
        let answer = press(scene, path, kind, typed).await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
    }
}

/// The part of a page between two texts.
fn between<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).unwrap_or_else(|| panic!("no {from} in {page}"));
    rest.split(to).next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paper_that_came_again_stands_in_one_row_with_all_its_counts() {
    let scene = Scene::with_clerk().await;
    let path = in_work(&scene).await;
    let asked = [("papers.0.name", "Tờ khai"), ("papers.0.originals", "3"), ("reason", "Thiếu")];
    go(
        &scene,
        &path,
        &[("supplement_requested", &asked), ("supplemented", &[("listed.0.chosen", "on")])],
    )
    .await;
    let page = scene.get(&path).await.text;
    let papers = between(&page, "<section class=\"panel\"><h2>Giấy tờ", "</section>");
    assert_eq!(papers.matches(">Tờ khai</th>").count(), 1, "{papers}");
    assert!(papers.contains(">Tờ khai</th><td class=\"number\">5</td>"), "{papers}");
    let choices = between(&page, "<select id=\"scan-paper\"", "</select>");
    assert_eq!(choices.matches("<option value=\"Tờ khai\"").count(), 1, "{choices}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_notice_says_at_which_stage_the_work_was_stopped() {
    let scene = Scene::with_clerk().await;
    let asked: [Step<'_>; 1] =
        [("supplement_requested", &[("papers.0.name", "CCCD"), ("reason", "Thiếu")])];
    let owed: [Step<'_>; 1] = [("payment_requested", &[("amount", "8.000"), ("pauses", "on")])];
    for (steps, stage) in [
        (&[][..], "Đang giải quyết"),
        (&asked[..], "Chờ bổ sung hồ sơ"),
        (&owed[..], "Chờ thực hiện nghĩa vụ tài chính"),
    ] {
        let path = in_work(&scene).await;
        go(&scene, &path, steps).await;
        go(&scene, &path, &[("stopped", &[("reason", "Người nộp đề nghị")])]).await;
        let notice = scene.get(&format!("/api/v1{path}/slip?form=05-2025&paper=a5")).await.text;
        let said = between(&notice, "Giai đoạn giải quyết khi dừng:</span>", "</p>");
        assert!(said.contains(stage), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_sheet_names_who_helps_and_leaves_a_line_where_nobody_does() {
    let scene = Scene::with_clerk().await;
    let path = in_work(&scene).await;
    let sheet = format!("/api/v1{path}/slip?form=06&paper=a4");
    let helping = |text: &str| {
        between(text, "Cơ quan phối hợp giải quyết hồ sơ:</span>", "</p>").replace('\u{a0}', " ")
    };
    assert!(helping(&scene.get(&sheet).await.text).contains("………"));
    go(&scene, &path, &[("unit_added", &[("unit", "06673"), ("reason", "Xác minh")])]).await;
    let said = helping(&scene.get(&sheet).await.text);
    assert!(said.contains("Ủy ban nhân dân phường Bãi Cháy"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_two_of_many_papers_and_has_all_of_them_in_its_details() {
    let scene = Scene::with_clerk().await;
    let path = in_work(&scene).await;
    let more = Form::of_kind(&scene.get(&path).await, "supplement_requested").unwrap();
    let more = more.send(&scene, &[("reason", "Thiếu")], Some(("_do", "more"))).await;
    let names: Vec<(String, String)> =
        (0..5).map(|at| (format!("papers.{at}.name"), format!("Giấy thử {at}"))).collect();
    let typed: Vec<(&str, &str)> = names.iter().map(|(name, paper)| (&**name, &**paper)).collect();
    let form = Form::of_kind(&more, "supplement_requested").unwrap();
    assert_eq!(form.send(&scene, &typed, None).await.status, 303);
    let page = scene.get(&path).await.text;
    let remark = between(&page, "class=\"remark\">", "</td>");
    let summary = between(remark, "<summary>", "</summary>");
    assert!(summary.contains("Giấy thử 1") && !summary.contains("Giấy thử 2"), "{summary}");
    assert!(summary.contains("3 giấy tờ khác"), "{summary}");
    assert_eq!(remark.matches("<li>").count(), 5, "{remark}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_due_time_without_a_time_is_when_the_desk_closes_and_the_page_says_so() {
    let scene = Scene::with_clerk().await;
    let path = in_work(&scene).await;
    let page = scene.get(&path).await;
    let closing = between(&page.text, "Không ghi giờ là giờ đóng cửa, ", ".").to_owned();
    let typed = [("due_at", "01/06/2027"), ("reason", "Xác minh thực địa")];
    go(&scene, &path, &[("extended", &typed)]).await;
    let due = scene.get(&format!("/api/v1{path}")).await.json()["due_at"].clone();
    assert_eq!(due, format!("2027-06-01T{closing}:00+07:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_an_agency_makes_the_result_is_not_asked_where_the_commune_decides() {
    let scene = Scene::with_clerk().await;
    let path = in_work(&scene).await;
    go(&scene, &path, &[("approved", &[])]).await;
    let page = scene.get(&path).await.text;
    assert!(page.contains("value=\"result_ready\"") && !page.contains("from_agency"), "{page}");
}
