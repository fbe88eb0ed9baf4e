//! Real processes: this test program once more, running one test of its own.
//!
//! Most apply or tear down, against the simulated AWS over HTTP.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use xkslink::Client;
use xkslink::spec::Connectivity;
use xkslink_simulator::{Builder, Simulator};

use super::matrix::{Harm, Point};
use super::stage::{GOALS, Goal, Sort, Stage, run, timings};

/// What the child is to do, as JSON: goal and spec.
const WORK: &str = "XKSLINK_SURVIVE_WORK";

/// The test that the child runs.
const CHILD: &str = "a_process_of_its_own";

/// Simulated seconds per second: the library in the child waits in real time.
const SPEED: f64 = 20.0;

/// A world behind a port of its own.
struct Served {
    stage: Stage,
    port: u16,
    server: tokio::task::JoinHandle<std::io::Result<()>>,
}

impl Served {
    async fn new(sort: Sort, world: Builder) -> Self {
        let stage = Stage::new(sort, world.timings(timings()).speed(SPEED).build()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let simulator = stage.simulator.clone();
        let server = tokio::spawn(async move { simulator.serve(listener).await });
        Self { stage, port, server }
    }
}

/// This program, to run one of its ignored tests and nothing else.
pub fn alone(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--ignored", "--nocapture"]);
    command
}

fn child(stage: &Stage, port: u16, goal: Goal) -> Child {
    let work = json!({"goal": goal, "spec": stage.document(goal)});
    alone(CHILD)
        .env(WORK, work.to_string())
        .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
        .env("AWS_ACCESS_KEY_ID", "AKIA111122223333")
        .env("AWS_SECRET_ACCESS_KEY", "simulated")
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the child does: one apply, or one teardown.
pub async fn work() {
    let Ok(work) = std::env::var(WORK) else { return };
    let work: serde_json::Value = serde_json::from_str(&work).unwrap();
    let goal: Goal = serde_json::from_value(work["goal"].clone()).unwrap();
    let spec = Connectivity::from_value(work["spec"].clone()).unwrap();
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    run(&Client::new(&config), &spec, goal, |_| {}).await.unwrap();
}

/// What became of a child that was to be killed.
pub struct Killed {
    /// Whether it was killed at that very call; one that gets by without the call ends by itself.
    pub amid: bool,
    pub wrong: Option<String>,
}

/// Kills a child by SIGKILL at one call of its run, and runs again.
pub async fn killed(sort: Sort, goal: Goal, point: &Point, harm: Harm) -> Killed {
    let Served { stage, port, server } = Served::new(sort, Simulator::builder()).await;
    for before in GOALS.into_iter().take_while(|before| *before != goal) {
        stage.run(before).await.unwrap();
    }
    let quiet = stage.fork();
    quiet.run(goal).await.unwrap();
    stage.simulator.fault(harm.fault(&point.operation, point.nth));
    let mut child = child(&stage, port, goal);
    let mut amid = false;
    while !amid && child.try_wait().unwrap().is_none() {
        amid = tokio::time::timeout(Duration::from_millis(50), stage.simulator.hung()).await.is_ok();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    stage.simulator.meddle(&json!({"fault": "none"})).unwrap();
    // Whoever starts the next run takes as long; what was written last shows by then.
    stage.simulator.clock().wait(Duration::from_secs(3)).await;
    let error = stage.run(goal).await.err();
    let left = stage.wrong(goal, &quiet.census()).await;
    server.abort();
    let wrong = left.map(|left| format!("{goal:?}, {harm} at {} #{}: {error:?}; {left}", point.operation, point.nth));
    Killed { amid, wrong }
}

/// Two processes create the same store. What is wrong then.
pub async fn two(sort: Sort, seed: u64) -> Option<String> {
    let world = Simulator::builder().seed(seed).uneven(seed, Duration::from_secs(2));
    let Served { stage, port, server } = Served::new(sort, world).await;
    let quiet = stage.fork();
    quiet.run(Goal::Created).await.unwrap();
    let children = [(); 2].map(|()| child(&stage, port, Goal::Created));
    let mut ended = Vec::new();
    for mut child in children {
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        ended.push(status);
    }
    let left = stage.wrong(Goal::Created, &quiet.census()).await;
    server.abort();
    let failed = ended.iter().any(|status: &ExitStatus| !status.success());
    (failed || left.is_some()).then(|| format!("seed {seed}: {ended:?}; {left:?}"))
}
