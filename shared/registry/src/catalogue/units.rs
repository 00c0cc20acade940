//! `units.csv`.

use hoso_identity::UnitId;
use serde::Deserialize;

use super::{CatalogueError, Row, rows, some};
use crate::statement::{CLOSING_MINUTE_DEFAULT, FormerUnit, Statement, Unit, UnitKind};

const TABLE: &str = "units";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    gso_code: String,
    kind: String,
    name: String,
    /// The true code; a table has this column or the next.
    #[serde(default)]
    org_code: String,
    #[serde(default)]
    org_code_placeholder: String,
    island: String,
    former_district: String,
    former_units: String,
}

/// Reads the units; their ids are 1, 2, … in the order of the rows, so rows are only ever added
/// at the end.
///
/// # Errors
///
/// [`CatalogueError`] with the first place that cannot be read.
pub fn units(text: &str) -> Result<Vec<Unit>, CatalogueError> {
    let mut units: Vec<Unit> = Vec::new();
    for row in rows::<Cells>(TABLE, text)? {
        let code = row.cells.gso_code.as_str();
        let is_new = units.iter().all(|unit| unit.code != code);
        let id = u16::try_from(units.len().saturating_add(1)).ok().filter(|_| is_new);
        let unit = unit(&row, UnitId(row.need("gso_code", code, id)?))?;
        row.check(&Statement::Unit(unit.clone()))?;
        units.push(unit);
    }
    Ok(units)
}

fn unit(row: &Row<Cells>, id: UnitId) -> Result<Unit, CatalogueError> {
    let cells = &row.cells;
    let digits = cells.gso_code.len() == 5 && cells.gso_code.bytes().all(|b| b.is_ascii_digit());
    row.need("gso_code", &cells.gso_code, digits.then_some(()))?;
    let kind = row.need("kind", &cells.kind, UnitKind::from_vietnamese(&cells.kind))?;
    let island = match cells.island.as_str() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let org_code_is_placeholder = cells.org_code.is_empty();
    let org_code =
        if org_code_is_placeholder { &cells.org_code_placeholder } else { &cells.org_code };
    let full_name = format!("{} {}", kind.vietnamese(), cells.name);
    Ok(Unit {
        id,
        code: cells.gso_code.clone(),
        kind,
        name: cells.name.clone(),
        org_code: row.need("org_code", org_code, some(org_code))?,
        org_code_is_placeholder,
        island: row.need("island", &cells.island, island)?,
        desk_name: format!("Trung tâm Phục vụ hành chính công {full_name}"),
        authority_name: format!("Ủy ban nhân dân {full_name}"),
        former_district: some(&cells.former_district),
        former_units: former_units(row)?,
        accounts: Vec::new(),
        closing_minute: CLOSING_MINUTE_DEFAULT,
        valid_from: None,
        valid_until: None,
    })
}

/// `kind name@former district`, separated by `|`; `*` at the end = only a part of it.
fn former_units(row: &Row<Cells>) -> Result<Vec<FormerUnit>, CatalogueError> {
    let cell = &row.cells.former_units;
    let items = cell.split('|').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let (whole, part) = item.strip_suffix('*').map_or((item, false), |rest| (rest, true));
            let (name, district) = row.need("former_units", item, whole.split_once('@'))?;
            Ok(FormerUnit { name: name.to_owned(), district: district.to_owned(), part })
        })
        .collect()
}
