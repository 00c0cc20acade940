//! All clients of a peer come back at once.

use std::{fs, path::Path, thread};

use crate::{
    line::{Line, Manner},
    making::{NEW, OFFICES},
    peers::{CASE_DEADLINE, Clock, GivenUp, Peer, Run, Running, measured},
    scenarios::{Case, Outcome, Row, holds},
};

/// Lets so many clients come back at once; it is over when the server has what all of them have.
pub(crate) fn of(peer: Peer, corpus: &Path, directory: &Path) -> Row {
    let directory = directory.join(format!("{}-storm", peer.name()));
    let outcome = all_at_once(peer, corpus, &directory)
        .map_or_else(|GivenUp(reason)| Outcome::GivenUp(reason), |run| Outcome::Done(vec![run]));
    drop(fs::remove_dir_all(&directory));
    Row { case: Case::Storm, who: peer.name(), dossiers: OFFICES * NEW, outcome }
}

fn all_at_once(peer: Peer, corpus: &Path, directory: &Path) -> Result<Run, GivenUp> {
    // Only these sets: whoever looks for all dossiers finds no others.
    let sets = directory.join("sets");
    fs::create_dir_all(&sets).expect("a directory");
    let names: Vec<String> = (1..=OFFICES).map(|office| format!("new-{office}")).collect();
    let clock = Clock::of(CASE_DEADLINE * 2);
    let mut clients = Vec::new();
    for name in &names {
        let file = format!("{name}.tsv");
        fs::copy(corpus.join(&file), sets.join(file)).expect("a set is copied");
        let mut client = Running::start(peer, &sets, &directory.join(name), &clock)?;
        client.tell(&format!("take {name}"))?;
        client.tell(&format!("expect {name}"))?;
        clients.push(client);
    }
    let mut server = Running::start(peer, &sets, &directory.join("server"), &clock)?;
    let line = Line::to(server.listen()?, Manner::default());
    let all = names.join(" ");
    server.tell(&format!("expect {all}"))?;
    let pids = (clients[0].pid(), server.pid());
    let say = format!("sync {}", line.port);
    clock.begin()?;
    let run = measured(
        pids,
        || line.carried(),
        || {
            let went: Vec<_> = thread::scope(|scope| {
                let told = clients.iter_mut().map(|client| scope.spawn(|| client.tell(&say)));
                let told: Vec<_> = told.collect();
                told.into_iter().map(|one| one.join().expect("a client was told")).collect()
            });
            went.into_iter().collect::<Result<Vec<_>, _>>()?;
            server.tell("complete").map(|_| ())
        },
    )?;
    holds(&mut server, &all)?;
    Ok(run)
}
