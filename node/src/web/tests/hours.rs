//! When the desks are open, as the administrator sets it and the desk sees it.

use super::scene::{ADMINISTRATOR, Answer, CLERK, Scene};

/// Every morning of the week, for good.
pub(super) const MORNING: [(&str, &str); 12] = [
    ("point", "Quầy Thanh Lân"),
    ("weekday", "1"),
    ("weekday", "2"),
    ("weekday", "3"),
    ("weekday", "4"),
    ("weekday", "5"),
    ("weekday", "6"),
    ("weekday", "7"),
    ("opens", "07:30"),
    ("closes", "1130"),
    ("first", "01/01/2020"),
    ("last", ""),
];

/// Sends the form for hours.
pub(super) async fn add_hours(scene: &Scene, typed: &[(&str, &str)]) -> Answer {
    let token = scene.get("/office/hours").await.input("_token");
    let form = [&[("_token", token.as_str())], typed].concat();
    scene.post("/office/hours", &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_are_set_are_seen_at_reception_until_they_are_taken_away() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(add_hours(&scene, &MORNING).await.status, 303);
    let page = scene.get("/office/hours").await;
    assert!(page.text.contains("07:30–11:30") && page.text.contains("Đang áp dụng"));
    let id = page.input("id");
    scene.log_in(CLERK).await;
    let seen = scene.get("/receive").await.text;
    // On a public holiday nothing is open; then the page says that.
    let open = "Hôm nay mở cửa – Quầy Thanh Lân: 07:30–11:30";
    assert!(seen.contains(open) || seen.contains("Hôm nay không có quầy nào"), "{seen}");
    assert_eq!(scene.get("/office/hours").await.status, 403);
    scene.log_in(ADMINISTRATOR).await;
    let token = scene.get("/office/hours").await.input("_token");
    let form = [("_token", token.as_str()), ("id", id.as_str())];
    assert_eq!(scene.post("/office/hours/remove", &form).await.status, 303);
    scene.log_in(CLERK).await;
    assert!(!scene.get("/receive").await.text.contains("Hôm nay"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_that_overlap_or_cannot_be_read_are_refused_with_a_sentence() {
    let mut scene = Scene::new().await;
    scene.log_in(ADMINISTRATOR).await;
    assert_eq!(add_hours(&scene, &MORNING).await.status, 303);
    let but = |name: &'static str, value: &'static str| {
        let mut typed = MORNING;
        typed.iter_mut().filter(|(each, _)| *each == name).for_each(|pair| pair.1 = value);
        typed
    };
    for (typed, about, sentence) in [
        (MORNING, "hours-opens", "Quầy này đã có giờ trùng"),
        (but("closes", "07:00"), "hours-closes", "Giờ đóng cửa phải sau giờ mở cửa"),
        (but("opens", "sáng"), "hours-opens", "Giờ không đọc được"),
        (but("first", "hôm nay"), "hours-first", "Ngày không đọc được"),
        (but("last", "31/12/2019"), "hours-last", "Ngày cuối phải không trước ngày đầu"),
        (but("weekday", "8"), "weekday", "Chọn ít nhất một ngày trong tuần"),
        (but("point", " "), "hours-point", "Ghi tên quầy"),
    ] {
        let answer = add_hours(&scene, &typed).await;
        assert_eq!(answer.status, 422, "{sentence}: {}", answer.text);
        let beside = format!("id=\"{about}-problem\">{sentence}");
        assert!(answer.text.contains(&beside), "no {beside} in {}", answer.text);
        assert_eq!(answer.text.matches(" autofocus").count(), 1, "{}", answer.text);
        assert!(answer.text.contains("value=\"1130\"") || about == "hours-closes");
    }
    assert_eq!(scene.office.openings().await.unwrap().len(), 1);
}
