//! Which units a query names, by what they are called today and by what they were made of.

use hoso_identity::UnitId;
use hoso_registry::{State, statement::Unit};
use hoso_store::{fold::folded, search::place};

/// The units that the whole query names. A bare name means every unit that has it or took over one
/// that had it: two places may have been called alike. Whoever types the tones means them, if there
/// is such a name.
pub(super) fn named_units(query: &str, state: &State) -> Vec<UnitId> {
    let wanted = place(query);
    if wanted.is_empty() {
        return Vec::new();
    }
    let bare = without_tones(&wanted);
    let (mut exact, mut alike) = (Vec::new(), Vec::new());
    for unit in state.units() {
        let names = names(unit);
        if names.contains(&wanted) {
            exact.push(unit.id);
        } else if names.iter().any(|name| without_tones(name) == bare) {
            alike.push(unit.id);
        }
    }
    if exact.is_empty() { alike } else { exact }
}

fn without_tones(words: &[String]) -> Vec<String> {
    words.iter().map(|word| folded(word)).collect()
}

/// What a unit is called, as words: with and without its kind, and of what it was made of also with
/// the district.
fn names(unit: &Unit) -> Vec<Vec<String>> {
    let mut names = vec![place(&unit.full_name()), place(&unit.name)];
    for former in &unit.former_units {
        let districts = [place(&former.district), place(without_kind(&former.district))];
        for name in [place(&former.name), place(without_kind(&former.name))] {
            names
                .extend(districts.iter().map(|district| [name.clone(), district.clone()].concat()));
            names.push(name);
        }
    }
    names
}

/// `P Hải Hòa` without its kind.
fn without_kind(name: &str) -> &str {
    name.split_once(' ').map_or(name, |(_, bare)| bare)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::tests::scene::Scene;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_bare_name_means_every_unit_that_has_it_or_took_over_one_that_had_it() {
        let scene = Scene::with_clerk().await;
        let state = scene.office.state();
        let named = |query: &str| -> Vec<String> {
            let units = named_units(query, &state).into_iter();
            let mut named: Vec<String> =
                units.map(|unit| state.unit(unit).unwrap().name.clone()).collect();
            named.sort();
            named
        };
        for (query, units) in [
            ("Hải Hòa", &["Hải Hòa", "Hải Lạng", "Móng Cái 1"][..]),
            ("P. Hải Hoà", &["Móng Cái 1"]),
            ("phường hải hòa", &["Móng Cái 1"]),
            ("xã Hải Hòa", &["Hải Hòa", "Hải Lạng"]),
            ("hai hoa, tp. mong cai", &["Móng Cái 1"]),
            ("Bắc Sơn", &["Hải Sơn", "Vàng Danh"]),
            ("X. Bắc Sơn", &["Hải Sơn"]),
            ("Hạ Long", &["Hạ Long", "Vân Đồn"]),
            ("X Hạ Long", &["Vân Đồn"]),
            ("Hòa Bình", &["Thống Nhất"]),
            ("Thanh Sơn", &["Ba Chẽ", "Uông Bí"]),
            ("Thanh Sơn, Ba Chẽ", &["Ba Chẽ"]),
            ("TT. Cái Rồng", &["Vân Đồn"]),
            ("ĐK. Cô Tô", &["Cô Tô"]),
            ("dk co to", &["Cô Tô"]),
            ("Đồng Sơn", &["Lương Minh"]),
            ("Sơn", &[]),
            ("Nguyễn Thị Thử", &[]),
            ("", &[]),
        ] {
            assert_eq!(named(query), units, "{query}");
        }
    }
}
