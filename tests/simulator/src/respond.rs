//! The way of one request: read, checked, hit by a fault or not, handled, answered.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use crate::call::{Answer, Call, Fail};
use crate::fault::{FaultKind, from_the_start, promise_more, remove_member, replace_member};
use crate::ids::Ids;
use crate::log::{LoggedRequest, without_secret};
use crate::policy::{self, Decision};
use crate::sts::{self, Principal};
use crate::wire::{self, Decoded};
use crate::world::World;
use crate::{Inner, Service, Simulator, account_of, ec2, elb, kms, route53, service_quotas};

/// What becomes of a request.
struct Outcome {
    /// Its place in the log, if it could be read.
    number: Option<usize>,
    /// What arrives; `None` when the connection breaks.
    response: Option<Response<Bytes>>,
    /// How much later than usual that arrives; `None` for never.
    slow: Option<Duration>,
}

impl Simulator {
    /// Answers one HTTP request; `None` when the connection breaks.
    pub(crate) async fn respond(&self, request: Request<Bytes>) -> Option<Response<Bytes>> {
        let clock = self.clock();
        let sent = clock.now();
        let (there, back) = self.lock().ways();
        clock.wait(there).await;
        let outcome = self.lock().act(&request, sent, clock.now());
        let Some(slow) = outcome.slow else {
            self.shared.hung.notify_one();
            return std::future::pending().await;
        };
        clock.wait(slow + back).await;
        if let (Some(number), Some(_)) = (outcome.number, &outcome.response)
            && let Some(logged) = self.lock().log.get_mut(number)
        {
            logged.answered = Some(clock.now());
        }
        outcome.response
    }

    /// Another one after each request.
    pub(crate) fn seed_of_pause(&self) -> u64 {
        Ids::new(self.shared.made.seed ^ self.lock().log.len() as u64).number()
    }
}

impl Inner {
    /// How long a request takes to the service, and its answer back.
    fn ways(&mut self) -> (Duration, Duration) {
        let half = self.world.timings.call / 2;
        let uneven = self.uneven.as_mut();
        uneven.map_or((half, half), |uneven| (half + uneven.next(), half + uneven.next()))
    }

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
        self.log[number].output = answer.as_ref().and_then(|answer| answer.as_ref().ok()).cloned();
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
            output: None,
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
            Some(FaultKind::DropBefore | FaultKind::HangBefore) => return None,
            Some(FaultKind::Throttle) => Err(throttled(service)),
            Some(FaultKind::ServerError) => Err(broken(service)),
            Some(FaultKind::Refuse { code }) => Err(Fail::new(code, "refused by a simulated fault")),
            Some(FaultKind::Echo) => Err(Fail::new("ValidationException", call.input.to_string())),
            Some(FaultKind::Deny) => Err(policy::refusal(service, &caller.arn, &action, "*", Decision::NotAllowed)),
            Some(FaultKind::Stale(age)) if is_read(&call.operation) => self.stale(service, call, caller, *age),
            Some(FaultKind::Without { member }) => self.handle(service, call, caller).map(|mut output| {
                remove_member(&mut output, member);
                output
            }),
            Some(FaultKind::Instead { member, value }) => self.handle(service, call, caller).map(|mut output| {
                replace_member(&mut output, member, value);
                output
            }),
            Some(FaultKind::Endless { token }) => {
                self.endless(service, call, caller, token, format!("page-{}", self.log.len()))
            }
            Some(FaultKind::Circular { token }) => self.endless(service, call, caller, token, "page".to_owned()),
            _ => self.handle(service, call, caller),
        };
        Some(answer)
    }

    fn endless(&mut self, service: Service, call: &Call, caller: &Principal, token: &str, value: String) -> Answer {
        let first = Call { input: from_the_start(call.input.clone()), ..call.clone() };
        let mut output = self.handle(service, &first, caller)?;
        promise_more(&mut output, token, value);
        Ok(output)
    }

    fn handle(&mut self, service: Service, call: &Call, caller: &Principal) -> Answer {
        self.policies.check(service, call, &caller.arn, &self.world)?;
        let usual = self.world.timings.consistency;
        let after = call.now.saturating_sub(self.past.lag(&call.operation, usual));
        if is_read(&call.operation) {
            return self.read(service, call, caller, after, World::trade_lagging);
        }
        self.refuse_new_ids(service, call, caller, after)?;
        self.past.remember(&self.world, usual, self.faults.greatest_lag());
        handle(service, call, caller, &mut self.world)
    }

    /// The answer of replicas, of all services, that lag behind by as much.
    fn stale(&mut self, service: Service, call: &Call, caller: &Principal, age: Duration) -> Answer {
        self.policies.check(service, call, &caller.arn, &self.world)?;
        self.read(service, call, caller, call.now.saturating_sub(age), World::trade_all)
    }

    /// A read that does not see the writes after an instant.
    fn read(
        &mut self,
        service: Service,
        call: &Call,
        caller: &Principal,
        after: Duration,
        trade: fn(&mut World, &mut World),
    ) -> Answer {
        let Self { world, past, .. } = self;
        let Some(replica) = past.without(after) else { return handle(service, call, caller, world) };
        trade(world, replica);
        let answer = handle(service, call, caller, world);
        trade(world, replica);
        answer
    }

    /// A change is made to the present world, but the ids in the call are looked up in a replica that may not know them.
    fn refuse_new_ids(
        &mut self,
        service: Service,
        call: &Call,
        caller: &Principal,
        after: Duration,
    ) -> Result<(), Fail> {
        let Some(replica) = self.past.without(after) else { return Ok(()) };
        self.world.trade_lagging(replica);
        let mut trial = self.world.clone();
        self.world.trade_lagging(replica);
        match handle(service, call, caller, &mut trial) {
            Err(fail) if names_nothing(&fail) => Err(fail),
            _ => Ok(()),
        }
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

pub(crate) fn handle(service: Service, call: &Call, caller: &Principal, world: &mut World) -> Answer {
    match service {
        Service::Ec2 => ec2::handle(call, world),
        Service::Elb => elb::handle(call, world),
        Service::Kms => kms::handle(call, world),
        Service::Route53 => route53::handle(call, world),
        Service::Sts => sts::handle(call, caller, world),
        Service::ServiceQuotas => service_quotas::handle(call, world),
    }
}

/// A request that no service can be found for gets an error in the shape of EC2.
fn unreadable(request_id: &str, fail: Fail) -> Outcome {
    let response = wire::encode(Service::Ec2, "", request_id, &Err(fail));
    Outcome { number: None, response: Some(response), slow: Some(Duration::ZERO) }
}

/// What the log says about the end of a request.
fn ending(answer: &Option<Answer>, fault: Option<&FaultKind>) -> Option<String> {
    match (answer, fault) {
        (None, _) => Some("connection broken before the effect".to_owned()),
        (_, Some(FaultKind::DropAfter | FaultKind::HangAfter)) => Some("answer lost".to_owned()),
        (Some(Err(fail)), _) => Some(fail.code.clone()),
        (Some(Ok(_)), _) => None,
    }
}

/// What arrives of a response.
fn deliver(response: Response<Bytes>, fault: Option<&FaultKind>) -> Option<Response<Bytes>> {
    match fault {
        Some(FaultKind::DropAfter) => None,
        Some(FaultKind::Body(body)) => Some(response.map(|_| body.clone())),
        _ => Some(response),
    }
}

fn delay(fault: Option<&FaultKind>) -> Option<Duration> {
    match fault {
        Some(FaultKind::Slow(extra)) => Some(*extra),
        Some(FaultKind::HangBefore | FaultKind::HangAfter) => None,
        _ => Some(Duration::ZERO),
    }
}

fn throttled(service: Service) -> Fail {
    match service {
        Service::Ec2 => Fail::with_status(503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::Route53 | Service::Sts => Fail::new("Throttling", "Rate exceeded"),
        Service::Elb | Service::Kms => Fail::new("ThrottlingException", "Rate exceeded"),
        Service::ServiceQuotas => Fail::new("TooManyRequestsException", "Rate exceeded"),
    }
}

fn broken(service: Service) -> Fail {
    let code = match service {
        Service::Ec2 => "InternalError",
        Service::Kms => "KMSInternalException",
        Service::Elb | Service::Route53 | Service::Sts => "InternalFailure",
        Service::ServiceQuotas => "ServiceException",
    };
    Fail::with_status(500, code, "An internal error has occurred")
}

/// Whether a call was refused because AWS does not know what it names. Elastic Load Balancing has no code for a VPC.
fn names_nothing(fail: &Fail) -> bool {
    fail.code.contains("NotFound") || fail.code == "InvalidSecurityGroup" || fail.message.ends_with("is not found")
}

/// Whether an operation only reads.
fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http::Request;

    use crate::{Fault, FaultKind, Simulator};

    const ZONE: &str = "<CreateHostedZoneRequest><Name>example.com</Name><CallerReference>1</CallerReference>\
                        </CreateHostedZoneRequest>";

    /// Sends one signed request and gives status and body, or nothing when the connection breaks.
    async fn send(simulator: &Simulator, service: &str, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
        let credential = format!("AKIA111122223333/20260101/eu-central-1/{service}/aws4_request");
        let request = Request::builder()
            .method(method)
            .uri(format!("https://aws.example{path}"))
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"),
            )
            .header("x-amz-target", "TrentService.DescribeCustomKeyStores")
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        let response = simulator.respond(request).await?;
        Some((response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned()))
    }

    async fn create(simulator: &Simulator) -> Option<(u16, String)> {
        send(simulator, "route53", "POST", "/2013-04-01/hostedzone", ZONE).await
    }

    async fn list(simulator: &Simulator) -> (u16, String) {
        send(simulator, "route53", "GET", "/2013-04-01/hostedzone", "").await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_breaks_before_leaves_no_effect_and_after_leaves_one() {
        let simulator = Simulator::new();
        simulator.fault(Fault::once("CreateHostedZone", FaultKind::DropBefore));
        assert!(create(&simulator).await.is_none());
        assert!(!list(&simulator).await.1.contains("example.com."));
        simulator.fault(Fault::once("CreateHostedZone", FaultKind::DropAfter));
        assert!(create(&simulator).await.is_none());
        assert!(list(&simulator).await.1.contains("example.com."));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_read_does_not_see_the_last_write() {
        let simulator = Simulator::new();
        simulator.fault(Fault { times: 2, ..Fault::once("ListHostedZones", FaultKind::Stale(Duration::from_secs(5))) });
        create(&simulator).await.unwrap();
        assert!(!list(&simulator).await.1.contains("example.com."));
        simulator.clock().wait(Duration::from_secs(5)).await;
        assert!(list(&simulator).await.1.contains("example.com."), "the write is older than the replica's lag");
    }

    fn vpc_of(created: &str) -> String {
        let (_, rest) = created.split_once("<vpcId>").unwrap();
        rest.split_once('<').unwrap().0.to_owned()
    }

    async fn ec2(simulator: &Simulator, parameters: &str) -> String {
        send(simulator, "ec2", "POST", "/", &format!("Version=2016-11-15&Action={parameters}")).await.unwrap().1
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_object_is_unknown_for_about_a_second_and_known_from_then_on() {
        let simulator = Simulator::new();
        let vpc = vpc_of(&ec2(&simulator, "CreateVpc&CidrBlock=10.1.0.0/24").await);
        let by_id = format!("DescribeVpcs&VpcId.1={vpc}");
        assert!(ec2(&simulator, &by_id).await.contains("InvalidVpcID.NotFound"));
        assert!(!ec2(&simulator, "DescribeVpcs").await.contains(&vpc));
        let subnet = format!("CreateSubnet&VpcId={vpc}&CidrBlock=10.1.0.0/28");
        assert!(ec2(&simulator, &subnet).await.contains("InvalidVpcID.NotFound"));
        simulator.clock().wait(Duration::from_millis(1500)).await;
        assert!(ec2(&simulator, &by_id).await.contains(&vpc));
        assert!(ec2(&simulator, &subnet).await.contains("<subnetId>"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_changed_or_deleted_shows_as_it_was_for_about_a_second() {
        let simulator = Simulator::new();
        let vpc = vpc_of(&ec2(&simulator, "CreateVpc&CidrBlock=10.1.0.0/24").await);
        let wait = || async { simulator.clock().wait(Duration::from_millis(1500)).await };
        wait().await;
        ec2(&simulator, &format!("CreateTags&ResourceId.1={vpc}&Tag.1.Key=colour&Tag.1.Value=green")).await;
        assert!(!ec2(&simulator, "DescribeVpcs").await.contains("green"));
        wait().await;
        assert!(ec2(&simulator, "DescribeVpcs").await.contains("green"));
        assert!(ec2(&simulator, &format!("DeleteVpc&VpcId={vpc}")).await.contains("<return>true</return>"));
        assert!(ec2(&simulator, "DescribeVpcs").await.contains(&vpc));
        assert!(
            ec2(&simulator, &format!("DeleteVpc&VpcId={vpc}")).await.contains("InvalidVpcID.NotFound"),
            "a change is made to the present world"
        );
        wait().await;
        assert!(!ec2(&simulator, "DescribeVpcs").await.contains(&vpc));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_lag_everything_shows_at_once() {
        let simulator = Simulator::builder().consistency(Duration::ZERO).build();
        let vpc = vpc_of(&ec2(&simulator, "CreateVpc&CidrBlock=10.1.0.0/24").await);
        assert!(ec2(&simulator, "DescribeVpcs").await.contains(&vpc));
    }

    #[tokio::test(start_paused = true)]
    async fn route53_shows_its_own_writes_at_once() {
        let simulator = Simulator::new();
        create(&simulator).await.unwrap();
        assert!(list(&simulator).await.1.contains("example.com."));
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_gets_no_answer_and_somebody_hears_of_it() {
        for (kind, effects) in [(FaultKind::HangBefore, 0), (FaultKind::HangAfter, 1)] {
            let simulator = Simulator::new();
            simulator.fault(Fault::once("CreateHostedZone", kind));
            tokio::select! {
                answer = create(&simulator) => panic!("{answer:?}"),
                () = simulator.hung() => {}
            }
            assert_eq!(simulator.world(|world| world.route53.zones.len()), effects);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn uneven_ways_repeat_with_their_seed() {
        let took = async |seed| {
            let simulator = Simulator::builder().uneven(seed, Duration::from_secs(2)).build();
            list(&simulator).await;
            simulator.clock().now()
        };
        assert_eq!(took(1).await, took(1).await);
        assert_ne!(took(1).await, took(2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn denied_is_said_in_the_words_of_each_service() {
        let simulator = Simulator::new();
        let action = |name: &str| format!("Action={name}&Version=1");
        for (service, method, path, body, status, code) in [
            ("ec2", "POST", "/", action("CreateVpc"), 403, "<Code>UnauthorizedOperation</Code>"),
            ("elasticloadbalancing", "POST", "/", action("DescribeLoadBalancers"), 403, "<Code>AccessDenied</Code>"),
            ("kms", "POST", "/", "{}".to_owned(), 400, "AccessDeniedException"),
            ("route53", "GET", "/2013-04-01/hostedzone", String::new(), 403, "<Code>AccessDenied</Code>"),
            ("sts", "POST", "/", action("AssumeRole"), 403, "<Code>AccessDenied</Code>"),
        ] {
            simulator.fault(Fault { operation: None, ..Fault::once("", FaultKind::Deny) });
            let told = send(&simulator, service, method, path, &body).await.unwrap();
            assert_eq!(told.0, status, "{service}");
            assert!(told.1.contains(code), "{}", told.1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_no_policy_allows_has_no_effect() {
        let simulator = Simulator::new();
        let document = r#"{"Statement": {"Effect": "Allow", "Action": "route53:List*", "Resource": "*"}}"#;
        simulator.allow(crate::ACCOUNT, document).unwrap();
        assert_eq!(create(&simulator).await.unwrap().0, 403);
        let (status, zones) = list(&simulator).await;
        assert_eq!(status, 200);
        assert!(!zones.contains("example.com."));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_can_lack_a_member_or_have_another_value_or_body() {
        let simulator = Simulator::new();
        simulator.fault(Fault::once("CreateHostedZone", FaultKind::Without { member: "Id".to_owned() }));
        assert!(!create(&simulator).await.unwrap().1.contains("<Id>"));
        let never = FaultKind::Instead { member: "Name".to_owned(), value: "unheard-of".into() };
        simulator.fault(Fault::once("ListHostedZones", never));
        let zones = list(&simulator).await.1;
        assert!(zones.contains("<Name>unheard-of</Name>") && !zones.contains("example.com."), "{zones}");
        simulator.fault(Fault::once("ListHostedZones", FaultKind::Body(Bytes::from_static(b"garbage"))));
        assert_eq!(list(&simulator).await, (200, "garbage".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_listing_can_have_no_end() {
        let simulator = Simulator::new();
        ec2(&simulator, "CreateVpc&CidrBlock=10.1.0.0/24").await;
        simulator.clock().wait(Duration::from_secs(2)).await;
        let token =
            |page: &str| page.split("<nextToken>").nth(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        let endless = FaultKind::Endless { token: "nextToken".to_owned() };
        simulator.fault(Fault { times: 2, ..Fault::once("DescribeVpcs", endless) });
        let first = token(&ec2(&simulator, "DescribeVpcs").await).unwrap();
        let page = ec2(&simulator, &format!("DescribeVpcs&NextToken={first}")).await;
        assert!(page.contains("<vpcId>") && token(&page).is_some_and(|second| second != first), "{page}");
        let circular = FaultKind::Circular { token: "nextToken".to_owned() };
        simulator.fault(Fault { times: 2, ..Fault::once("DescribeVpcs", circular) });
        assert_eq!(token(&ec2(&simulator, "DescribeVpcs").await), token(&ec2(&simulator, "DescribeVpcs").await));
    }
}
