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
    /// How forms name the desk, what it is a part of, and who decides. A table has these three
    /// columns, with all their cells, or none of them.
    #[serde(default)]
    desk_name: String,
    #[serde(default)]
    desk_superior: String,
    #[serde(default)]
    authority_name: String,
}

impl Cells {
    /// The cells that name the offices on forms, with their columns.
    fn offices(&self) -> [(&'static str, &str); 3] {
        [
            ("desk_name", &self.desk_name),
            ("desk_superior", &self.desk_superior),
            ("authority_name", &self.authority_name),
        ]
    }
}

/// Reads the units; their ids are 1, 2, … in the order of the rows, so rows are only ever added
/// at the end.
///
/// # Errors
///
/// [`CatalogueError`] with the first place that cannot be read.
pub fn units(text: &str) -> Result<Vec<Unit>, CatalogueError> {
    let mut units: Vec<Unit> = Vec::new();
    let rows = rows::<Cells>(TABLE, text)?;
    let named = rows.iter().any(|row| row.cells.offices().iter().any(|(_, name)| !name.is_empty()));
    for row in rows {
        for (column, name) in row.cells.offices() {
            row.need(column, name, (!named || !name.is_empty()).then_some(()))?;
        }
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
        desk_name: some(&cells.desk_name)
            .unwrap_or_else(|| format!("Trung tâm Phục vụ hành chính công {full_name}")),
        authority_name: some(&cells.authority_name)
            .unwrap_or_else(|| format!("Ủy ban nhân dân {full_name}")),
        desk_superior: some(&cells.desk_superior),
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
