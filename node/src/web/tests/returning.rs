//! The return desk: what is typed there, and what it says of a result that has gone.

use super::{
    forms::{Form, press},
    pages::receive,
    scene::{Answer, Scene},
};

/// A dossier whose result is ready and of which money is owed: its address and its desk.
async fn ready(scene: &Scene) -> (String, String) {
    let path = receive(scene).await;
    for (kind, typed) in [
        ("handed_over", vec![("to_unit", "07192")]),
        ("taken_over", vec![]),
        ("fee_added", vec![("name", "Lệ phí"), ("amount", "8.000")]),
        ("approved", vec![]),
        ("result_ready", vec![("number", "2/QĐ-UBND"), ("date", "24/11/2026")]),
    ] {
        let answer = press(scene, &path, kind, &typed).await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
    }
    let record = scene.get(&format!("/api/v1{path}")).await.json();
    (path, format!("/return?q={}", record["code"].as_str().unwrap()))
}

/// The sentence of the counter with its tone.
fn said(page: &Answer) -> &str {
    let (_, rest) = page.text.split_once("<p class=\"hand-over ").unwrap();
    rest.split("</p>").next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_typed_for_the_receiver_stays_while_money_is_taken() {
    let scene = Scene::with_clerk().await;
    let (_, address) = ready(&scene).await;
    let mut paying = Form::of_kind(&scene.get(&address).await, "paid").unwrap();
    for (name, value) in [
        ("receiver", "Đường Văn Con"),
        ("id_number", "022185000009"),
        ("evidence", "Giấy uỷ quyền"),
        ("channel", "desk"),
    ] {
        paying.bring(&format!("_beside.returned.{name}"), value);
    }
    let refused = paying.send(&scene, &[("amount", "tám nghìn")], None).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("Đường Văn Con"), "{}", refused.text);
    let paid = paying.send(&scene, &[("method", "cash")], None).await;
    assert_eq!(paid.status, 303, "{}", paid.text);
    let page = scene.get(&address).await;
    assert!(Form::of_kind(&page, "paid").is_none(), "nothing is owed any more");
    let returned = Form::of_kind(&page, "returned").unwrap().send(&scene, &[], None).await;
    assert_eq!(returned.status, 303, "{}", returned.text);
    let page = scene.get(returned.header("location")).await;
    assert!(said(&page).contains("Đường Văn Con"), "{}", said(&page));
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_return_looks_like_success_and_a_second_one_says_to_whom_the_first_went() {
    let scene = Scene::with_clerk().await;
    let (path, address) = ready(&scene).await;
    let [first, second] = [scene.get(&address).await, scene.get(&path).await]
        .map(|page| Form::of_kind(&page, "returned").unwrap());
    let early = press(&scene, &path, "noted", &[("text", "Đã gọi điện")]).await;
    assert_eq!(early.status, 303);
    assert!(said(&scene.get(&address).await).starts_with("ready"));
    let done = first.send(&scene, &[], None).await;
    let page = scene.get(done.header("location")).await;
    assert!(said(&page).starts_with("done"), "{}", said(&page));
    assert!(said(&page).contains("Đã trả cho") && !said(&page).contains("Không trả lần nữa"));
    // The slip is scanned once more.
    assert!(said(&scene.get(&address).await).starts_with("over"));
    let typed = [("receiver", "Người khác"), ("evidence", "Chữ ký")];
    let refused = second.send(&scene, &typed, None).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    let problem = refused.text.split("<p class=\"problem\">").nth(1).unwrap();
    let problem = problem.split("</p>").next().unwrap();
    assert!(problem.contains("Đã trả cho") && problem.contains("Không trả lần nữa"), "{problem}");
}
