//! What a statement can say, and its one byte form: deterministic CBOR with integer keys.
//!
//! A payload that is not exactly what [`Statement::encode`] writes is no statement. A field more is
//! therefore a change of the form: the relay is upgraded before anyone writes it.

mod authority;
mod bounds;
mod places;
mod rules;

use hoso_identity::{Kind, PAYLOAD_BYTES_MAX};
use minicbor::{Decode, Encode};
use thiserror::Error;

pub use self::{
    authority::{
        AgeKey, Approval, End, Erasure, FirstAdministrator, Grant, Part, Province, RealmKind,
        Relay, Release, Roots,
    },
    bounds::{LIST_ITEMS_MAX, NOTICE_CHARS_MAX, TEXT_CHARS_MAX},
    places::{
        Account, Agency, CLOSING_MINUTE_DEFAULT, FormerUnit, Notice, Succeeds, Unit, UnitKind,
    },
    rules::{
        CUTOFF_MINUTE_DEFAULT, CalendarStatus, CalendarYear, Certainty, Competent, Procedure,
        Supplement, Term,
    },
};
use crate::kinds::StatementKind;

/// One statement of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// Founds the realm.
    Province(Province),
    /// Replaces the roots.
    Roots(Roots),
    /// Names the relay.
    Relay(Relay),
    /// Names a unit.
    Unit(Unit),
    /// Names an agency.
    Agency(Agency),
    /// Enrols a node.
    Approval(Approval),
    /// Gives roles.
    Grant(Grant),
    /// Ends a part of an approval or a grant.
    End(End),
    /// Gives a version of a procedure.
    Procedure(Procedure),
    /// Gives a version of a calendar.
    Calendar(CalendarYear),
    /// Tells desks something.
    Notice(Notice),
    /// Asks for an erasure.
    Erasure(Erasure),
    /// Admits an examined entry.
    Release(Release),
    /// Names a successor.
    Succeeds(Succeeds),
}

/// Why bytes are not a statement, or a statement cannot be made.
#[derive(Debug, Error)]
pub enum StatementError {
    /// A kind that this program does not know: kept and passed on, without effect here.
    #[error("statements of kind {} are not known here", .0.0)]
    Unknown(Kind),
    /// Not the CBOR that a statement of this kind is.
    #[error("the statement is not the expected CBOR")]
    Cbor(#[from] minicbor::decode::Error),
    /// Another spelling of the same values, or fields that this program does not know.
    #[error("the statement is not in its one canonical form")]
    NotCanonical,
    /// A value out of its bounds.
    #[error("the statement's {field} {problem}")]
    Bounds {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Statement {
    /// The kind that stands in the header.
    #[must_use]
    pub fn kind(&self) -> StatementKind {
        match self {
            Self::Province(_) => StatementKind::Province,
            Self::Roots(_) => StatementKind::Roots,
            Self::Relay(_) => StatementKind::Relay,
            Self::Unit(_) => StatementKind::Unit,
            Self::Agency(_) => StatementKind::Agency,
            Self::Approval(_) => StatementKind::Approval,
            Self::Grant(_) => StatementKind::Grant,
            Self::End(_) => StatementKind::End,
            Self::Procedure(_) => StatementKind::Procedure,
            Self::Calendar(_) => StatementKind::Calendar,
            Self::Notice(_) => StatementKind::Notice,
            Self::Erasure(_) => StatementKind::Erasure,
            Self::Release(_) => StatementKind::Release,
            Self::Succeeds(_) => StatementKind::Succeeds,
        }
    }

    /// The payload of the statement's entry. Call [`Statement::check`] before signing.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Province(data) => bytes_of(data),
            Self::Roots(data) => bytes_of(data),
            Self::Relay(data) => bytes_of(data),
            Self::Unit(data) => bytes_of(data),
            Self::Agency(data) => bytes_of(data),
            Self::Approval(data) => bytes_of(data),
            Self::Grant(data) => bytes_of(data),
            Self::End(data) => bytes_of(data),
            Self::Procedure(data) => bytes_of(data),
            Self::Calendar(data) => bytes_of(data),
            Self::Notice(data) => bytes_of(data),
            Self::Erasure(data) => bytes_of(data),
            Self::Release(data) => bytes_of(data),
            Self::Succeeds(data) => bytes_of(data),
        }
    }

    /// Reads the payload of an entry of this kind.
    ///
    /// # Errors
    ///
    /// [`StatementError`] for anything that [`Statement::encode`] would not have written of a
    /// statement that passes [`Statement::check`].
    pub fn decode(kind: Kind, payload: &[u8]) -> Result<Self, StatementError> {
        let known = StatementKind::from_kind(kind).ok_or(StatementError::Unknown(kind))?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(StatementError::NotCanonical);
        }
        let statement = match known {
            StatementKind::Province => Self::Province(read(payload)?),
            StatementKind::Roots => Self::Roots(read(payload)?),
            StatementKind::Relay => Self::Relay(read(payload)?),
            StatementKind::Unit => Self::Unit(read(payload)?),
            StatementKind::Agency => Self::Agency(read(payload)?),
            StatementKind::Approval => Self::Approval(read(payload)?),
            StatementKind::Grant => Self::Grant(read(payload)?),
            StatementKind::End => Self::End(read(payload)?),
            StatementKind::Procedure => Self::Procedure(read(payload)?),
            StatementKind::Calendar => Self::Calendar(read(payload)?),
            StatementKind::Notice => Self::Notice(read(payload)?),
            StatementKind::Erasure => Self::Erasure(read(payload)?),
            StatementKind::Release => Self::Release(read(payload)?),
            StatementKind::Succeeds => Self::Succeeds(read(payload)?),
        };
        if statement.encode() != payload {
            return Err(StatementError::NotCanonical);
        }
        statement.check()?;
        Ok(statement)
    }
}

/// The canonical bytes of a statement's data.
fn bytes_of<T: Encode<()>>(data: &T) -> Vec<u8> {
    // Writing to a vector cannot fail, and the types here return no errors of their own. Were
    // that to change, the empty bytes would be refused by `decode` on every machine.
    minicbor::to_vec(data).unwrap_or_default()
}

/// The data in a payload, before the canonical form and the bounds are looked at.
fn read<'b, T: Decode<'b, ()>>(payload: &'b [u8]) -> Result<T, StatementError> {
    Ok(minicbor::decode(payload)?)
}
