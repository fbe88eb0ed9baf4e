// The driver of the conformance suite: see bindings/conformance/README.md.

import Foundation
import Xkslink

typealias Word = [String: Any]

/// What the driver throws in a callback.
final class Own: LocalizedError {
    let errorDescription: String?

    init(_ why: String) { errorDescription = why }
}

/// Gives AWS credentials, and counts.
final class Keys: AwsCredentialSource {
    let driver: Driver

    init(_ driver: Driver) { self.driver = driver }

    func credentials() throws -> AwsCredentials {
        driver.count("aws_credentials")
        return AwsCredentials(accessKeyId: "AKIA111122223333", secretAccessKey: Secret(text: "simulated"))
    }
}

/// Does what it is told.
final class Driver: @unchecked Sendable {
    private let lock = NSLock()
    private var aws: SimulatedAws!
    private var client: Client!
    private var plan: Plan!
    private var report: Report!
    private var threw: Own?
    private var called = ["publish": 0, "credential": 0, "aws_credentials": 0]
    private var logged: [[String: String]] = []

    static func read(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    static func write(_ value: Any) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed), as: UTF8.self)
    }

    func count(_ name: String) { lock.withLock { called[name]! += 1 } }

    private func failing(_ why: String) -> Own {
        lock.withLock {
            let own = Own(why)
            threw = own
            return own
        }
    }

    private func spec(_ word: Word) throws -> Connectivity { try readSpec(text: Self.write(word["spec"]!), format: .json) }

    private func target(_ word: Word) throws -> Target {
        guard let name = word["name"] as? String else { return .ofSpec(spec: try spec(word)) }
        return .named(name: name, region: word["region"] as! String)
    }

    private func format(_ word: Word) -> Format { ["json": Format.json, "toml": .toml, "yaml": .yaml][word["format"] as! String]! }

    private func consent(_ word: Word) -> [Consent] {
        let known = ["replace": Consent.replace, "delete": .delete, "disconnect": .disconnect, "despite_rules": .despiteRules]
        return (word["consent"] as? [String] ?? []).map { known[$0]! }
    }

    private func elsewhere() throws -> [[String: String]] {
        let route53 = (try Self.read(aws.world()) as! Word)["route53"] as! Word
        return (route53["elsewhere"] as! [[String]]).map { ["name": $0[0], "value": $0[1]] }
    }

    private func serve(_ records: [[String: String]]) throws {
        _ = try aws.deed(deed: Self.write(["set": "elsewhere", "to": records]))
    }

    private func newClient(_ word: Word) throws {
        let throwing = word["throws"] as? String
        let publisher = Publisher(
            publish: { [self] record in
                count("publish")
                if let throwing { throw failing(throwing) }
                let own = ["name": record.name, "value": record.value]
                let served = try elsewhere()
                if !served.contains(own) { try serve(served + [own]) }
            },
            withdraw: { [self] record in try serve(elsewhere().filter { $0["value"] != record.value }) })
        let source = CredentialSource { [self] in
            count("credential")
            let secret = Secret(text: "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==")
            return ProxyCredential(accessKeyId: "ABCDEFGHIJKLMNOPQRSTUVWX", rawSecretAccessKey: secret)
        }
        let log = Log { [self] record in
            lock.withLock { logged.append(["level": "\(record.level)", "target": record.target, "message": record.message]) }
            if let throwing { throw failing(throwing) }
        }
        client = try Client(
            network: word["credentials"] == nil ? nil : Account(credentials: Keys(self)),
            kms: (word["kms_account"] as? String).map { Account(account: $0) },
            publisher: publisher, credential: source, simulated: aws, log: word["log"] == nil ? nil : log)
    }

    private func run(_ word: Word, _ answer: inout Word) async throws -> String {
        let given = try (word["plan"] as? String).map { try Plan.fromJson(text: $0) }
        let run = word["do"] as! String == "teardown"
            ? try client.teardown(target: target(word), consent: consent(word))
            : try client.apply(plan: given ?? plan, consent: consent(word))
        var events: [Any] = []
        defer { answer["events"] = events }
        report = try await run.report { event in
            if word["listener"] != nil, let why = word["throws"] as? String { throw failing(why) }
            events.append(try Self.read(event.json))
            if events.count == word["cancel_after"] as? Int { run.cancel() }
        }
        return try report.toJson()
    }

    func does(_ word: Word, _ answer: inout Word) async throws -> Any {
        switch word["do"] as! String {
        case "version": return version()
        case "world":
            lock.withLock {
                called = called.mapValues { _ in 0 }
                logged = []
            }
            aws = try SimulatedAws(hostedZones: word["hosted_zones"] as! [String], speed: (word["speed"] as? NSNumber)?.doubleValue)
        case "client": try newClient(word)
        case "deed": return try Self.read(aws.deed(deed: Self.write(word["deed"]!)))
        case "script": try aws.duringRun(script: Self.write(word["script"]!))
        case "requests": return try Self.read(aws.requests())
        case "census": return try aws.census()
        case "called": return lock.withLock { called }
        case "logged": return lock.withLock { logged }
        case "sleep": try await Task.sleep(nanoseconds: UInt64((word["seconds"] as! NSNumber).doubleValue * 1e9))
        case "plan":
            plan = try await client.plan(spec: spec(word))
            return try plan.toJson()
        case "plan_teardown": return try await client.planTeardown(target: target(word)).toJson()
        case "apply", "teardown": return try await run(word, &answer)
        case "status": return try await client.status(spec: spec(word)).toJson()
        case "verify": return try await client.verify(target: target(word)).toJson()
        case "read_spec": return try readSpec(text: word["text"] as! String, format: format(word)).name
        case "write_spec": return try writeSpec(spec: spec(word), format: format(word))
        case "diagnose_text": return try diagnoseText(text: word["text"] as! String).toJson()
        case "judged":
            let facts = try await client.facts(target: target(word))
            let diagnosis = try facts.diagnose(told: word["text"] as! String)
            return ["verification": try facts.verify().toJson(), "diagnosis": try diagnosis.toJson()]
        case "policies":
            return ["plan": try plan.policies(), "verify": try policiesForReading(spec: spec(word), verb: .verify)]
        case "probe_name":
            let request = ProbeRequest(addresses: [word["address"] as! String])
            let (name, region) = (word["name"] as! String, word["region"] as! String)
            return try await probeName(privateDnsName: name, region: region, request: request).toJson()
        case "typed":
            let content = try report.content()
            return [
                "store": try plan.content().store, "usually_takes_seconds": try plan.usuallyTakesSeconds(),
                "steps": content.steps.count, "connection_state": content.ids.connectionState ?? "",
            ] as Word
        case "texts":
            let html = try await client.verify(target: target(word)).toHtml()
            return [
                "mermaid": try plan.toMermaid(), "svg": try report.toSvg(), "html": html, "text": try plan.text(),
                "markdown": try report.toMarkdown(),
            ]
        case "end": aws.end()
        case let other: throw Own("`\(other)` is not known")
        }
        return NSNull()
    }

    func told(_ error: any Error, _ answer: inout Word) throws {
        guard let failed = error as? XksError else {
            answer["error"] = ["message": (error as? any LocalizedError)?.errorDescription ?? String(describing: error)]
            return
        }
        let word = "\(failed.kind)".reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : "\($1)" }
        answer["error"] = [
            "kind": word, "message": failed.reason, "help": failed.help, "resource": failed.resource ?? NSNull(),
            "aws_code": failed.awsCode ?? NSNull(), "request_id": failed.requestId ?? NSNull(), "retryable": failed.retryable,
            "problems": failed.problems.map { ["field": $0.field] },
            "cause_is_own": failed.cause.map { ($0 as? Own) === lock.withLock { threw } } ?? false,
        ] as Word
        answer["report"] = try failed.report?.toJson()
    }
}

func answering() async throws {
    let driver = Driver()
    while let line = readLine() {
        var answer: Word = [:]
        do {
            answer["ok"] = try await driver.does(Driver.read(line) as! Word, &answer)
        } catch {
            try driver.told(error, &answer)
        }
        FileHandle.standardOutput.write(Data((try Driver.write(answer) + "\n").utf8))
    }
}

try await answering()
