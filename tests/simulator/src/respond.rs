//! The way of one request: read, checked, hit by a fault or not, handled, answered.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::call::{Answer, Call, Fail};
use crate::fault::{FaultKind, remove_member};
use crate::log::{LoggedRequest, without_secret};
use crate::policy::{self, Decision};
use crate::sts::{self, Principal};
use crate::wire::{self, Decoded};
use crate::world::World;
use crate::{Inner, Service, Simulator, account_of, ec2, elb, kms, route53};

/// What becomes of a request.
struct Outcome {
    /// Its place in the log, if it could be read.
    number: Option<usize>,
    /// What arrives; `None` when the connection breaks.
    response: Option<Response<Bytes>>,
    /// How much later than usual that arrives.
    slow: Duration,
}

impl Simulator {
    /// Answers one HTTP request; `None` when the connection breaks.
    pub(crate) async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let clock = self.clock();
        let sent = clock.now();
        let half = self.lock().world.timings.call / 2;
        clock.wait(half).await;
        let outcome = self.lock().act(&request, sent, clock.now());
        clock.wait(outcome.slow + half).await;
        if let (Some(number), Some(_)) = (outcome.number, &outcome.response) {
            self.lock().log[number].answered = Some(clock.now());
        }
        outcome.response
    }
}

impl Inner {
    fn act(&mut self, request: &Request<Bytes>, sent: Duration, now: Duration) -> Outcome {
        self.world.advance(now);
        let request_id = self.world.ids.uuid();
        let decoded = match wire::decode(request) {
            Ok(decoded) => decoded,
            Err(fail) => return unreadable(&request_id, fail),
        };
        let call = call_of(&decoded, now);
        let caller = sts::principal(&self.world, &decoded.access_key, &call.account, &call.region);
        let number = self.note(decoded.service, &call, sent);
        let fault = self.faults.next(&call.operation);
        let answer = self.answer(decoded.service, &call, &caller, fault.as_ref());
        self.log[number].error = ending(&answer, fault.as_ref());
        let response = answer.and_then(|answer| {
            let response = wire::encode(decoded.service, &call.operation, &request_id, &answer);
            deliver(response, fault.as_ref())
        });
        Outcome { number: Some(number), response, slow: delay(fault.as_ref()) }
    }

    fn note(&mut self, service: Service, call: &Call, sent: Duration) -> usize {
        let number = self.log.len();
        self.log.push(LoggedRequest {
            number,
            service,
            operation: call.operation.clone(),
            account: call.account.clone(),
            region: call.region.clone(),
            input: without_secret(call.input.clone()),
            sent,
            answered: None,
            error: None,
        });
        number
    }

    /// The answer to a call; `None` when it never reaches the service.
    fn answer(
        &mut self,
        service: Service,
        call: &Call,
        caller: &Principal,
        fault: Option<&FaultKind>,
    ) -> Option<Answer> {
        let action = format!("{}:{}", policy::prefix(service), call.operation);
        let answer = match fault {
            Some(FaultKind::DropBefore) => return None,
            Some(FaultKind::Throttle) => Err(throttled(service)),
            Some(FaultKind::ServerError) => Err(broken(service)),
            Some(FaultKind::Refuse { code }) => Err(Fail::new(code, "refused by a simulated fault")),
            Some(FaultKind::Deny) => Err(policy::refusal(service, &caller.arn, &action, "*", Decision::NotAllowed)),
            Some(FaultKind::Stale(age)) if is_read(&call.operation) => self.long_ago(service, call, caller, *age),
            Some(FaultKind::Without { member }) => self.handle(service, call, caller).map(|mut output| {
                remove_member(&mut output, member);
                output
            }),
            _ => self.handle(service, call, caller),
        };
        Some(answer)
    }

    fn handle(&mut self, service: Service, call: &Call, caller: &Principal) -> Answer {
        self.policies.check(service, call, &caller.arn, &self.world)?;
        let answer = handle(service, call, caller, &mut self.world);
        if !is_read(&call.operation) {
            self.past.remember(&self.world, self.faults.greatest_age());
        }
        answer
    }

    /// The answer of a replica that lags behind.
    fn long_ago(&self, service: Service, call: &Call, caller: &Principal, age: Duration) -> Answer {
        self.policies.check(service, call, &caller.arn, &self.world)?;
        let then = call.now.saturating_sub(age);
        let mut world = self.past.at(then).unwrap_or_else(|| self.world.clone());
        world.advance(then);
        let call = Call { now: world.now, ..call.clone() };
        handle(service, &call, caller, &mut world)
    }
}

fn call_of(decoded: &Decoded, now: Duration) -> Call {
    Call {
        account: account_of(&decoded.access_key),
        region: decoded.region.clone(),
        operation: decoded.operation.clone(),
        input: decoded.input.clone(),
        now,
    }
}

fn handle(service: Service, call: &Call, caller: &Principal, world: &mut World) -> Answer {
    match service {
        Service::Ec2 => ec2::handle(call, world),
        Service::Elb => elb::handle(call, world),
        Service::Kms => kms::handle(call, world),
        Service::Route53 => route53::handle(call, world),
        Service::Sts => sts::handle(call, caller, world),
    }
}

/// A request that no service can be found for gets an error in the shape of EC2.
fn unreadable(request_id: &str, fail: Fail) -> Outcome {
    let response = wire::encode(Service::Ec2, "", request_id, &Err(fail));
    Outcome { number: None, response: Some(response), slow: Duration::ZERO }
}

/// What the log says about the end of a request.
fn ending(answer: &Option<Answer>, fault: Option<&FaultKind>) -> Option<String> {
    match (answer, fault) {
        (None, _) => Some("connection broken before the effect".to_owned()),
        (_, Some(FaultKind::DropAfter)) => Some("answer lost".to_owned()),
        (Some(Err(fail)), _) => Some(fail.code.clone()),
        (Some(Ok(_)), _) => None,
    }
}

/// What arrives of a response.
fn deliver(response: Response<Bytes>, fault: Option<&FaultKind>) -> Option<Response<Bytes>> {
    match fault {
        Some(FaultKind::DropAfter) => None,
        Some(FaultKind::Garbage) => Some(response.map(|_| Bytes::from_static(b"\x1f\x8b <<<{ neither XML nor JSON"))),
        _ => Some(response),
    }
}

fn delay(fault: Option<&FaultKind>) -> Duration {
    if let Some(FaultKind::Slow(extra)) = fault { *extra } else { Duration::ZERO }
}

fn throttled(service: Service) -> Fail {
    match service {
        Service::Ec2 => Fail::with_status(503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::Route53 | Service::Sts => Fail::new("Throttling", "Rate exceeded"),
        Service::Elb | Service::Kms => Fail::new("ThrottlingException", "Rate exceeded"),
    }
}

fn broken(service: Service) -> Fail {
    let code = match service {
        Service::Ec2 => "InternalError",
        Service::Kms => "KMSInternalException",
        Service::Elb | Service::Route53 | Service::Sts => "InternalFailure",
    };
    Fail::with_status(500, code, "An internal error has occurred")
}

/// Whether an operation only reads.
fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
}
