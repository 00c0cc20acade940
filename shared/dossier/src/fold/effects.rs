//! What an event that holds does to the standing.

#![expect(clippy::wildcard_enum_match_arm, reason = "each match is about some of the kinds")]

use hoso_registry::EventKind;

use super::Item;
use crate::{
    axes::{Delivery, Status},
    deadline::{Extension, PauseKind},
    event::{Application, Body, Event, Fee, Frozen, Method, Office, Received, ResultSent},
    standing::{Decision, FeeLine, Line, Outcome, Payment, Scan, Standing, Terms},
};

/// What may be written once at a time, if the event writes such a thing.
pub(super) fn register(body: &Body) -> Option<String> {
    match body {
        Body::HandedOver(_) | Body::CodeReissued(_) => Some(body.kind().code().to_owned()),
        Body::FieldCorrected(body) => Some(format!("field {}", body.field)),
        _ => None,
    }
}

/// Lets the event have its effect.
pub(super) fn apply(
    standing: &mut Standing,
    item: &Item,
    event: &Event,
    terms: &dyn Fn(&Frozen) -> Option<Terms>,
) {
    if let Some(key) = register(&event.body) {
        standing.registers.insert(key, item.hash);
    }
    standing.audience.extend(event.units_added());
    match &event.body {
        Body::Submitted(body) => {
            begin(standing, item, &body.application);
            standing.status = Some(Status::New);
        }
        Body::Received(body) => received(standing, item, event, body, terms),
        Body::CalendarAccepted(body) => {
            standing.former_dues.extend(standing.due().at_ms);
            if let Some(frozen) = &mut standing.frozen {
                frozen.calendars.clone_from(&body.calendars);
                standing.terms = terms(frozen);
            }
        }
        Body::HandedOver(_) | Body::TakenOver(_) | Body::Assigned(_) | Body::UnitAdded(_) => {
            hands(standing, item, event);
        }
        Body::FeeAdded(_)
        | Body::FeeRemoved(_)
        | Body::PaymentRequested(_)
        | Body::Paid(_)
        | Body::PaymentConfirmed(_)
        | Body::PaymentReversed(_) => money(standing, item, event),
        Body::ResultReady(_)
        | Body::ResultRecalled(_)
        | Body::ResultSent(_)
        | Body::ResultArrived(_)
        | Body::Returned(_) => result(standing, item, event),
        Body::Attached(_)
        | Body::Detached(_)
        | Body::FieldCorrected(_)
        | Body::CodeReissued(_)
        | Body::Opened(_)
        | Body::Printed(_)
        | Body::Noted(_)
        | Body::ConflictResolved(_) => facts(standing, item, event),
        _ => course(standing, item, event),
    }
}

fn begin(standing: &mut Standing, item: &Item, application: &Application) {
    standing.application = Some(application.clone());
    standing.papers.clone_from(&application.papers);
    standing.holder = Some(Office::Unit(application.receiving_unit));
    let fees = application.fees.iter().enumerate();
    standing.fees = fees
        .map(|(number, fee)| FeeLine { id: format!("{}.{number}", item.hash), fee: fee.clone() })
        .collect();
}

fn received(
    standing: &mut Standing,
    item: &Item,
    event: &Event,
    body: &Received,
    terms: &dyn Fn(&Frozen) -> Option<Terms>,
) {
    if let Some(application) = &body.application {
        begin(standing, item, application);
    }
    standing.status = Some(Status::Accepted);
    standing.code = Some(body.code.clone());
    standing.received_ms = Some(body.received_at.unwrap_or(event.at_ms));
    standing.terms = terms(&body.frozen);
    standing.frozen = Some(body.frozen.clone());
}

/// Status and clock.
fn course(standing: &mut Standing, item: &Item, event: &Event) {
    let at_ms = event.at_ms;
    match &event.body {
        Body::NotAccepted(_) => close(standing, Status::NotAccepted, at_ms),
        Body::Withdrawn(_) => close(standing, Status::Withdrawn, at_ms),
        Body::SupplementRequested(_) => {
            standing.asked_from = standing.status;
            if standing.status == Some(Status::Processing) {
                standing.supplements = standing.supplements.saturating_add(1);
                standing.pause(PauseKind::Supplement, at_ms);
            }
            standing.status = Some(Status::Supplement);
        }
        Body::Supplemented(body) => {
            standing.papers.extend(body.papers.iter().cloned());
            standing.go_on(PauseKind::Supplement, at_ms);
            standing.status = standing.asked_from.take().or(Some(Status::Processing));
        }
        Body::Extended(body) => {
            standing.extensions.push(Extension { given_ms: at_ms, due_ms: body.due_at });
        }
        Body::Approved(_) | Body::Refused(_) => {
            let approved = event.body.kind() == EventKind::Approved;
            standing.decision = Some(Decision { event: item.hash, approved });
        }
        Body::Stopped(_) => {
            let open = standing.pauses.iter_mut().filter(|pause| pause.until_ms.is_none());
            let open: Vec<_> = open.collect();
            if open.is_empty() {
                standing.pause(PauseKind::Other, at_ms);
            } else {
                // What was asked for is no longer awaited: the clock stands still for the stop.
                open.into_iter().for_each(|pause| pause.kind = PauseKind::Other);
            }
            standing.status = Some(Status::Stopped);
        }
        Body::Resumed(_) => {
            standing.go_on(PauseKind::Other, at_ms);
            standing.status = Some(Status::Processing);
        }
        _ => {}
    }
}

fn close(standing: &mut Standing, status: Status, at_ms: i64) {
    standing.status = Some(status);
    standing.closed_ms = Some(at_ms);
    // Nothing is awaited any more: a due time that could not be said can be said again.
    let open = standing.pauses.iter_mut().filter(|pause| pause.until_ms.is_none());
    open.for_each(|pause| pause.until_ms = Some(at_ms.max(pause.from_ms)));
}

/// Who has the dossier.
fn hands(standing: &mut Standing, item: &Item, event: &Event) {
    match &event.body {
        Body::HandedOver(body) => {
            standing.status = Some(Status::Processing);
            standing.assigned = body.to_person;
            standing.sheet.push(Line {
                event: item.hash,
                from: item.author.unit,
                to: body.to_unit,
                at_ms: event.at_ms,
                taken_at_ms: None,
            });
        }
        Body::TakenOver(_) => {
            if let Some(line) = standing.sheet.last_mut() {
                line.taken_at_ms = Some(event.at_ms);
                standing.holder = Some(line.to);
            }
        }
        Body::Assigned(body) => standing.assigned = Some(body.person),
        _ => {}
    }
}

fn money(standing: &mut Standing, item: &Item, event: &Event) {
    match &event.body {
        Body::FeeAdded(body) => standing.fees.push(FeeLine {
            id: item.hash.to_string(),
            fee: Fee { name: body.name.clone(), amount: body.amount },
        }),
        Body::FeeRemoved(body) => standing.fees.retain(|line| line.id != body.fee),
        Body::PaymentRequested(body) => {
            let (paid, awaited, _) = standing.money();
            standing.requested = paid.saturating_add(awaited).saturating_add(body.amount);
            if body.pauses {
                standing.status = Some(Status::Payment);
                standing.pause(PauseKind::Other, event.at_ms);
            }
        }
        Body::Paid(body) => standing.payments.push(Payment {
            event: item.hash,
            amount: body.amount,
            method: body.method,
            confirmed: body.method == Method::Cash,
            reversed: false,
        }),
        Body::PaymentConfirmed(body) => {
            let awaiting = standing.payments.iter_mut().filter(|payment| !payment.reversed);
            awaiting
                .filter(|payment| body.payment.is_none_or(|wanted| wanted == payment.event))
                .for_each(|payment| payment.confirmed = true);
        }
        Body::PaymentReversed(body) => {
            let mut payments = standing.payments.iter_mut().rev().filter(|payment| {
                !payment.reversed && body.payment.is_none_or(|wanted| wanted == payment.event)
            });
            if let Some(payment) = payments.next() {
                payment.reversed = true;
            }
        }
        _ => {}
    }
    let (paid, _, _) = standing.money();
    if standing.status == Some(Status::Payment) && paid >= standing.requested {
        standing.status = Some(Status::Processing);
        standing.go_on(PauseKind::Other, event.at_ms);
    }
}

fn result(standing: &mut Standing, item: &Item, event: &Event) {
    match &event.body {
        Body::ResultReady(body) => {
            close(standing, Status::Done, event.at_ms);
            standing.result = Some(Outcome {
                number: body.number.clone(),
                date: body.date,
                at_ms: event.at_ms,
                unit: item.author.unit,
                towards: None,
                delivery: Delivery::Ready,
            });
        }
        Body::ResultRecalled(_) => {
            standing.status = Some(Status::Processing);
            standing.closed_ms = None;
            standing.result = None;
            standing.decision = None;
        }
        Body::ResultSent(body) => sent(standing, body),
        Body::ResultArrived(_) => {
            if let Some(result) = &mut standing.result {
                result.unit = item.author.unit;
                result.towards = None;
                result.delivery = Delivery::Arrived;
            }
        }
        Body::Returned(_) => {
            standing.status = Some(Status::Returned);
            if let Some(result) = &mut standing.result {
                result.delivery = Delivery::Returned;
            }
        }
        _ => {}
    }
}

fn sent(standing: &mut Standing, body: &ResultSent) {
    if let Some(result) = &mut standing.result {
        result.towards = body.to_unit;
        result.delivery = Delivery::Sent;
    }
}

fn facts(standing: &mut Standing, item: &Item, event: &Event) {
    match &event.body {
        Body::Attached(body) => standing.scans.push(Scan {
            event: item.hash,
            blob: body.blob,
            name: body.name.clone(),
            size: body.size,
        }),
        Body::Detached(body) => standing.scans.retain(|scan| scan.event != body.attachment),
        Body::FieldCorrected(body) => {
            let application = standing.application.as_ref();
            let changed = application.and_then(|application| {
                crate::fields::corrected(application, &body.field, body.value.as_deref())
            });
            standing.application = changed.or_else(|| standing.application.take());
            standing.conflicts.retain(|conflict| conflict.field.as_ref() != Some(&body.field));
        }
        Body::CodeReissued(body) => {
            let former = standing.code.replace(body.code.clone());
            standing.former_codes.extend(former);
        }
        Body::Opened(_) => {
            standing.opened.insert(item.author.unit, event.at_ms);
        }
        _ => {}
    }
}
