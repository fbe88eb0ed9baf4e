// The quickstart in Swift: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument `aws` on the real one.

import Xkslink

let spec = Connectivity(
    domain: .route53(),
    link: .vpnGateway(),
    name: "payments-hsm",
    network: .create(cidr: "10.60.0.0/24"),
    privateDnsName: "xks.payments.example.com",
    proxy: Proxy(addresses: ["10.0.8.10", "10.0.8.11"]),
    region: "eu-central-1",
    dataCenter: ["10.0.0.0/16"],
    keyStore: KeyStore(
        credential: .environment(accessKeyId: "XKS_KEY_ID", rawSecretAccessKey: "XKS_SECRET"), path: "/payments/kms/xks/v1"
    )
)

func configured() throws -> Client {
    try Client(network: Account(profile: "network"), kms: Account(roleArn: "arn:aws:iam::444455556666:role/keys"))
}

func deploy(_ client: Client) async throws {
    let plan = try await client.plan(spec: spec)
    print(try plan.text())
    let run = try client.apply(plan: plan)
    let limit = Task {
        try await Task.sleep(for: .seconds(3600))
        run.cancel()
    }
    defer { limit.cancel() }
    let report = try await run.report { event in print(event.line) }
    print(try report.text())
    print(try await client.verify(spec: spec).text())
}

if CommandLine.arguments.contains("aws") {
    try await deploy(configured())
} else {
    let aws = try SimulatedAws(hostedZones: ["example.com"])
    let client = try Client(simulated: aws)
    try await deploy(client)
    _ = try await client.teardown(spec: spec, consent: [.disconnect]).report()
    let left = try aws.census()
    precondition(left["vpcs"] == 0, "something is left: \(left)")
}
