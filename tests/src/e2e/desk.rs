//! A clerk at work: dossiers received, processed and returned over the interface, with a list of
//! every action that was acknowledged.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    http::{Answer, Client},
    node::Node,
    relay::catalogue,
};

/// A procedure of the catalogue and who decides it.
#[derive(Clone, Debug)]
pub struct Procedure {
    /// Its code, such as 1.001193.
    pub code: String,
    /// `unit`, `unit_of_land` or `agency:CODE`.
    pub competent: String,
}

/// All procedures of the project's catalogue, in its order.
///
/// # Panics
///
/// Never in a checkout.
#[must_use]
pub fn procedures() -> Vec<Procedure> {
    let mut reader =
        csv::Reader::from_path(catalogue("procedures.csv")).expect("the catalogue is there");
    let headers = reader.headers().expect("the catalogue has a header").clone();
    let column = |name: &str| headers.iter().position(|header| header == name).expect("a column");
    let (code, competent) = (column("code"), column("competent"));
    reader
        .records()
        .map(|row| row.expect("a row of the catalogue"))
        .map(|row| Procedure { code: row[code].to_owned(), competent: row[competent].to_owned() })
        .collect()
}

/// A dossier as it is handed in at the desk: everything distinct, with tone marks.
#[must_use]
pub fn reception(number: usize, procedure: &Procedure, competent: &str) -> Value {
    let mut body = json!({
        "procedure_code": procedure.code,
        "applicant": {
            "kind": "person",
            "name": format!("Đường Thị Hằng {number}"),
            "id_number": format!("0221{:08}", 85_000_000 + number),
            "birth_date": "1985-05-01",
            "phone": format!("09{:08}", 12_000_000 + number),
            "email": "",
            "address": "Khu 2, đặc khu Cô Tô"
        },
        "channel": "counter",
        "result_channel": "desk",
        "papers": [
            { "name": "Tờ khai", "originals": 1, "certified_copies": 0, "photocopies": 0 },
            { "name": "Căn cước công dân", "originals": 0, "certified_copies": 1, "photocopies": 0 }
        ],
    });
    if !procedure.competent.starts_with("agency") {
        body["competent_unit"] = competent.into();
    }
    body
}

/// What was acknowledged: for each dossier the kinds of its events, in the order of the answers.
pub type Acknowledged = BTreeMap<String, Vec<String>>;

/// A clerk with a session and a list of what was acknowledged.
#[derive(Debug)]
pub struct Desk {
    /// The session.
    pub session: Client,
    /// The clerk's unit.
    pub unit: String,
    /// Everything that was answered with 201.
    pub acknowledged: Acknowledged,
}

impl Desk {
    /// The clerk of a node.
    #[must_use]
    pub fn of(node: &Node) -> Self {
        Self { session: node.clerk(), unit: node.unit.clone(), acknowledged: Acknowledged::new() }
    }

    /// Receives a dossier; returns it as it was answered.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub fn receive(&mut self, body: &Value, key: &str) -> Value {
        let answer = self.session.try_post_once("/api/v1/dossiers", body, key);
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {body}"));
        assert_eq!(answer.status, 201, "{} for {body}", answer.body);
        self.note(&answer.body, "received");
        answer.body
    }

    /// Acts on a dossier as it was last seen; returns it as it is then.
    ///
    /// # Panics
    ///
    /// When it is refused.
    pub fn act(&mut self, dossier: &Value, kind: &str, fields: Value) -> Value {
        let answer = self.try_act(dossier, kind, fields);
        assert_eq!(answer.status, 201, "{kind}: {} on {dossier}", answer.body);
        self.note(&answer.body, kind);
        answer.body
    }

    /// Acts on a dossier, and returns the answer whatever it is.
    ///
    /// # Panics
    ///
    /// When no answer comes.
    pub fn try_act(&self, dossier: &Value, kind: &str, mut fields: Value) -> Answer {
        let id = id_of(dossier);
        fields["kind"] = kind.into();
        fields["base"] = dossier["version"].clone();
        let key = format!("{id}-{kind}-{}", dossier["events"].as_array().map_or(0, Vec::len));
        self.session
            .try_post_once(&format!("/api/v1/dossiers/{id}/events"), &fields, &key)
            .unwrap_or_else(|_| panic!("no answer to {kind}"))
    }

    /// Gives a dossier to the unit that decides it.
    pub fn hand_over(&mut self, dossier: &Value, to_unit: &str) -> Value {
        let papers = dossier["papers"].clone();
        self.act(dossier, "handed_over", json!({ "to_unit": to_unit, "papers": papers }))
    }

    /// Processes and returns a dossier that was handed over to this desk.
    pub fn finish(&mut self, dossier: &Value) -> Value {
        let dossier = self.act(dossier, "taken_over", json!({}));
        let dossier = self.act(&dossier, "approved", json!({}));
        let number = format!("{}/QĐ-UBND", self.acknowledged.len());
        let result = json!({ "number": number, "date": "2026-11-23", "files": [] });
        let dossier = self.act(&dossier, "result_ready", result);
        let hand = json!({
            "receiver": "Đường Thị Hằng", "evidence": "signature", "channel": "desk"
        });
        self.act(&dossier, "returned", hand)
    }

    /// The dossier as it is now.
    #[must_use]
    pub fn read(&self, id: &str) -> Value {
        self.session.get(&format!("/api/v1/dossiers/{id}")).done()
    }

    /// The ids of all dossiers at this node.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        let mut ids = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.session.get(&format!("/api/v1/dossiers?limit=100{after}")).done();
            let items = page["items"].as_array().expect("a list has items").clone();
            ids.extend(items.iter().map(|item| id_of(item).to_owned()));
            match page["next"].as_str() {
                Some(next) if !items.is_empty() => after = format!("&after={next}"),
                _ => return ids,
            }
        }
    }

    fn note(&mut self, dossier: &Value, kind: &str) {
        let id = id_of(dossier).to_owned();
        self.acknowledged.entry(id).or_default().push(kind.to_owned());
    }
}

/// The id of a dossier as it was answered.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn id_of(dossier: &Value) -> &str {
    dossier["id"].as_str().unwrap_or_else(|| panic!("no id in {dossier}"))
}
