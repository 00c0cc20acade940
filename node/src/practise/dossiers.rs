//! The dossiers that are there to work on. They come about as all dossiers do: received, handed
//! over, decided, each by an entry of the colleague's.

use std::sync::Arc;

use hoso_engine::command::Problem;
use hoso_identity::DocumentId;
use serde_json::{Map, Value, json};

use crate::{
    desk::{self, Once, Refused},
    office::Office,
    people::Actor,
    times,
};

/// How far a dossier has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Received,
    Processing,
    Ready,
}

/// Applicant, procedure, stage. Nobody of these names exists.
const DOSSIERS: [(&str, &str, Stage); 12] = [
    ("Trần Thị Tập Một", "1.004873", Stage::Received),
    ("Lê Văn Tập Hai", "1.001022", Stage::Received),
    ("Phạm Thị Tập Ba", "2.002516", Stage::Received),
    ("Hoàng Văn Tập Bốn", "1.004884", Stage::Received),
    ("Vũ Thị Tập Năm", "1.004873", Stage::Processing),
    ("Đặng Văn Tập Sáu", "1.001022", Stage::Processing),
    ("Bùi Thị Tập Bảy", "1.010833", Stage::Processing),
    ("Đỗ Văn Tập Tám", "1.014027", Stage::Processing),
    ("Ngô Thị Tập Chín", "1.004837", Stage::Ready),
    ("Dương Văn Tập Mười", "1.004837", Stage::Ready),
    ("Lý Thị Tập Mười Một", "1.004845", Stage::Ready),
    ("Mai Văn Tập Mười Hai", "1.004845", Stage::Ready),
];

/// Receives them all and brings each to its stage.
pub(super) async fn begin(office: &Arc<Office>) -> Result<(), Problem> {
    let colleague = Arc::new(office.colleague().await?);
    for (number, (name, procedure, stage)) in (1_u32..).zip(DOSSIERS) {
        let begun = bring(office, &colleague, number, (name, procedure, stage)).await;
        begun.map_err(|refused| {
            let text = format!("a dossier to practise on could not be made: {}", refused.code);
            Problem::new("practise", text)
        })?;
    }
    Ok(())
}

async fn bring(
    office: &Arc<Office>,
    colleague: &Arc<Actor>,
    number: u32,
    (name, procedure, stage): (&str, &str, Stage),
) -> Result<(), Refused> {
    let body = json!({
        "procedure_code": procedure,
        "applicant": {
            "kind": "person",
            "name": name,
            "id_number": format!("0221850000{number:02}"),
            "birth_date": format!("1985-05-{number:02}"),
            "phone": format!("09000000{number:02}"),
            "address": "Khu tập huấn, đặc khu Cô Tô",
        },
        "papers":
            [{ "name": "Tờ khai", "originals": 1, "certified_copies": 0, "photocopies": 0 }],
    });
    let once = Once { key: format!("practise-{number}"), body: Vec::new() };
    let dossier = desk::receive(office, colleague, &once, &body).await?;
    if stage == Stage::Received {
        return Ok(());
    }
    let over = json!({
        "to_unit": part(&dossier, "receiving_unit"), "papers": part(&dossier, "papers"),
    });
    let dossier = step(office, colleague, &dossier, ("handed_over", over)).await?;
    let dossier = step(office, colleague, &dossier, ("taken_over", json!({}))).await?;
    if stage == Stage::Processing {
        return Ok(());
    }
    let dossier = step(office, colleague, &dossier, ("approved", json!({}))).await?;
    let today = times::text(times::now_ms()).unwrap_or_default();
    let result = json!({
        "number": format!("{number}/TH-UBND"), "date": today.get(..10), "files": [],
    });
    step(office, colleague, &dossier, ("result_ready", result)).await.map(|_| ())
}

/// One event on a dossier as it was last seen; the dossier as it is then.
async fn step(
    office: &Arc<Office>,
    actor: &Arc<Actor>,
    dossier: &Value,
    (kind, fields): (&str, Value),
) -> Result<Value, Refused> {
    let mut body: Map<String, Value> = fields.as_object().cloned().unwrap_or_default();
    body.insert("kind".to_owned(), json!(kind));
    body.insert("base".to_owned(), part(dossier, "version"));
    let id = part(dossier, "id");
    let id = id.as_str().and_then(DocumentId::from_hex).ok_or(Refused::new(404, "not-found"))?;
    // The longest key has 64 bytes.
    let once = Once { key: format!("{id}-{kind}"), body: Vec::new() };
    desk::act(office, actor, id, &once, &Value::Object(body)).await
}

fn part(dossier: &Value, name: &str) -> Value {
    dossier.get(name).cloned().unwrap_or_default()
}
