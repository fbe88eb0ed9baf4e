// What a Swift author leans on, and what only Swift has: a task that stops its run, and closures as callbacks.

import Foundation
import Testing
import Xkslink

func store(domain: Domain = .route53()) -> Connectivity {
    Connectivity(
        domain: domain,
        link: .vpnGateway(),
        name: "payments-hsm",
        network: .create(cidr: "10.60.0.0/24"),
        privateDnsName: "xks.payments.example.com",
        proxy: Proxy(addresses: ["10.0.8.10", "10.0.8.11"]),
        region: "eu-central-1",
        dataCenter: ["10.0.0.0/16"],
        keyStore: KeyStore(credential: .callback, path: "/payments/kms/xks/v1")
    )
}

let secret = String(repeating: "B", count: 43)

func client(_ aws: SimulatedAws, publisher: Publisher? = nil) throws -> Client {
    let source = CredentialSource {
        ProxyCredential(accessKeyId: String(repeating: "A", count: 24), rawSecretAccessKey: Secret(text: secret))
    }
    return try Client(publisher: publisher, credential: source, simulated: aws)
}

/// How many calls AWS has got; some may still be without their answer.
func calls(_ aws: SimulatedAws) throws -> Int {
    try #require(JSONSerialization.jsonObject(with: Data(aws.requests().utf8)) as? [Any]).count
}

/// The error that a verb ends with.
func failure(_ verb: () async throws -> some Any) async throws -> XksError {
    do {
        _ = try await verb()
    } catch let error as XksError {
        return error
    }
    throw Unexpected.success
}

enum Unexpected: Error { case success }

@Test func events_are_told_as_they_come_and_documents_have_content() async throws {
    let aws = try SimulatedAws(hostedZones: ["example.com"])
    let client = try client(aws)
    var lines = 0
    let report = try await client.apply(plan: client.plan(spec: store())).report { _ in lines += 1 }
    #expect(lines > 20)
    #expect(try report.content().ids.connectionState == "CONNECTED")

    let failed = try await client.verify(spec: store()).content().checks.filter { if case .fail = $0.verdict { true } else { false } }
    #expect(failed.allSatisfy { $0.severity == .risk })

    _ = try await client.teardown(spec: store(), consent: [.disconnect]).report()
    #expect(try aws.census()["vpcs"] == 0)
}

@Test func a_task_that_is_cancelled_stops_its_run() async throws {
    let aws = try SimulatedAws(hostedZones: ["example.com"], speed: 20)
    let client = try client(aws)
    let run = try await client.apply(plan: client.plan(spec: store()))
    let task = Task { try await run.report() }
    try await Task.sleep(for: .milliseconds(300))
    task.cancel()
    let failed = try await failure { try await task.value }
    #expect(failed.kind == .cancelled)
    let asked = try calls(aws)
    try await Task.sleep(for: .milliseconds(300))
    #expect(try calls(aws) == asked)
}

@Test func a_wrong_spec_has_every_problem_with_help() async throws {
    var wrong = store()
    wrong.name = ""
    wrong.dataCenter = ["10.60.0.0/16"]
    let client = try client(SimulatedAws())
    let failed = try await failure { try await client.plan(spec: wrong) }
    #expect(failed.kind == .invalidSpec && failed.problems.count >= 2)
    #expect(failed.localizedDescription == "\(failed.reason); \(failed.help)" && !failed.help.isEmpty)
}

@Test func what_a_closure_throws_is_the_cause() async throws {
    struct Sealed: LocalizedError { let errorDescription: String? = "the vault is sealed" }
    let client = try client(SimulatedAws(), publisher: Publisher(publish: { _ in throw Sealed() }))
    let plan = try await client.plan(spec: store(domain: .callback))
    let failed = try await failure { try await client.apply(plan: plan).report() }
    #expect(failed.kind == .callback && failed.cause is Sealed)
    #expect(failed.reason.contains("the vault is sealed"))
    #expect(failed.report != nil)
}

@Test func no_text_of_a_spec_shows_its_secret() throws {
    var spec = store()
    spec.keyStore?.credential = .value(accessKeyId: String(repeating: "A", count: 24), rawSecretAccessKey: Secret(text: secret))
    #expect(!String(reflecting: spec).contains(secret))
    #expect(try !writeSpec(spec: spec, format: .yaml).contains(secret))
}
