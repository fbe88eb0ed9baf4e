// The quickstart, and what a Swift author leans on; a check that does not hold ends the program.

import Foundation

struct Broken: Error { let what: String }

func hold(_ holds: Bool, _ what: String) throws {
    guard holds else { throw Broken(what: what) }
}

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

func quickstart() async throws {
    let aws = try SimulatedAws(hostedZones: ["example.com"])
    let client = try client(aws)
    let plan = try await client.plan(spec: store())
    print(try plan.text())

    var lines = 0
    let report = try await client.apply(plan: plan).report { _ in lines += 1 }
    try hold(lines > 20, "events are told as they come: \(lines)")
    try hold(try report.content().ids.connectionState == "CONNECTED", "the key store is connected")

    let failed = try await client.verify(spec: store()).content().checks.filter { if case .fail = $0.verdict { true } else { false } }
    try hold(failed.allSatisfy { $0.severity == .risk }, "no rule that must hold is broken")

    _ = try await client.teardown(spec: store(), consent: [.disconnect]).report()
    try hold(try aws.census()["vpcs"] == 0, "nothing is left")
}

/// How many calls AWS has got; some may still be without their answer.
func calls(_ aws: SimulatedAws) throws -> Int {
    (try JSONSerialization.jsonObject(with: Data(aws.requests().utf8)) as! [Any]).count
}

func cancelling() async throws {
    let aws = try SimulatedAws(hostedZones: ["example.com"], speed: 20)
    let client = try client(aws)
    let run = try client.apply(plan: try await client.plan(spec: store()))
    let task = Task { try await run.report() }
    try await Task.sleep(nanoseconds: 300_000_000)
    task.cancel()
    do {
        _ = try await task.value
        throw Broken(what: "a task that was cancelled has no report")
    } catch let XksError.Failed(kind, _, _, _, _, _, _, _, _, _, _) {
        try hold(kind == .cancelled, "the run was cancelled: \(kind)")
    }
    let asked = try calls(aws)
    try await Task.sleep(nanoseconds: 300_000_000)
    try hold(calls(aws) == asked, "nothing is asked of AWS afterwards")
}

func errors() async throws {
    let aws = try SimulatedAws()
    var wrong = store()
    wrong.name = ""
    wrong.dataCenter = ["10.60.0.0/16"]
    do {
        _ = try await client(aws).plan(spec: wrong)
        throw Broken(what: "a wrong spec has no plan")
    } catch let XksError.Failed(kind, _, help, _, _, _, _, problems, _, _, _) {
        try hold(kind == .invalidSpec && problems.count >= 2 && !help.isEmpty, "every problem is told, with help")
    }

    struct Sealed: LocalizedError { let errorDescription: String? = "the vault is sealed" }
    let throwing = try client(aws, publisher: Publisher(publish: { _ in throw Sealed() }))
    do {
        _ = try await throwing.apply(plan: try await throwing.plan(spec: store(domain: .callback))).report()
        throw Broken(what: "a publisher that throws ends the run")
    } catch let failed as XksError {
        try hold(failed.cause is Sealed, "what it threw is the cause")
        guard case let .Failed(kind, reason, _, _, _, _, _, _, _, report, _) = failed else { return }
        try hold(kind == .callback && reason.contains("the vault is sealed"), "its words come back: \(reason)")
        try hold(report != nil, "with what had been done")
    }
}

func secrets() throws {
    var spec = store()
    spec.keyStore?.credential = .value(accessKeyId: String(repeating: "A", count: 24), rawSecretAccessKey: Secret(text: secret))
    try hold(!String(reflecting: spec).contains(secret), "no text of a spec shows the secret")
    try hold(!(try writeSpec(spec: spec, format: .yaml)).contains(secret), "no document of it either")
}

try await quickstart()
try await cancelling()
try await errors()
try secrets()
print("well")
