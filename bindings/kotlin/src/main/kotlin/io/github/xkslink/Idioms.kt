// What Kotlin has and the generated bindings have not: flows, functions as callbacks, and targets without ceremony.

package io.github.xkslink

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.runBlocking

/**
 * The events as they come, until the run has ended. Collect them once, and ask for the [Run.result] afterwards. To stop
 * collecting lets the run go on.
 */
fun Run.events(): Flow<Event> = flow {
    while (true) {
        emit(nextEvent() ?: break)
    }
}

/**
 * Waits for the end and tells each event meanwhile. Cancelling the coroutine stops the run, as does what [onEvent] throws;
 * apply again to go on.
 *
 * @return the report
 * @throws XksException.Failed what the run failed with
 */
suspend fun Run.result(onEvent: suspend (Event) -> Unit): Report {
    try {
        events().collect(onEvent)
    } catch (thrown: Throwable) {
        cancel()
        throw thrown
    }
    return result()
}

/** Checks every rule against AWS for the store of a spec. Reads only. */
suspend fun Client.verify(spec: Connectivity): Verification = verify(Target.OfSpec(spec))

/** Why the store of a spec does not connect: see the verb of the same name. */
suspend fun Client.diagnose(spec: Connectivity, told: String = "", probe: ProbeRequest? = null): Diagnosis =
    diagnose(Target.OfSpec(spec), told, probe)

/** What it would take to take the store of a spec down. Reads only. */
suspend fun Client.planTeardown(spec: Connectivity): Plan = planTeardown(Target.OfSpec(spec))

/** Takes the store of a spec down. The run begins at once. */
fun Client.teardown(spec: Connectivity, consent: List<Consent> = listOf()): Run = teardown(Target.OfSpec(spec), consent)

/** A publisher from functions, for `Domain.Callback`. They run on a thread of their own, where they may block or suspend. */
fun dnsPublisher(withdraw: suspend (TxtRecord) -> Unit = {}, publish: suspend (TxtRecord) -> Unit): DnsPublisher =
    object : DnsPublisher {
        override fun publish(record: TxtRecord) = runBlocking { publish(record) }

        override fun withdraw(record: TxtRecord) = runBlocking { withdraw(record) }
    }

/** A source of the proxy's credential from a function, for `Credential.Callback`. */
fun proxyCredential(give: suspend () -> ProxyCredential): ProxyCredentialSource =
    object : ProxyCredentialSource {
        override fun credential() = runBlocking { give() }
    }

/** A source of AWS credentials from a function, which is asked again when they expire. */
fun awsCredentials(give: suspend () -> AwsCredentials): AwsCredentialSource =
    object : AwsCredentialSource {
        override fun credentials() = runBlocking { give() }
    }

/** A listener to what is logged from a function. It runs on a thread of its own. */
fun logListener(tell: (LogRecord) -> Unit): LogListener =
    object : LogListener {
        override fun onRecord(record: LogRecord) = tell(record)
    }

/** Writes what is logged to a logger of the platform, which SLF4J and Log4j can stand behind. */
fun logTo(logger: System.Logger): LogListener = logListener { logger.log(it.level.ofPlatform(), "${it.target}: ${it.message}") }

private fun LogLevel.ofPlatform() = when (this) {
    LogLevel.ERROR -> System.Logger.Level.ERROR
    LogLevel.WARN -> System.Logger.Level.WARNING
    LogLevel.INFO -> System.Logger.Level.INFO
    LogLevel.DEBUG -> System.Logger.Level.DEBUG
    LogLevel.TRACE -> System.Logger.Level.TRACE
}
