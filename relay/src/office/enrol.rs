//! How a node joins: invitation, request, approval.

use hoso_engine::{
    clock,
    command::{Answer, Problem},
    secret,
};
use hoso_identity::{EntryId, PublicKey};
use hoso_registry::{
    State, Statement,
    enrolment::{Invitation, InvitationCode, JoinRequest, SignedJoin, same_words},
    statement::{End, Part, RealmKind},
};
use hoso_store::enrolment::{self, JoinState};
use serde_json::json;

use super::{Office, storage};
use crate::{founding::AUTO, ledger::Beside, request::Signer as Named, sign::Signer};

/// Digits of the shortest beginning by which a node or a request may be meant.
pub const BEGINNING_DIGITS_MIN: usize = 4;
/// Stations that an approval gives: one for this incarnation, one for the next.
const STATIONS: usize = 2;

/// What an invitation shall be.
pub(super) struct Wanted {
    /// The unit's code.
    pub(super) unit: String,
    /// Seconds that it lives.
    pub(super) ttl_s: u64,
    /// Whether a request needs no person.
    pub(super) auto_approve: bool,
    /// The address that it carries, if not that of the last run.
    pub(super) advertise: Option<String>,
    /// Who invites.
    pub(super) by: String,
}

impl Office {
    /// Makes an invitation.
    pub(super) async fn invite(&self, wanted: Wanted) -> Answer {
        let Wanted { unit, ttl_s, auto_approve, advertise, by } = wanted;
        let state = self.state();
        if auto_approve && state.realm_kind() == Some(RealmKind::Official) {
            let text = "in an official realm a person approves each node: leave --auto-approve out";
            return Err(Problem::new("official", text));
        }
        let found = state.unit_by_code(&unit).map(|unit| unit.id);
        let (Some(unit_id), Some(founding)) = (found, state.founding()) else {
            let text = format!("there is no unit {unit}: `nodes` and the page list the codes");
            return Err(Problem::new("unit", text));
        };
        let addresses = match advertise {
            Some(address) => vec![address],
            None => self.ledger.addresses().await.map_err(|error| storage(&error))?,
        };
        if addresses.is_empty() {
            let text = "invitations carry the relay's address, and it has not run yet: give it \
                        with --advertise HOST:PORT, or start `hoso-relay run` first";
            return Err(Problem::new("address", text));
        }
        let bytes = secret::chance().map_err(|error| Problem::new("chance", error.to_string()))?;
        let code = InvitationCode::from_bytes(bytes);
        let invitation =
            Invitation { code, unit: unit_id, founding, relay: self.transport, addresses };
        let created_ms = clock::now_ms();
        let expires_ms = created_ms.saturating_add(ttl_s.saturating_mul(1000));
        let row = enrolment::Invitation {
            key: code.signing_key().public(),
            unit: unit_id,
            made_by: by,
            created_ms,
            expires_ms,
            auto_approve,
            used_by: None,
        };
        let kept = self.ledger.invite(row, unit.clone()).await;
        kept.map_err(|error| storage(&error))?;
        Ok(json!({ "code": invitation.to_text(), "unit": unit, "expires_ms": expires_ms }))
    }

    /// Keeps a request that came over a connection; approves it at once when the invitation says
    /// so. `false`: it is refused.
    pub(super) async fn enrol(
        &self,
        key: PublicKey,
        exporter: [u8; 32],
        bytes: &[u8],
    ) -> Result<bool, Problem> {
        let Ok(signed) = SignedJoin::decode(bytes) else { return Ok(false) };
        let Ok(request) = signed.verify() else { return Ok(false) };
        let own = request.transport == key
            && request.exporter == exporter
            && request.relay == self.transport
            && self.state().realm() == Some(request.realm);
        if !own {
            return Ok(false);
        }
        let row = enrolment::JoinRequest {
            transport: key,
            invitation: signed.invitation,
            unit: request.unit,
            request: signed.request.clone(),
            words: signed.words().join(" "),
            at_ms: clock::now_ms(),
            state: JoinState::Pending,
            node: None,
        };
        let kept = self.ledger.ask(row).await.map_err(|error| storage(&error))?;
        let Some(invitation) = kept else { return Ok(false) };
        if invitation.auto_approve && self.state().node_by_transport(&key).is_none() {
            self.approve_automatically(&request).await?;
        }
        Ok(true)
    }

    /// Approves in the name of the registrar `auto`.
    async fn approve_automatically(&self, request: &JoinRequest) -> Result<(), Problem> {
        let state = self.state();
        let auto = self.auto.as_ref().map(|auto| auto.0.clone());
        let signer = auto.and_then(|key| {
            let public = key.public();
            let mut grants = state.provincial_grants();
            let grant = grants.find(|grant| grant.key == public && grant.ended.is_none())?;
            Some(Signer { realm: state.realm()?, grant: grant.statement, key: key.clone() })
        });
        let signer =
            signer.ok_or_else(|| Problem::new("auto", "this realm has no registrar `auto`"))?;
        self.approve_request(&signer, AUTO, request).await.map(|_| ())
    }

    /// Approves a request after the words were compared.
    pub(super) async fn approve(&self, node: &str, words: &str, named: &Named) -> Answer {
        let requests = self.ledger.requests().await;
        let requests = requests.map_err(|error| storage(&error))?;
        let pending = requests.into_iter().filter(|request| request.state == JoinState::Pending);
        let Some(found) = only(pending, node, |request| request.transport.to_string()) else {
            let text = "no request, or more than one, begins so: see `hoso-relay nodes`";
            return Err(Problem::new("request", text));
        };
        let shown = hoso_registry::enrolment::words(&found.request);
        if !same_words(words, &shown) {
            let text = "the words differ from those of the request: do not approve; ask the office \
                        to read them again";
            return Err(Problem::new("words", text));
        }
        let request = JoinRequest::decode(&found.request)
            .map_err(|error| Problem::new("request", error.to_string()))?;
        let signer = self.signer(named).await?;
        let id = self.approve_request(&signer, &named.name, &request).await?;
        Ok(json!({ "node": id.node().to_string() }))
    }

    pub(super) async fn approve_request(
        &self,
        signer: &Signer,
        who: &str,
        request: &JoinRequest,
    ) -> Result<EntryId, Problem> {
        let beside = Beside::Approved(request.transport, who.to_owned());
        let request = request.clone();
        // Two approvals in one unit must not be given the same stations.
        let approval = move |state: &State| {
            let stations = state.free_stations(request.unit).take(STATIONS).collect();
            Statement::Approval(request.approval(None, stations))
        };
        self.publish(signer.clone(), approval, beside).await
    }

    /// Ends a node.
    pub(super) async fn revoke(&self, node: &str, named: &Named) -> Answer {
        let state = self.state();
        let Some(found) = only(state.nodes(), node, |known| known.id.to_string()) else {
            let text = "no node, or more than one, begins so: see `hoso-relay nodes`";
            return Err(Problem::new("node", text));
        };
        let signer = self.signer(named).await?;
        let end = Statement::End(End { grant: found.approval, what: Part::Node });
        let beside = Beside::Revoked(found.id, found.transport, named.name.clone());
        self.publish(signer, move |_| end, beside).await?;
        Ok(json!({ "node": found.id.to_string() }))
    }
}

/// The only one whose name begins so; a beginning that is short means nobody.
fn only<T>(
    all: impl IntoIterator<Item = T>,
    beginning: &str,
    name: impl Fn(&T) -> String,
) -> Option<T> {
    let long = beginning.len() >= BEGINNING_DIGITS_MIN;
    let mut matching = all.into_iter().filter(|one| long && name(one).starts_with(beginning));
    let found = matching.next()?;
    matching.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_means_one_only_and_nothing_or_little_means_nobody() {
        let names = ["aabbcc", "aabbdd", "ffeedd"];
        let meant = |beginning| only(names, beginning, |name| (*name).to_owned());
        assert_eq!(meant("ffee"), Some("ffeedd"));
        assert_eq!(meant("aabb"), None);
        assert_eq!(meant("ff"), None);
        assert_eq!(only(["aabbcc"], "", |name| (*name).to_owned()), None);
    }
}
