//! The paper forms, read as a person reads them: their texts without the tags.

use super::{forms::press, pages::receive, scene::Scene};

/// What stands on a page, without tags and with one space between words.
fn plain(html: &str) -> String {
    let texts = html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let text = texts.collect::<Vec<_>>().join(" ");
    let text =
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace("&#x2f;", "/");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A form of the dossier as it is read.
async fn form(scene: &Scene, path: &str, query: &str) -> String {
    let answer = scene.get(&format!("/api/v1{path}/slip?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(!answer.text.contains("style="), "styles of their own are refused by the browser");
    plain(&answer.text)
}

/// Whether these words follow each other in that order.
fn in_order(text: &str, words: &[&str]) {
    let mut rest = text;
    for word in words {
        let Some((_, after)) = rest.split_once(word) else {
            panic!("no {word} in its place: {text}")
        };
        rest = after;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_slip_has_the_fields_of_the_form_in_their_order_on_every_paper() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let dossier = scene.get(&format!("/api/v1{path}")).await.json();
    let code = dossier["code"].as_str().unwrap();
    for paper in ["a5", "80mm", "a4"] {
        let html = scene.get(&format!("/api/v1{path}/slip?form=01&paper={paper}")).await.text;
        assert!(html.contains(&format!("paper-{paper}")) && html.contains("<svg"));
        let slip = form(&scene, &path, &format!("form=01&paper={paper}")).await;
        in_order(
            &slip,
            &[
                "TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG TỈNH QUẢNG NINH \
                 TRUNG TÂM PHỤC VỤ HÀNH CHÍNH CÔNG ĐẶC KHU CÔ TÔ Số:",
                "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM Độc lập - Tự do - Hạnh phúc",
                "VẬN HÀNH THỬ",
                "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ",
                &format!("Mã hồ sơ: {code}"),
                "Mã tra cứu:",
                "Bộ phận tiếp nhận và trả kết quả:",
                "Tiếp nhận hồ sơ của: Đường Thị <Thử> & Hằng",
                "Địa chỉ: ……",
                "Số điện thoại:",
                "Email:",
                "Nội dung yêu cầu giải quyết: 1.001193",
                "Thành phần hồ sơ nộp gồm:",
                "1 Tờ khai 2 0 0",
                "Số lượng hồ sơ: 1 (bộ)",
                "Thời gian giải quyết hồ sơ theo quy định là: trong ngày làm việc",
                "Thời gian nhận hồ sơ:",
                "Thời gian trả kết quả giải quyết hồ sơ:",
                "Đăng ký nhận kết quả tại:",
                "Vào Sổ theo dõi hồ sơ, Quyển số:",
                "NGƯỜI NỘP HỒ SƠ (Ký và ghi rõ họ tên)",
                "NGƯỜI TIẾP NHẬN HỒ SƠ (Ký và ghi rõ họ tên) Người thử 7",
            ],
        );
        let copies = if paper == "80mm" { 1 } else { 2 };
        assert_eq!(slip.matches("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN").count(), copies, "{paper}");
    }
    for query in ["form=07", "form=08", "paper=a3", "size=a5"] {
        let refused = scene.get(&format!("/api/v1{path}/slip?{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text);
    }
    let early = scene.get(&format!("/api/v1{path}/slip?form=02")).await;
    assert_eq!(early.status, 409, "nothing was asked for yet: {}", early.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_a_dossiers_way_says_what_happened() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    for (kind, typed) in [
        ("handed_over", vec![("to_unit", "07192"), ("note", "Kèm bản vẽ")]),
        ("taken_over", vec![]),
        (
            "supplement_requested",
            vec![("papers.0.name", "Giấy ra viện"), ("reason", "Thiếu trang 2")],
        ),
    ] {
        let answer = press(&scene, &path, kind, &typed).await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
    }
    let asked = form(&scene, &path, "form=02&paper=a5").await;
    in_order(
        &asked,
        &[
            "Số: ……/HDHS",
            "PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ",
            "Tiếp nhận hồ sơ/yêu cầu của Ông/Bà: Đường Thị <Thử> & Hằng",
            "Yêu cầu Ông/Bà hoàn thiện hồ sơ gồm những nội dung như sau:",
            "1 Giấy ra viện",
            "Lý do: Thiếu trang 2",
            "liên hệ với công chức Người thử 7",
            "NGƯỜI HƯỚNG DẪN",
        ],
    );
    let sheet = form(&scene, &path, "form=06&paper=a4").await;
    in_order(
        &sheet,
        &[
            "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ",
            "Chủ hồ sơ: Đường Thị <Thử> & Hằng",
            "Loại thủ tục: 1.001193",
            "Mã số hồ sơ:",
            "Cơ quan (bộ phận) giải quyết hồ sơ: Ủy ban nhân dân đặc khu Cô Tô",
            "Cơ quan phối hợp giải quyết hồ sơ:",
            "KẾT QUẢ GIẢI QUYẾT HỒ SƠ (Trước hạn/đúng hạn/quá hạn) GHI CHÚ",
            "1. Giao: Bộ phận tiếp nhận và trả kết quả, Trung tâm Phục vụ hành chính công \
             đặc khu Cô Tô (Người thử 7)",
            "2. Nhận: Bộ phận chuyên môn, Ủy ban nhân dân đặc khu Cô Tô (Người thử 7)",
            "Người giao: Người thử 7",
            "Người nhận: Người thử 7",
            "Kèm bản vẽ",
        ],
    );
    for (kind, typed) in [
        ("supplemented", vec![("papers.0.name", "Giấy ra viện")]),
        ("stopped", vec![("reason", "Người nộp xin dừng")]),
    ] {
        let answer = press(&scene, &path, kind, &typed).await;
        assert_eq!(answer.status, 303, "{kind}: {}", answer.text);
    }
    let stopped = form(&scene, &path, "form=05&paper=a5").await;
    in_order(
        &stopped,
        &["THÔNG BÁO DỪNG GIẢI QUYẾT HỒ SƠ", "Lý do, căn cứ dừng giải quyết: Người nộp xin dừng"],
    );
    let page = scene.get(&path).await.text;
    let (_, prints) = page.split_once("<section class=\"panel prints\">").unwrap();
    let prints = prints.split("</section>").next().unwrap();
    for label in ["(mẫu 01)", "(mẫu 02)", "(mẫu 05)", "(mẫu 06)"] {
        assert!(prints.contains(label), "no {label} in {prints}");
    }
    assert!(!prints.contains("(mẫu 03)") && !prints.contains("(mẫu 04)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_print_says_that_it_is_one() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let mut marked = Vec::new();
    for paper in ["a5", "80mm", "a5"] {
        let printed = press(&scene, &path, "printed", &[("paper", paper)]).await;
        let slip = scene.get(printed.header("location")).await;
        marked.push(plain(&slip.text).contains("BẢN IN LẠI"));
    }
    assert_eq!(marked, [false, true, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logbook_has_what_was_received_and_nothing_of_other_days() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let code =
        scene.get(&format!("/api/v1{path}")).await.json()["code"].as_str().unwrap().to_owned();
    let today = plain(&scene.get("/logbook").await.text);
    in_order(
        &today,
        &["SỔ THEO DÕI HỒ SƠ", "STT", "Ghi chú", "1", &code, "Đường Thị <Thử> & Hằng"],
    );
    let before = plain(&scene.get("/logbook?from=2025-10-01&to=2025-10-02").await.text);
    assert!(before.contains("Từ 01/10/2025 đến 02/10/2025") && !before.contains(&code));
    for wrong in ["from=2026-11-31", "from=2026-11-02&to=2026-11-01", "day=2026-11-01"] {
        assert_eq!(scene.get(&format!("/logbook?{wrong}")).await.status, 422, "{wrong}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_the_office_replaced_is_printed_and_a_broken_one_is_not() {
    let scene = Scene::with_clerk().await;
    let path = receive(&scene).await;
    let folder = scene.directory().join("forms");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("receipt.html"), "<p>Mẫu riêng {{ code }}</p>").unwrap();
    assert!(form(&scene, &path, "form=01").await.starts_with("Mẫu riêng T"));
    std::fs::write(folder.join("receipt.html"), "<p>{{ nonsense.of }}</p>").unwrap();
    let slip = form(&scene, &path, "form=01").await;
    assert!(slip.contains("đang dùng mẫu gốc. receipt.html:1"), "{slip}");
    assert!(slip.contains("GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ"));
}
