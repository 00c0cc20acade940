//! Who the people of an office are: log-ins, persons, grants.

use hoso_engine::command::{Answer, Progress, Secret};
use hoso_identity::PersonId;
use hoso_registry::{Role, Statement, statement::Grant};
use serde_json::json;

use super::scene::{ADMINISTRATOR, CLERK, PASSWORD, Scene, clerks_key};
use crate::request::Request;

fn secret() -> Secret {
    Secret::new(PASSWORD.to_owned())
}

async fn add(scene: &Scene, name: &str, role: &str, like: Option<&str>) -> Answer {
    let request = Request::UserAdd {
        name: name.to_owned(),
        display_name: None,
        roles: vec![role.to_owned()],
        password: secret(),
        person: None,
        like: like.map(str::to_owned),
        admin: ADMINISTRATOR.to_owned(),
        admin_password: secret(),
    };
    scene.office.answer(request, Progress::unseen()).await
}

/// Each log-in with the person whose it is, and whether it is disabled.
async fn listed(scene: &Scene) -> Vec<(String, String, bool)> {
    let listed = scene.office.answer(Request::UserList {}, Progress::unseen()).await.unwrap();
    let row = |item: &serde_json::Value| {
        let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
        (text("username"), text("person"), item["disabled"].as_bool().unwrap())
    };
    listed["items"].as_array().unwrap().iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_log_in_is_the_same_person_and_whoever_leaves_loses_both() {
    let mut scene = Scene::new().await;
    add(&scene, "lan", "reception", None).await.unwrap();
    add(&scene, "lan-2", "approval", Some("lan")).await.unwrap();
    add(&scene, "huong", "reception", None).await.unwrap();
    let refused = add(&scene, "lan-3", "approval", Some("nobody")).await.unwrap_err();
    assert_eq!(refused.code, "name");
    let before = listed(&scene).await;
    let person = |name: &str| before.iter().find(|(log_in, ..)| log_in == name).unwrap().1.clone();
    assert!(!person("lan").is_empty());
    assert_eq!(person("lan"), person("lan-2"));
    assert_ne!(person("lan"), person("huong"));
    scene.log_in("lan-2").await;
    let disable = Request::UserDisable {
        name: "lan".to_owned(),
        admin: ADMINISTRATOR.to_owned(),
        admin_password: secret(),
    };
    scene.office.answer(disable, Progress::unseen()).await.unwrap();
    assert_eq!(scene.get("/api/v1/dossiers").await.status, 401, "the open session has ended");
    let disabled: Vec<_> = listed(&scene).await.into_iter().filter(|row| row.2).collect();
    assert_eq!(disabled.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["lan", "lan-2"]);
    let state = scene.office.state();
    let lan = PersonId::from_hex(&person("lan")).unwrap();
    let grants: Vec<_> = state.grants_of_person(lan).collect();
    assert_eq!(grants.len(), 2);
    assert!(grants.iter().all(|grant| grant.ended.is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_two_grants_does_what_either_allows() {
    let mut scene = Scene::new().await;
    let node = scene.office.node().unwrap().id;
    let person = PersonId::from_hex(&scene.person());
    scene
        .announce(&Statement::Grant(Grant {
            person,
            name: "Người thử 7".to_owned(),
            key: clerks_key(),
            unit: Some(scene.office.unit()),
            node: Some(node),
            roles: vec![Role::Administrator],
            from: None,
            until: None,
        }))
        .await;
    scene.log_in(CLERK).await;
    let switched = scene.call("PUT", "/api/v1/link", "", "{\"enabled\":false}").await;
    assert_eq!(switched.status, 200, "{}", switched.text);
    let body = json!({
        "procedure_code": "1.001193",
        "applicant": { "kind": "person", "name": "Đường Thị Thử" },
        "papers": [],
    });
    let received = scene.call("POST", "/api/v1/dossiers", "one", &body.to_string()).await;
    assert_eq!(received.status, 201, "{}", received.text);
}
