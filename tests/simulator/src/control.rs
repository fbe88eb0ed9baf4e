//! A served world in the hands of programs in any language: what [`Simulator`] offers in Rust, as JSON under paths that
//! begin with `/_`. `docs/simulator.md` is the reference for its users.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{LoggedRequest, Simulator};

/// Why a request to the control paths is refused: an HTTP status and one line.
pub(crate) type Refusal = (StatusCode, String);

impl Simulator {
    /// Answers a request under `/_`.
    pub(crate) fn control(&self, method: &Method, path: &str, body: &[u8]) -> Result<Value, Refusal> {
        match (method.as_str(), path) {
            ("GET", "/_requests") => Ok(self.requests().iter().map(LoggedRequest::to_json).collect()),
            ("GET", "/_census") => Ok(json!(self.census())),
            ("GET", "/_world") => Ok(self.world(|world| world.to_json())),
            ("POST", "/_deeds") => self.deed(body).map_err(|why| (StatusCode::BAD_REQUEST, why)),
            (_, "/_requests" | "/_census" | "/_world") => Err(not_with(method, path, "GET")),
            (_, "/_deeds") => Err(not_with(method, path, "POST")),
            _ => {
                let why = format!("`{path}` is unknown; there are `/_requests`, `/_census`, `/_world` and `/_deeds`");
                Err((StatusCode::NOT_FOUND, why))
            }
        }
    }

    fn deed(&self, body: &[u8]) -> Result<Value, String> {
        let deed = serde_json::from_slice(body).map_err(|error| format!("the body is not a deed in JSON: {error}"))?;
        self.meddle(&deed)
    }
}

fn not_with(method: &Method, path: &str, wanted: &str) -> Refusal {
    (StatusCode::METHOD_NOT_ALLOWED, format!("`{path}` takes `{wanted}`, not `{method}`"))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::{Value, json};

    use crate::{Simulator, Timings};

    fn post(simulator: &Simulator, deed: &Value) -> Result<Value, String> {
        simulator.control(&Method::POST, "/_deeds", deed.to_string().as_bytes()).map_err(|(_, why)| why)
    }

    fn get(simulator: &Simulator, path: &str) -> Value {
        simulator.control(&Method::GET, path, b"").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_changes_the_world_and_sees_it() {
        let simulator = Simulator::new();
        let vpc = json!({"call": "ec2:CreateVpc", "input": {"CidrBlock": "10.1.0.0/24"}});
        let made = post(&simulator, &vpc).unwrap();
        assert_eq!(get(&simulator, "/_census")["vpcs"], 1);
        let world = get(&simulator, "/_world");
        assert_eq!(world["ec2"]["vpcs"][0]["id"], made["vpc"]["vpcId"]);
        assert_eq!(world["timings"]["load_balancer"], Timings::default().load_balancer.as_secs_f64());
        post(&simulator, &json!({"wait": 90})).unwrap();
        assert_eq!(get(&simulator, "/_world")["now"], 90.0);
        post(&simulator, &json!({"reset": true})).unwrap();
        assert_eq!(get(&simulator, "/_census")["vpcs"], 0);
        assert_eq!(get(&simulator, "/_world")["began"], 90.0, "time goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_what_is_wrong() {
        let simulator = Simulator::new();
        let refused = |method: Method, path: &str, body: &str| {
            let (status, why) = simulator.control(&method, path, body.as_bytes()).unwrap_err();
            format!("{} {why}", status.as_u16())
        };
        assert_eq!(
            refused(Method::GET, "/_fault", ""),
            "404 `/_fault` is unknown; there are `/_requests`, `/_census`, `/_world` and `/_deeds`"
        );
        assert_eq!(refused(Method::GET, "/_deeds", ""), "405 `/_deeds` takes `POST`, not `GET`");
        assert_eq!(
            refused(Method::POST, "/_deeds", "fault=throttle"),
            "400 the body is not a deed in JSON: expected ident at line 1 column 3"
        );
        assert_eq!(refused(Method::POST, "/_deeds", r#"{"wait": "long"}"#), "400 `\"long\"` is no number of seconds");
    }
}
