// What Swift has and the generated bindings have not: a run as an asynchronous sequence, a task that stops its run, and closures
// as callbacks.

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

extension XksError {
    /// What a closure of the caller threw, if that is why.
    public var cause: (any Error)? {
        guard case let .Failed(_, _, _, _, _, _, _, _, _, _, thrown) = self else { return nil }
        return (thrown as? Kept)?.error
    }
}

/// What a callback throws goes to Rust as text and as itself, and comes back as the cause of the error.
private func refusing<Value>(_ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch {
        throw CallbackError.Refused(thrown: Kept(error))
    }
}
