//! Between JSON and the values of events: units by code, times as RFC 3339, ids in hex.

use std::collections::BTreeMap;

use hoso_dossier::{Value, event::Office};
use hoso_identity::UnitId;
use hoso_registry::{
    State,
    statement::{CLOSING_MINUTE_DEFAULT, Term},
};
use serde_json::{Map, Value as Json, json};

use crate::times;

/// Keys under which a unit or an agency stands.
const UNITS: [&str; 5] = ["to_unit", "unit", "receiving_unit", "competent_unit", "return_unit"];
/// Keys under which an instant stands.
const INSTANTS: [&str; 2] = ["due_at", "received_at"];
/// How deep JSON of a form may be nested.
const DEPTH_MAX: usize = 8;

/// What a form holds that no event can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfit {
    /// The dotted name of the part.
    pub(crate) field: String,
    /// The stable word for what is wrong.
    pub(crate) code: &'static str,
}

/// The code of a unit or an agency.
pub(crate) fn unit_code(state: &State, id: UnitId) -> String {
    let unit = state.unit(id).map(|unit| unit.code.clone());
    let agency = || state.agency(id).map(|agency| agency.code.clone());
    unit.or_else(agency).unwrap_or_else(|| id.0.to_string())
}

/// The value of a form's object, without what is null or blank.
pub(crate) fn value_of(form: &Map<String, Json>, state: &State) -> Result<Value, Unfit> {
    map("", form, state, DEPTH_MAX)
}

fn map(path: &str, form: &Map<String, Json>, state: &State, depth: usize) -> Result<Value, Unfit> {
    let mut parts = BTreeMap::new();
    for (key, json) in form {
        let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        if key.is_empty() {
            return Err(Unfit { field, code: "unknown" });
        }
        let value = match json {
            Json::String(text) if text.trim().is_empty() => continue,
            Json::Null => continue,
            Json::String(code) if UNITS.contains(&key.as_str()) => {
                office(code, state).ok_or(Unfit { field, code: "unknown-unit" })?
            }
            Json::String(text) if INSTANTS.contains(&key.as_str()) => {
                let instant = times::instant(text).ok_or(Unfit { field, code: "time" })?;
                Value::Int(instant)
            }
            _ if UNITS.contains(&key.as_str()) || INSTANTS.contains(&key.as_str()) => {
                return Err(Unfit { field, code: "type" });
            }
            Json::Bool(_)
            | Json::Number(_)
            | Json::String(_)
            | Json::Array(_)
            | Json::Object(_) => value(&field, json, state, depth)?,
        };
        parts.insert(key.clone(), value);
    }
    Ok(Value::Map(parts))
}

fn value(path: &str, json: &Json, state: &State, depth: usize) -> Result<Value, Unfit> {
    let unfit = |code| Unfit { field: path.to_owned(), code };
    let depth = depth.checked_sub(1).ok_or(unfit("depth"))?;
    match json {
        Json::Null => Ok(Value::Null),
        Json::Bool(yes) => Ok(Value::Bool(*yes)),
        Json::Number(number) => number.as_i64().map(Value::Int).ok_or(unfit("type")),
        Json::String(text) => Ok(Value::Text(text.trim().to_owned())),
        Json::Array(items) => {
            let items = items.iter().map(|item| value(path, item, state, depth));
            items.collect::<Result<_, _>>().map(Value::List)
        }
        Json::Object(parts) => map(path, parts, state, depth),
    }
}

/// A unit's id, or a map with an agency's.
fn office(code: &str, state: &State) -> Option<Value> {
    let id = |unit: UnitId| Value::Int(i64::from(unit.0));
    Some(match office_by_code(code, state)? {
        Office::Unit(unit) => id(unit),
        Office::Agency(agency) => Value::Map(BTreeMap::from([("agency".to_owned(), id(agency))])),
    })
}

/// The unit or agency of that code; `agency:` may stand before an agency's.
pub(crate) fn office_by_code(code: &str, state: &State) -> Option<Office> {
    let code = code.trim();
    if let Some(unit) = state.unit_by_code(code) {
        return Some(Office::Unit(unit.id));
    }
    let agency = state.agency_by_code(code.strip_prefix("agency:").unwrap_or(code))?;
    Some(Office::Agency(agency.id))
}

/// The id of the unit or agency that stands there.
pub(crate) fn office_of(value: &Value) -> Option<UnitId> {
    let agency = value.as_map().map_or(Some(value), |parts| parts.get("agency"));
    let Some(Value::Int(id)) = agency else { return None };
    u16::try_from(*id).ok().map(UnitId)
}

/// How long something may take.
pub(crate) fn term_json(term: Term) -> Json {
    let (kind, days) = match term {
        Term::SameDay => ("same_day", None),
        Term::WorkingDays(days) => ("working_days", Some(days)),
        Term::CalendarDays(days) => ("calendar_days", Some(days)),
        Term::ByAnnouncement => ("by_announcement", None),
    };
    json!({ "kind": kind, "days": days })
}

/// When that unit or agency closes, minutes after midnight at UTC+7.
pub(crate) fn closing_minute(state: &State, id: UnitId) -> u16 {
    let unit = state.unit(id).map(|unit| unit.closing_minute);
    let agency = || state.agency(id).map(|agency| agency.closing_minute);
    unit.or_else(agency).unwrap_or(CLOSING_MINUTE_DEFAULT)
}

/// A value as the interface shows it.
pub(crate) fn json_of(value: &Value, state: &State) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(yes) => json!(yes),
        Value::Int(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(bytes) => json!(data_encoding::HEXLOWER.encode(bytes)),
        Value::List(items) => items.iter().map(|item| json_of(item, state)).collect(),
        Value::Map(parts) => {
            let named = parts.iter().map(|(key, part)| (key.clone(), part_json(key, part, state)));
            Json::Object(named.collect())
        }
    }
}

fn part_json(key: &str, part: &Value, state: &State) -> Json {
    let id = |number: &i64| u16::try_from(*number).ok().map(UnitId);
    match part {
        Value::Int(number) if UNITS.contains(&key) => {
            id(number).map_or(Json::Null, |unit| json!(unit_code(state, unit)))
        }
        Value::Map(parts) if UNITS.contains(&key) => match parts.get("agency") {
            Some(Value::Int(number)) => {
                id(number).map_or(Json::Null, |unit| json!(unit_code(state, unit)))
            }
            Some(_) | None => Json::Null,
        },
        Value::Int(at_ms) if INSTANTS.contains(&key) => json!(times::text(*at_ms)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::Map(_)
        | Value::List(_) => json_of(part, state),
    }
}
