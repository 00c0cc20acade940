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

/// The field of that name, if it is one.
#[must_use]
pub fn named(field: &str) -> Option<&'static str> {
    ALL.iter().copied().find(|name| *name == field)
}

/// What stands in a field.
enum Now<'a> {
    /// A name, which cannot be cleared.
    Name(&'a str),
    Text(Option<&'a str>),
    Day(Option<Day>),
}

/// Whether the field is one and the value fits it.
#[must_use]
pub fn fits(application: &Application, field: &str, value: Option<&str>) -> bool {
    let short = value.is_none_or(|value| value.chars().count() <= TEXT_CHARS_MAX);
    short
        && now(application, field).is_some_and(|now| match now {
            Now::Name(_) => value.is_some(),
            Now::Text(_) => true,
            Now::Day(_) => value.is_none_or(|value| Day::from_iso(value).is_some()),
        })
}

/// Whether the field has this value already.
#[must_use]
pub fn holds(application: &Application, field: &str, value: Option<&str>) -> bool {
    now(application, field).is_some_and(|now| match now {
        Now::Name(name) => value == Some(name),
        Now::Text(text) => value == text,
        Now::Day(day) => value.map(Day::from_iso) == day.map(Some),
    })
}

fn now<'a>(application: &'a Application, field: &str) -> Option<Now<'a>> {
    let of_party = |party: &'a Party, part: &str| {
        Some(match part {
            "name" => Now::Name(&party.name),
            "id_number" => Now::Text(party.id_number.as_deref()),
            "birth_date" => Now::Day(party.birth_date),
            "phone" => Now::Text(party.phone.as_deref()),
            "email" => Now::Text(party.email.as_deref()),
            "address" => Now::Text(party.address.as_deref()),
            _ => return None,
        })
    };
    let representative = application.representative.as_ref();
    match field.split_once('.') {
        None if field == "note" => Some(Now::Text(application.note.as_deref())),
        Some(("applicant", part)) => of_party(&application.applicant, part),
        Some(("owner", part)) => of_party(application.owner.as_ref()?, part),
        Some(("representative", "name")) => Some(Now::Name(&representative?.name)),
        Some(("representative", "id_number")) => {
            Some(Now::Text(representative?.id_number.as_deref()))
        }
        Some(("representative", "authority")) => {
            Some(Now::Text(representative?.authority.as_deref()))
        }
        _ => None,
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Channel, Office, PartyKind, Representative, ResultChannel};

    fn application(owner: bool) -> Application {
        let party = Party {
            kind: PartyKind::Person,
            name: "Đường Thị Thử".to_owned(),
            id_number: None,
            birth_date: Day::from_iso("1990-02-28"),
            phone: Some("0912345678".to_owned()),
            email: None,
            address: None,
        };
        let unit = hoso_identity::UnitId(7);
        Application {
            procedure_code: "1.001022".to_owned(),
            applicant: party.clone(),
            owner: owner.then_some(party),
            representative: owner.then(|| Representative {
                name: "Đường Văn Thử".to_owned(),
                id_number: None,
                authority: None,
            }),
            receiving_unit: unit,
            competent_unit: Office::Unit(unit),
            return_unit: unit,
            channel: Channel::Counter,
            result_channel: ResultChannel::Desk,
            sets: 1,
            papers: Vec::new(),
            fees: Vec::new(),
            note: None,
        }
    }

    #[test]
    fn a_value_fits_and_is_there_already_as_correcting_it_shows() {
        let long = "x".repeat(TEXT_CHARS_MAX + 1);
        let values = [None, Some("Đường Thị Thử"), Some("1990-02-28"), Some("1990-02-30")];
        for application in [application(false), application(true)] {
            for field in ALL.iter().copied().chain(["applicant.kind", "applicant", "colour"]) {
                for value in values.into_iter().chain([Some("0912345678"), Some(long.as_str())]) {
                    let corrected = corrected(&application, field, value);
                    assert_eq!(fits(&application, field, value), corrected.is_some(), "{field}");
                    let same = corrected.as_ref() == Some(&application);
                    assert_eq!(holds(&application, field, value), same, "{field} {value:?}");
                }
                assert_eq!(named(field).is_some(), ALL.contains(&field));
            }
        }
    }
}
