//! A simulated AWS.

use napi_derive::napi;
use xkslink_embed::{Simulator as Inner, World};

use crate::failure::{Outcome, outcome};

/// A simulated AWS.
#[napi]
#[derive(Debug)]
pub struct Simulator {
    pub(crate) inner: Inner,
}

/// A simulated AWS, described as JSON.
#[napi]
#[must_use]
pub fn simulator(world: String) -> Outcome<Simulator> {
    outcome(|| Ok(Simulator { inner: Inner::new(World::from_json(&world)?)? }))
}

#[napi]
impl Simulator {
    /// Ends its runs and servers.
    #[napi]
    pub fn close(&self) {
        self.inner.close();
    }

    /// What happens while the next run is under way, as JSON.
    #[napi]
    pub fn during_run(&self, script: String) -> Outcome<()> {
        outcome(|| self.inner.during_run(&script))
    }

    /// Does a deed and gives AWS's answer, both JSON.
    #[napi]
    pub fn deed(&self, deed: String) -> Outcome<String> {
        outcome(|| Ok(self.inner.deed(&deed)?.to_string()))
    }

    /// How many of each sort of object exist, as JSON.
    #[napi]
    pub fn census(&self) -> Outcome<String> {
        outcome(|| Ok(self.inner.census().to_string()))
    }

    /// Everything that exists, as JSON.
    #[napi]
    pub fn world(&self) -> Outcome<String> {
        outcome(|| Ok(self.inner.world().to_string()))
    }

    /// Every request so far, as JSON.
    #[napi]
    pub fn requests(&self) -> Outcome<String> {
        outcome(|| Ok(self.inner.requests().to_string()))
    }

    /// Simulated seconds since 2026-01-01.
    #[napi]
    pub fn now(&self) -> Outcome<f64> {
        outcome(|| Ok(self.inner.now()))
    }

    /// Serves the world over HTTP on loopback; answers the URL.
    #[napi]
    pub fn serve(&self, port: u16) -> Outcome<String> {
        outcome(|| self.inner.serve(port))
    }

    /// Starts a proxy; answers its address and root certificate, as JSON.
    #[napi]
    pub fn start_proxy(&self, setup: String) -> Outcome<String> {
        outcome(|| Ok(self.inner.start_proxy(&setup)?.to_string()))
    }

    /// Starts a name server; answers its address.
    #[napi]
    pub fn start_dns(&self) -> Outcome<String> {
        outcome(|| self.inner.start_dns())
    }
}
