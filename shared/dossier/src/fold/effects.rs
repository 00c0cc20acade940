//! What an event that holds does to the standing.

use std::sync::Arc;

use super::{Catalogue, Item};
use crate::{
    axes::{Delivery, Status},
    code::Code,
    deadline::{Extension, PauseKind},
    event::{
        Application, Attached, Body, CalendarAccepted, Event, Fee, FieldCorrected, HandedOver,
        Method, Office, Paid, PaymentConfirmed, PaymentRequested, PaymentReversed, Received,
        ResultReady, TakenOver, still_missing,
    },
    fields,
    standing::{Decision, FeeLine, Line, Outcome, Payment, Register, Scan, Standing},
};

/// What may be written once at a time, if the event writes such a thing.
pub(super) fn register(body: &Body) -> Option<Register> {
    if let Body::FieldCorrected(body) = body {
        return fields::named(&body.field).map(Register::Field);
    }
    let hand_over = matches!(body, Body::HandedOver(_)).then_some(Register::HandOver);
    hand_over.or_else(|| matches!(body, Body::CodeReissued(_)).then_some(Register::Code))
}

/// Lets the event have its effect on everything that a rule may ask for.
pub(super) fn apply(standing: &mut Standing, item: &Item, event: &Event, terms: &Catalogue<'_>) {
    if let Some(key) = register(&event.body) {
        standing.registers.insert(key, item.hash);
    }
    standing.audience.extend(event.units_added());
    let at_ms = event.at_ms;
    match &event.body {
        Body::Submitted(body) => {
            begin(standing, item, &body.application);
            standing.status = Some(Status::New);
        }
        Body::Received(body) => received(standing, item, event, body, terms),
        Body::CalendarAccepted(body) => calendar_accepted(standing, item, body, terms),
        Body::NotAccepted(_) => close(standing, Status::NotAccepted, at_ms),
        Body::Withdrawn(_) => close(standing, Status::Withdrawn, at_ms),
        Body::HandedOver(body) => handed_over(standing, item, body, at_ms),
        Body::TakenOver(body) => taken_over(standing, item, body, at_ms),
        Body::Assigned(body) => standing.assigned = Some(body.person),
        Body::SupplementRequested(_) => supplement_requested(standing, at_ms),
        // What came in part changes the papers alone.
        Body::Supplemented(body) if body.partial => {}
        Body::Supplemented(_) => supplemented(standing, at_ms),
        Body::Extended(body) => {
            standing.former_dues.extend(standing.due_ms());
            standing.extensions.push(Extension { given_ms: at_ms, due_ms: body.due_at });
        }
        Body::Approved(_) | Body::Refused(_) => {
            let approved = matches!(event.body, Body::Approved(_));
            standing.decision = Some(Decision { event: item.hash, approved });
        }
        Body::Stopped(_) => stopped(standing, at_ms),
        Body::Resumed(_) => {
            standing.go_on(PauseKind::Other, at_ms);
            standing.status = Some(Status::Processing);
        }
        Body::FeeAdded(body) => {
            let fee = Fee { name: body.name.clone(), amount: body.amount };
            standing.fees.push(Arc::new(FeeLine { id: item.hash.to_string(), fee }));
        }
        Body::FeeRemoved(body) => standing.fees.retain(|line| line.id != body.fee),
        Body::PaymentRequested(body) => payment_requested(standing, body, at_ms),
        Body::Paid(body) => paid(standing, item, body),
        Body::PaymentConfirmed(body) => payment_confirmed(standing, body),
        Body::PaymentReversed(body) => payment_reversed(standing, body),
        Body::ResultReady(body) => result_ready(standing, item, body, at_ms),
        Body::ResultRecalled(_) => result_recalled(standing),
        Body::ResultSent(body) => on_its_way(standing, |result| {
            result.towards = body.to_unit;
            result.delivery = Delivery::Sent;
        }),
        Body::ResultArrived(_) => on_its_way(standing, |result| {
            result.unit = item.author.unit;
            result.towards = None;
            result.delivery = Delivery::Arrived;
        }),
        Body::Returned(_) => {
            standing.status = Some(Status::Returned);
            on_its_way(standing, |result| result.delivery = Delivery::Returned);
        }
        Body::Attached(body) => attached(standing, item, body, at_ms),
        Body::Detached(body) => standing.scans.retain(|scan| scan.event != body.attachment),
        Body::FieldCorrected(body) => field_corrected(standing, body),
        Body::CodeReissued(body) => standing.code = Some(body.code.clone()),
        Body::Opened(_) => {
            standing.opened.insert(item.author.unit, at_ms);
        }
        Body::UnitAdded(_) | Body::Printed(_) | Body::Noted(_) | Body::ConflictResolved(_) => {}
    }
    settle(standing, at_ms);
}

/// Adds what no rule asks for and people want to see, once it is known which events have effect.
pub(super) fn show(standing: &mut Standing, code: &mut Option<Code>, event: &Event) {
    let (mut begun, mut coded) = (None, None);
    if let Body::Submitted(body) = &event.body {
        begun = Some(&body.application);
    } else if let Body::Received(body) = &event.body {
        (begun, coded) = (body.application.as_ref(), Some(&body.code));
    } else if let Body::SupplementRequested(body) = &event.body {
        let asked = &body.papers.0;
        standing.missing.retain(|paper| asked.iter().all(|again| again.name != paper.name));
        standing.missing.extend(asked.iter().cloned());
    } else if let Body::Supplemented(body) = &event.body {
        standing.papers.extend(body.papers.0.iter().cloned());
        standing.missing = still_missing(&standing.missing, &body.papers.0);
    } else if let Body::CodeReissued(body) = &event.body {
        standing.former_codes.extend(code.take());
        coded = Some(&body.code);
    }
    if let Some(application) = begun {
        standing.papers.clone_from(&application.papers);
    }
    *code = coded.cloned().or(code.take());
}

fn begin(standing: &mut Standing, item: &Item, application: &Application) {
    standing.application = Some(Arc::new(application.clone()));
    standing.holder = Some(Office::Unit(application.receiving_unit));
    let lines = application.fees.iter().enumerate().map(|(number, fee)| {
        Arc::new(FeeLine { id: format!("{}.{number}", item.hash), fee: fee.clone() })
    });
    standing.fees = lines.collect();
}

fn received(
    standing: &mut Standing,
    item: &Item,
    event: &Event,
    body: &Received,
    terms: &Catalogue<'_>,
) {
    if let Some(application) = &body.application {
        begin(standing, item, application);
    }
    standing.status = Some(Status::Accepted);
    standing.code = Some(body.code.clone());
    standing.received_ms = Some(body.received_at.unwrap_or(event.at_ms));
    standing.terms = terms(item, &body.frozen).map(Arc::new);
    standing.frozen = Some(body.frozen.clone());
}

fn calendar_accepted(
    standing: &mut Standing,
    item: &Item,
    body: &CalendarAccepted,
    terms: &Catalogue<'_>,
) {
    standing.former_dues.extend(standing.due_ms());
    if let Some(frozen) = &mut standing.frozen {
        frozen.calendars.clone_from(&body.calendars);
        standing.terms = terms(item, frozen).map(Arc::new);
    }
}

fn handed_over(standing: &mut Standing, item: &Item, body: &HandedOver, at_ms: i64) {
    standing.status = Some(Status::Processing);
    standing.assigned = body.to_person;
    standing.sheet.push(Line {
        event: item.hash,
        from: item.author.unit,
        giver: item.author.person,
        to: body.to_unit,
        at_ms,
        taken_at_ms: None,
        taker: None,
        paper_reference: None,
    });
}

fn taken_over(standing: &mut Standing, item: &Item, body: &TakenOver, at_ms: i64) {
    if let Some(line) = standing.sheet.last_mut() {
        line.taken_at_ms = Some(at_ms);
        line.taker = item.author.person;
        line.paper_reference.clone_from(&body.paper_reference);
        standing.holder = Some(line.to);
    }
}

fn supplement_requested(standing: &mut Standing, at_ms: i64) {
    standing.asked_from = standing.status;
    if standing.status == Some(Status::Processing) {
        standing.supplements = standing.supplements.saturating_add(1);
        standing.pause(PauseKind::Supplement, at_ms);
    }
    standing.status = Some(Status::Supplement);
}

fn supplemented(standing: &mut Standing, at_ms: i64) {
    standing.go_on(PauseKind::Supplement, at_ms);
    standing.status = standing.asked_from.take().or(Some(Status::Processing));
}

fn stopped(standing: &mut Standing, at_ms: i64) {
    let open = standing.pauses.iter_mut().filter(|pause| pause.until_ms.is_none());
    let open: Vec<_> = open.collect();
    if open.is_empty() {
        standing.pause(PauseKind::Other, at_ms);
    } else {
        // What was asked for is no longer awaited: the clock stands still for the stop.
        open.into_iter().for_each(|pause| pause.kind = PauseKind::Other);
    }
    standing.stopped_from = standing.status;
    standing.status = Some(Status::Stopped);
}

fn close(standing: &mut Standing, status: Status, at_ms: i64) {
    standing.status = Some(status);
    standing.closed_ms = Some(at_ms);
    // Nothing is awaited any more: a due time that could not be said can be said again.
    let open = standing.pauses.iter_mut().filter(|pause| pause.until_ms.is_none());
    open.for_each(|pause| pause.until_ms = Some(at_ms.max(pause.from_ms)));
}

fn payment_requested(standing: &mut Standing, body: &PaymentRequested, at_ms: i64) {
    let (paid, awaited, _) = standing.money();
    standing.requested = paid.saturating_add(awaited).saturating_add(body.amount);
    if body.pauses {
        standing.status = Some(Status::Payment);
        standing.pause(PauseKind::Other, at_ms);
    }
}

fn paid(standing: &mut Standing, item: &Item, body: &Paid) {
    standing.payments.push(Payment {
        event: item.hash,
        amount: body.amount,
        method: body.method,
        confirmed: body.method != Method::Transfer,
        reversed: false,
    });
}

fn payment_confirmed(standing: &mut Standing, body: &PaymentConfirmed) {
    let payments = standing.payments.iter_mut();
    let meant = payments.filter(|payment| payment.is_meant(body.payment));
    meant.for_each(|payment| payment.confirmed = true);
}

fn payment_reversed(standing: &mut Standing, body: &PaymentReversed) {
    let mut payments = standing.payments.iter_mut().rev();
    if let Some(payment) = payments.find(|payment| payment.is_meant(body.payment)) {
        payment.reversed = true;
    }
}

/// Lets the clock run again where it stood still for money that is there now.
fn settle(standing: &mut Standing, at_ms: i64) {
    if standing.status == Some(Status::Payment) && standing.money().0 >= standing.requested {
        standing.status = Some(Status::Processing);
        standing.go_on(PauseKind::Other, at_ms);
    }
}

fn result_ready(standing: &mut Standing, item: &Item, body: &ResultReady, at_ms: i64) {
    close(standing, Status::Done, at_ms);
    standing.result = Some(Outcome {
        number: body.number.clone(),
        date: body.date,
        at_ms,
        unit: item.author.unit,
        towards: None,
        delivery: Delivery::Ready,
    });
}

fn result_recalled(standing: &mut Standing) {
    standing.status = Some(Status::Processing);
    standing.closed_ms = None;
    standing.result = None;
    standing.decision = None;
}

fn on_its_way(standing: &mut Standing, change: impl FnOnce(&mut Outcome)) {
    if let Some(result) = &mut standing.result {
        change(result);
    }
}

fn attached(standing: &mut Standing, item: &Item, body: &Attached, at_ms: i64) {
    standing.scans.push(Arc::new(Scan {
        event: item.hash,
        blob: body.blob,
        name: body.name.clone(),
        media_type: body.media_type.clone(),
        size: body.size,
        paper: body.paper.clone(),
        unit: item.author.unit,
        at_ms,
    }));
}

fn field_corrected(standing: &mut Standing, body: &FieldCorrected) {
    let application = standing.application.as_deref();
    let changed = application
        .and_then(|application| fields::corrected(application, &body.field, body.value.as_deref()));
    standing.application = changed.map(Arc::new).or_else(|| standing.application.take());
}
