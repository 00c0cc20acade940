//! Search as people write.

use serde_json::json;

use super::{api::reception, scene::Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_searched_as_people_write_names_numbers_and_places() {
    let scene = Scene::with_clerk().await;
    for (key, name, phone) in [
        ("one", "Phạm Thị Thử Hoà", "+84 912 000 001"),
        ("two", "Phạm Thị Thử Hóa", "0912 000 002"),
        ("three", "Lý Thử Một", "0912 000 003"),
    ] {
        let mut body = reception();
        body["applicant"]["name"] = json!(name);
        body["applicant"]["phone"] = json!(phone);
        let made = scene.call("POST", "/api/v1/dossiers", key, &body.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let found = async |query: &str| {
        let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let page = scene.get(&format!("/api/v1/dossiers?q={query}")).await.json();
        let items = page["items"].as_array().unwrap().iter();
        let names = items.map(|item| item["applicant"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>(), page["items"][0]["code"].as_str().map(str::to_owned))
    };
    let (one, two, three) = ("Phạm Thị Thử Hoà", "Phạm Thị Thử Hóa", "Lý Thử Một");
    assert_eq!(found("Phạm Thị Thử Hòa").await.0, [one, two]);
    assert_eq!(found("thử hóa").await.0, [two, one]);
    assert_eq!(found("thuwr hoas").await.0, [two, one]);
    assert_eq!(found("lí thử").await.0, [three]);
    assert_eq!(found("0912000001").await.0, [one]);
    let code = found("0912000003").await.1.unwrap();
    assert_eq!(found(&code[code.len() - 4..]).await.0, [three]);
    assert_eq!(found("X. Thanh Lân").await.0, [three, two, one], "it became part of this unit");
    assert_eq!(found("Thanh Sơn").await.0, [""; 0]);
    let known = async |query: &str| {
        let query: String = query.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let known = scene.get(&format!("/api/v1/applicants?q={query}")).await.json();
        let items = known["items"].as_array().unwrap().iter();
        items.map(|item| item["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for query in ["0912000001", "+84 912 000 001", "0912 000 001"] {
        assert_eq!(known(query).await, [one], "{query}");
    }
    assert_eq!(known("lí thử").await, [three]);
    assert_eq!(known("thuwr mootj").await, [three]);
    assert_eq!(known("thu73 mo6t5").await, [three]);
    let procedures = async |query: &str| {
        let listed = scene.get(&format!("/api/v1/procedures?q={query}")).await.json();
        listed["items"].as_array().unwrap().iter().any(|item| item["code"] == "1.001193")
    };
    for query in ["khai%20sinh", "ddawng%20kys", "d9a8ng%20ky1", "1.001193", "001193"] {
        assert!(procedures(query).await, "{query}");
    }
    assert!(!procedures("khoongcos").await);
    for sort in ["sort=name", "order=name"] {
        let listed = scene.get(&format!("/api/v1/dossiers?{sort}")).await.json();
        let items = listed["items"].as_array().unwrap().iter();
        let names: Vec<&str> = items.map(|item| item["applicant"].as_str().unwrap()).collect();
        assert_eq!(names, [one, two, three], "by given name: Hoà, Hóa, Một");
    }
    let page = scene.get("/?status=all&sort=name").await.text;
    assert!(page.find(one) < page.find(two) && page.find(two) < page.find(three), "{page}");
    assert!(page.contains("aria-current=\"page\""), "the list is the same in another order");
    assert_eq!(scene.get("/api/v1/dossiers?sort=colour").await.status, 422);
}
