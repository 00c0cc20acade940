//! The fields of an application that can be corrected, by dotted name.

use hoso_registry::Day;

use crate::event::{Application, Party, TEXT_CHARS_MAX};

/// The parts of an applicant and of an owner that can be corrected.
const OF_PARTY: [&str; 6] = ["name", "id_number", "birth_date", "phone", "email", "address"];

/// Every field that can be corrected.
pub const ALL: &[&str] = &[
    "applicant.name",
    "applicant.id_number",
    "applicant.birth_date",
    "applicant.phone",
    "applicant.email",
    "applicant.address",
    "owner.name",
    "owner.id_number",
    "owner.birth_date",
    "owner.phone",
    "owner.email",
    "owner.address",
    "representative.name",
    "representative.id_number",
    "representative.authority",
    "note",
];

/// The application with another value of one field; `None` if there is no such field or the value
/// does not fit it. A name cannot be cleared.
#[must_use]
pub fn corrected(
    application: &Application,
    field: &str,
    value: Option<&str>,
) -> Option<Application> {
    let fits = value.is_none_or(|value| value.chars().count() <= TEXT_CHARS_MAX);
    let mut changed = application.clone();
    match field.split_once('.') {
        None if field == "note" && fits => changed.note = value.map(str::to_owned),
        Some(("applicant", part)) if fits => party(&mut changed.applicant, part, value)?,
        Some(("owner", part)) if fits => party(changed.owner.as_mut()?, part, value)?,
        Some(("representative", part)) if fits => {
            let representative = changed.representative.as_mut()?;
            match part {
                "name" => value?.clone_into(&mut representative.name),
                "id_number" => representative.id_number = value.map(str::to_owned),
                "authority" => representative.authority = value.map(str::to_owned),
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(changed)
}

fn party(party: &mut Party, part: &str, value: Option<&str>) -> Option<()> {
    if !OF_PARTY.contains(&part) {
        return None;
    }
    let text = value.map(str::to_owned);
    match part {
        "name" => party.name = text?,
        "id_number" => party.id_number = text,
        "phone" => party.phone = text,
        "email" => party.email = text,
        "address" => party.address = text,
        _ => {
            party.birth_date = match value {
                Some(value) => Some(Day::from_iso(value)?),
                None => None,
            }
        }
    }
    Some(())
}
