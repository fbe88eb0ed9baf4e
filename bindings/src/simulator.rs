//! A simulated AWS, for tests.

use std::collections::HashMap;

use serde_json::json;
use xkslink_embed::{Failure, Simulator, World};

use crate::document::convert;
use crate::failure::XksError;
use crate::sigpipe;

/// A simulated EC2, Elastic Load Balancing, KMS, Route 53 and STS, in this process.
///
/// Time is virtual: it passes at once while a call waits for it, and stands still otherwise. With `speed` it is that many
/// times as fast as real time, for tests of waiting and cancelling.
#[derive(uniffi::Object)]
pub struct SimulatedAws(pub(crate) Simulator);

#[uniffi::export]
impl SimulatedAws {
    /// An empty world with these public hosted zones in Route 53. `seed` is that of invented ids and of what lags how much;
    /// `consistency_seconds` how late EC2 and KMS show a write, about one if not given; `instant` says that nothing takes time
    /// but the calls; `begins_now` that the world begins at the present date instead of 2026-01-01.
    #[uniffi::constructor(default(
        hosted_zones = [],
        speed = None,
        seed = None,
        consistency_seconds = None,
        instant = false,
        begins_now = false
    ))]
    pub fn new(
        hosted_zones: Vec<String>,
        speed: Option<f64>,
        seed: Option<i64>,
        consistency_seconds: Option<f64>,
        instant: bool,
        begins_now: bool,
    ) -> Result<Self, XksError> {
        let world = json!({
            "hosted_zones": hosted_zones,
            "speed": speed,
            "seed": seed,
            "consistency_seconds": consistency_seconds,
            "instant": instant,
            "begins_now": begins_now,
        });
        sigpipe::keep_from_threads();
        Ok(Self(Simulator::new(World::from_json(&world.to_string())?)?))
    }

    /// Does what somebody else would do, as `docs/simulator.md` lists it, and gives AWS's answer; both are JSON.
    pub fn deed(&self, deed: String) -> Result<String, XksError> {
        Ok(self.0.deed(&deed)?.to_string())
    }

    /// What happens while the next verb runs, as JSON: deeds `during` it, each with the second `at` which it happens, deeds
    /// `on_publish` of a record, and the second `cut_after` which the caller lets go.
    pub fn during_run(&self, script: String) -> Result<(), XksError> {
        Ok(self.0.during_run(&script)?)
    }

    /// How many of each sort of object exist in all accounts.
    pub fn census(&self) -> Result<HashMap<String, i64>, XksError> {
        Ok(convert(&self.0.census())?)
    }

    /// Everything that exists, as JSON.
    pub fn world(&self) -> String {
        self.0.world().to_string()
    }

    /// Every request so far, as JSON.
    pub fn requests(&self) -> String {
        self.0.requests().to_string()
    }

    /// Simulated seconds since 2026-01-01.
    pub fn now(&self) -> f64 {
        self.0.now()
    }

    /// Serves the world over HTTP on loopback until it ends, for the AWS SDK or CLI; gives the URL. Port 0 is a free one.
    #[uniffi::method(default(port = 0))]
    pub fn serve(&self, port: i64) -> Result<String, XksError> {
        let wrong = |_| Failure::argument("port", format!("`{port}` is out of range"), "write 0 to 65535");
        Ok(self.0.serve(u16::try_from(port).map_err(wrong)?)?)
    }

    /// Starts an external key store proxy over TLS on loopback, described as JSON; gives its `address` and its `root`
    /// certificate, as JSON.
    pub fn start_proxy(&self, setup: String) -> Result<String, XksError> {
        Ok(self.0.start_proxy(&setup)?.to_string())
    }

    /// Starts a name server on loopback for the public zones of the world; gives its address.
    pub fn start_dns(&self) -> Result<String, XksError> {
        Ok(self.0.start_dns()?)
    }

    /// Ends the world: its runs are cancelled, its servers stop. What it holds can still be looked at.
    pub fn end(&self) {
        self.0.close();
    }
}
