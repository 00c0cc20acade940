//! The JSON API of what forms are filled in from: procedures, units, calendars, known applicants.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use hoso_dossier::deadline::local_date;
use hoso_registry::{
    State as Registry,
    statement::{Agency, CalendarStatus, Competent, Procedure, Unit},
};
use hoso_store::{
    collation::text_key,
    fold::{folded, words},
    search::{Findable, finds},
};
use serde_json::{Value, json};
use time::Date;

use super::{answer::answer, site::Site};
use crate::{
    desk::{self, Refused},
    dossiers::forms::{term_json, unit_code},
    times,
};

type Shared = State<Arc<Site>>;

fn parameter(query: &[(String, String)], name: &str) -> Option<String> {
    query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
}

/// `GET /procedures?q=`: those in force today.
pub(super) async fn procedures(
    State(site): Shared,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        site.actor(&headers).await?;
        let wanted = parameter(&query, "q").unwrap_or_default();
        let items = in_force(&site.office.state(), &wanted, local_date(times::now_ms()));
        Ok(Json(json!({ "items": items })).into_response())
    };
    answer(&site, &headers, listed.await)
}

/// The procedures of that day whose code or name has all words of the query, folded or as they are
/// written by who types with a method that is switched off; by name.
pub(super) fn in_force(state: &Registry, query: &str, day: Option<Date>) -> Vec<Value> {
    let Some(day) = day else { return Vec::new() };
    let wanted = words(query);
    let found = state.procedures_on(day).filter(|(_, procedure)| {
        let text = folded(&format!("{} {}", procedure.code, procedure.name));
        let named = [Findable::Name(procedure.name.clone())];
        wanted.iter().all(|word| text.contains(word.as_str())) || finds(query, &named)
    });
    let mut found: Vec<&Procedure> = found.map(|(_, procedure)| procedure).collect();
    found.sort_by_cached_key(|procedure| text_key(&procedure.name));
    found.into_iter().map(|procedure| procedure_json(procedure, state)).collect()
}

/// All units, then all agencies, each by name.
pub(super) fn offices(state: &Registry) -> (Vec<&Unit>, Vec<&Agency>) {
    let (mut units, mut agencies): (Vec<_>, Vec<_>) =
        (state.units().collect(), state.agencies().collect());
    units.sort_by_cached_key(|unit| text_key(&unit.name));
    agencies.sort_by_cached_key(|agency| text_key(&agency.name));
    (units, agencies)
}

fn procedure_json(procedure: &Procedure, state: &Registry) -> Value {
    let competent = match procedure.competent {
        Competent::Unit => "unit".to_owned(),
        Competent::UnitOfLand => "unit_of_land".to_owned(),
        Competent::Agency(agency) => format!("agency:{}", unit_code(state, agency)),
    };
    json!({
        "code": procedure.code,
        "name": procedure.name,
        "field": procedure.field,
        "term": term_json(procedure.term),
        "fee": procedure.fee_vnd,
        "fee_rule": procedure.fee_rule,
        "papers": procedure.papers,
        "competent": competent,
        "note": procedure.note,
    })
}

/// `GET /procedures/{code}/due`.
pub(super) async fn due(
    State(site): Shared,
    Path(code): Path<String>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let computed = async {
        site.actor(&headers).await?;
        let (at, unit) = (parameter(&query, "received_at"), parameter(&query, "unit"));
        let due = desk::due(&site.office, &code, at.as_deref(), unit.as_deref())?;
        Ok(Json(due).into_response())
    };
    answer(&site, &headers, computed.await)
}

/// `GET /applicants?q=`: those of this node's dossiers.
pub(super) async fn applicants(
    State(site): Shared,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let listed = async {
        let actor = site.actor(&headers).await?;
        let query = parameter(&query, "q").unwrap_or_default();
        Ok(Json(desk::applicants(&site.office, &actor, &query).await?).into_response())
    };
    answer(&site, &headers, listed.await)
}

/// `GET /units`.
pub(super) async fn units(State(site): Shared, headers: HeaderMap) -> Response {
    let listed = async {
        site.actor(&headers).await?;
        let state = site.office.state();
        let (units, agencies) = offices(&state);
        let units = units
            .iter()
            .map(|unit| json!({ "code": unit.code, "name": unit.full_name(), "kind": "unit" }));
        let agencies = agencies
            .iter()
            .map(|agency| json!({ "code": agency.code, "name": agency.name, "kind": "agency" }));
        let items: Vec<Value> = units.chain(agencies).collect();
        Ok(Json(json!({ "items": items })).into_response())
    };
    answer(&site, &headers, listed.await)
}

/// `GET /calendar/{year}`.
pub(super) async fn calendar(
    State(site): Shared,
    Path(year): Path<String>,
    headers: HeaderMap,
) -> Response {
    let read = async {
        site.actor(&headers).await?;
        let year = year.parse::<u16>().map_err(|_| Refused::new(404, "not-found"))?;
        let state = site.office.state();
        let (_, calendar) = state.calendar(year).ok_or(Refused::new(404, "not-found"))?;
        let days = |days: &[hoso_registry::Day]| -> Vec<String> {
            days.iter().map(ToString::to_string).collect()
        };
        let status = match calendar.status {
            CalendarStatus::Official => "official",
            CalendarStatus::Probable => "probable",
        };
        let body = json!({
            "year": year,
            "status": status,
            "off_days": days(&calendar.off_days),
            "working_saturdays": days(&calendar.working_saturdays),
        });
        Ok(Json(body).into_response())
    };
    answer(&site, &headers, read.await)
}
