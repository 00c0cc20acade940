//! The programs end in time when they are told to, whatever hangs.

use std::{
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use hoso_tests::{
    e2e::{
        desk::{Desk, procedures, reception},
        node::NODE,
        program::{self, Ended},
        province::{CO_TO, Province},
        proxy::Weather,
        relay::RELAY,
        wait,
    },
    powercut::recorder::Recorder,
};

/// How long a clean shutdown may take.
const SHUTDOWN_MAX: Duration = Duration::from_secs(5);
const DEADLINE: Duration = Duration::from_secs(60);

/// A backup in the background to a stick that hangs, begun as far as it comes.
fn back_up(name: &'static str, data: &Path) -> thread::JoinHandle<Ended> {
    let (directory, file) = (data.to_owned(), data.join("stick"));
    let part = file.with_extension("part");
    let giving = thread::spawn(move || {
        program::run(name, [Path::new("backup"), &file, Path::new("--data"), &directory], "")
    });
    wait::until("the backup has begun", DEADLINE, || {
        part.metadata().is_ok_and(|part| part.len() > 0).then_some(())
    });
    giving
}

#[test]
fn a_backup_to_a_stick_that_hangs_does_not_hold_up_the_end_of_the_programs() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let node = &mut province.nodes[0];
    node.stop();
    province.relay.stop();
    let recorders = [Recorder::of(&node.data), Recorder::of(&province.relay.data)];
    recorders.iter().for_each(|recorder| recorder.fault("hang", true));
    let [of_node, of_relay] = recorders;
    node.recorder = Some(of_node);
    province.relay.recorder = Some(of_relay);
    node.start();
    province.relay.start();
    let backups = [(NODE, &node.data), (RELAY, &province.relay.data)];
    let giving = backups.map(|(name, data)| back_up(name, data));
    let files = backups.map(|(_, data)| data.join("stick"));
    let took = [node.stop(), province.relay.stop()];
    assert!(took.iter().all(|took| *took < SHUTDOWN_MAX), "{took:?}");
    for giving in giving {
        let ended = giving.join().expect("a command ends");
        assert_eq!(ended.code(), Some(1), "{ended:?}");
        assert_eq!(ended.err.trim().lines().count(), 1, "{ended:?}");
    }
    assert!(files.iter().all(|file| !file.exists()), "half a backup looks like a whole one");
}

#[test]
fn a_line_that_went_dead_does_not_hold_up_the_end_of_the_programs() {
    let mut province = Province::with(&[("co-to", CO_TO)]);
    let mut desk = Desk::of(&province.nodes[0]);
    province.nodes[0].await_link(&desk.session, "up", DEADLINE);
    province.relay.line.set(province.nodes[0].pid(), Weather::CUT);
    let all = procedures();
    let own = all.iter().find(|procedure| procedure.competent == "unit").expect("a procedure");
    for number in 0..20 {
        desk.receive(&reception(number, own, CO_TO), &format!("cut-{number}"));
    }
    let took = [province.nodes[0].stop(), province.relay.stop()];
    assert!(took.iter().all(|took| *took < SHUTDOWN_MAX), "{took:?}");
}

#[test]
fn a_listing_of_which_enough_was_read_ends_quietly() {
    let province = Province::with(&[("co-to", CO_TO)]);
    for (name, list, data) in
        [(RELAY, "nodes", &province.relay.data), (NODE, "status", &province.nodes[0].data)]
    {
        let mut command = Command::new(program::path_of(name));
        command.args([Path::new(list), Path::new("--data"), data]);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a program");
        // The reader goes before anything is written.
        drop(child.stdout.take());
        let ended = child.wait_with_output().expect("an end");
        assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");
    }
}
