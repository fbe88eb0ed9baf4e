// What Swift has and the generated bindings have not: a run as an asynchronous sequence, a task that stops its run, closures as
// callbacks, and errors with properties.

import Foundation

extension Run {
    /// The events as they come, until the run has ended. Iterate once, and ask for the result afterwards; leaving early lets the
    /// run go on.
    public var events: RunEvents { RunEvents(run: self) }

    /// Waits for the end and tells each event meanwhile. Cancelling the task stops the run, as does what `onEvent` throws; apply
    /// again to go on.
    ///
    /// - Throws: `XksError` of the kind `cancelled` when the task was cancelled, and what else the run failed with.
    public func report(onEvent: (Event) throws -> Void = { _ in }) async throws -> Report {
        try await withTaskCancellationHandler {
            do {
                for try await event in events { try onEvent(event) }
            } catch {
                cancel()
                throw error
            }
            return try await result()
        } onCancel: {
            cancel()
        }
    }
}

/// The events of a run.
public struct RunEvents: AsyncSequence, AsyncIteratorProtocol {
    let run: Run

    public func makeAsyncIterator() -> RunEvents { self }

    public func next() async throws -> Event? { try await run.nextEvent() }
}

extension Client {
    /// Checks every rule against AWS for the store of a spec. Reads only.
    public func verify(spec: Connectivity) async throws -> Verification { try await verify(target: .ofSpec(spec: spec)) }

    /// Takes the store of a spec down. The run begins at once.
    public func teardown(spec: Connectivity, consent: [Consent] = []) throws -> Run {
        try teardown(target: .ofSpec(spec: spec), consent: consent)
    }
}

/// A publisher of closures, for the domain `callback`. They run on a thread of their own, where they may block.
public final class Publisher: DnsPublisher {
    private let published: @Sendable (TxtRecord) throws -> Void
    private let withdrawn: @Sendable (TxtRecord) throws -> Void

    public init(
        publish: @escaping @Sendable (TxtRecord) throws -> Void, withdraw: @escaping @Sendable (TxtRecord) throws -> Void = { _ in }
    ) {
        (published, withdrawn) = (publish, withdraw)
    }

    public func publish(record: TxtRecord) throws { try refusing { try published(record) } }

    public func withdraw(record: TxtRecord) throws { try refusing { try withdrawn(record) } }
}

/// The proxy's credential from a closure, for the credential `callback`.
public final class CredentialSource: ProxyCredentialSource {
    private let give: @Sendable () throws -> ProxyCredential

    public init(give: @escaping @Sendable () throws -> ProxyCredential) { self.give = give }

    public func credential() throws -> ProxyCredential { try refusing(give) }
}

/// What is logged to a closure, which runs on a thread of its own.
public final class Log: LogListener {
    private let tell: @Sendable (LogRecord) throws -> Void

    public init(tell: @escaping @Sendable (LogRecord) throws -> Void) { self.tell = tell }

    public func onRecord(record: LogRecord) throws { try refusing { try tell(record) } }
}

/// What a closure of the caller threw, kept while its error passes through Rust.
private final class Kept: Thrown {
    let error: any Error

    init(_ error: any Error) { self.error = error }

    // Not `localizedDescription`, which crashes on Linux if the error is a class.
    func text() -> String { (error as? any LocalizedError)?.errorDescription ?? String(describing: error) }
}

extension XksError: CustomStringConvertible, CustomDebugStringConvertible {
    /// What a caller can decide by.
    public var kind: ErrorKind { parts.kind }

    /// What was being done and what went wrong, one line; a line for each problem of a spec.
    public var reason: String { parts.reason }

    /// What a person can do about it.
    public var help: String { parts.help }

    /// The resource it happened at, such as `subnet euc1-az1`.
    public var resource: String? { parts.resource }

    /// AWS's own error code.
    public var awsCode: String? { parts.awsCode }

    /// AWS's request id, for support cases.
    public var requestId: String? { parts.requestId }

    /// Whether the same call may succeed later without any change.
    public var retryable: Bool { parts.retryable }

    /// Every problem of a spec; empty for other errors.
    public var problems: [Problem] { parts.problems }

    /// The rules that do not hold, when that is why.
    public var broken: [Check] { parts.broken }

    /// What apply or teardown had done until then.
    public var report: Report? { parts.report }

    /// What a closure of the caller threw, if that is why.
    public var cause: (any Error)? { (parts.thrown as? Kept)?.error }

    /// What went wrong, and what to do about it.
    public var description: String { "\(reason); \(help)" }

    /// The same: `localizedDescription` is made of it, and what a program prints that ends with the error.
    public var debugDescription: String { description }

    private var parts: Parts {
        switch self {
        case let .Failed(kind, reason, help, resource, awsCode, requestId, retryable, problems, broken, report, thrown):
            (kind, reason, help, resource, awsCode, requestId, retryable, problems, broken, report, thrown)
        }
    }

    private typealias Parts = (
        kind: ErrorKind, reason: String, help: String, resource: String?, awsCode: String?, requestId: String?, retryable: Bool,
        problems: [Problem], broken: [Check], report: Report?, thrown: (any Thrown)?
    )
}

/// What a callback throws goes to Rust as text and as itself, and comes back as the cause of the error.
private func refusing<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch {
        throw CallbackError.Refused(thrown: Kept(error))
    }
}
