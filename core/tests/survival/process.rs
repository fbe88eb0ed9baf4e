//! Real processes against the simulated AWS over HTTP: this test program once more, running one test that applies.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;
use xkslink::Client;
use xkslink::spec::Connectivity;
use xkslink_simulator::{Builder, Simulator};

use super::matrix::{Harm, Point};
use super::stage::{Goal, Sort, Stage, run, timings};

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

    fn child(&self, goal: Goal) -> Child {
        let work = json!({"goal": goal, "spec": self.stage.document(goal)});
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", CHILD, "--ignored", "--nocapture"])
            .env(WORK, work.to_string())
            .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port))
            .env("AWS_ACCESS_KEY_ID", "AKIA111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "simulated")
            .env("AWS_REGION", "eu-central-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
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

/// Kills a child by SIGKILL at one call of a create, and creates again. What is wrong then.
pub async fn killed(sort: Sort, point: &Point, harm: Harm) -> Option<String> {
    let served = Served::new(sort, Simulator::builder()).await;
    let quiet = served.stage.fork();
    quiet.run(Goal::Created).await.unwrap();
    served.stage.simulator.fault(harm.fault(&point.operation, point.nth));
    let mut child = served.child(Goal::Created);
    // A child that gets by without that call ends by itself.
    let _ = tokio::time::timeout(Duration::from_secs(60), served.stage.simulator.hung()).await;
    child.kill().unwrap();
    child.wait().unwrap();
    served.stage.simulator.meddle(&json!({"fault": "none"})).unwrap();
    let error = served.stage.run(Goal::Created).await.err();
    let left = served.stage.wrong(Goal::Created, &quiet.census()).await;
    served.server.abort();
    left.map(|left| format!("{harm} at {} #{}: {error:?}; {left}", point.operation, point.nth))
}

/// Two processes create the same store. What is wrong then.
pub async fn two(sort: Sort, seed: u64) -> Option<String> {
    let served = Served::new(sort, Simulator::builder().seed(seed).uneven(seed, Duration::from_secs(2))).await;
    let quiet = served.stage.fork();
    quiet.run(Goal::Created).await.unwrap();
    let children = [served.child(Goal::Created), served.child(Goal::Created)];
    let mut ended = Vec::new();
    for mut child in children {
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap()).await.unwrap();
        ended.push(status);
    }
    let left = served.stage.wrong(Goal::Created, &quiet.census()).await;
    served.server.abort();
    let failed = ended.iter().any(|status: &ExitStatus| !status.success());
    (failed || left.is_some()).then(|| format!("seed {seed}: {ended:?}; {left:?}"))
}
