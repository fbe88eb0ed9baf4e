//! A client's log hears of all that the client does. A test program of its own: tracing remembers for the whole process, from
//! when a line is first reached, whether anybody wants to hear it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod setting;

use std::sync::{Arc, Mutex};

use xkslink_embed::logs::{Listener, Record};
use xkslink_embed::{Accounts, Callbacks, Client};

use crate::setting::{SECRET, callbacks, outcome, planned, world};

#[test]
fn a_client_has_a_log_of_its_own_and_others_do_not_silence_it() {
    let told: Arc<Mutex<Vec<Record>>> = Arc::default();
    let telling = Arc::clone(&told);
    let log: Listener = Arc::new(move |record| telling.lock().unwrap().push(record));
    let world = world();
    let client_of =
        |log| Client::new(Accounts::default(), Callbacks { log, ..callbacks() }, Some(world.clone())).unwrap();
    let logging = client_of(Some(log));
    planned(&client_of(None));
    assert!(told.lock().unwrap().is_empty(), "another client has none");
    outcome(&logging.apply(planned(&logging), vec![]).unwrap()).unwrap();
    let told = told.lock().unwrap();
    let heard = |level, words| told.iter().any(|record| record.level == level && record.message.contains(words));
    // The other client has reached the first of these lines as well, the second nobody else.
    assert!(heard("debug", "answered action=\"ec2:CreateVpc\""), "{told:?}");
    assert!(heard("info", "VPC: created in"), "{told:?}");
    assert!(!format!("{told:?}").contains(SECRET));
}
