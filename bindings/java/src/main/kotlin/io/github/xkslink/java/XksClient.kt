// The verbs for Java: futures, a listener, builders. No type of coroutines is in a public signature.

package io.github.xkslink.java

import io.github.xkslink.Account
import io.github.xkslink.Client
import io.github.xkslink.Connectivity
import io.github.xkslink.Consent
import io.github.xkslink.Diagnosis
import io.github.xkslink.DnsPublisher
import io.github.xkslink.Event
import io.github.xkslink.EventListener
import io.github.xkslink.Facts
import io.github.xkslink.LogListener
import io.github.xkslink.Plan
import io.github.xkslink.ProbeReport
import io.github.xkslink.ProbeRequest
import io.github.xkslink.ProxyApi
import io.github.xkslink.ProxyCredentialSource
import io.github.xkslink.Report
import io.github.xkslink.Run
import io.github.xkslink.SimulatedAws
import io.github.xkslink.Status
import io.github.xkslink.Target
import io.github.xkslink.TxtRecord
import io.github.xkslink.Verification
import io.github.xkslink.XksException
import io.github.xkslink.logTo
import java.util.concurrent.CompletableFuture
import java.util.function.Consumer
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.future.future

/**
 * A client of AWS or of a simulated one. Every verb may run at the same time as others, and may be repeated. To cancel a future
 * stops its verb. A future that fails does so with an [XksException.Failed], or with an [IllegalStateException] when the client
 * is closed.
 */
class XksClient private constructor(private val client: Client) : AutoCloseable {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** Makes a client. */
    class Builder internal constructor() {
        private var network: Account? = null
        private var dns: Account? = null
        private var kms: Account? = null
        private var publisher: DnsPublisher? = null
        private var credential: ProxyCredentialSource? = null
        private var simulated: SimulatedAws? = null
        private var log: LogListener? = null

        /** The account of VPC, load balancer and endpoint service; the standard chain by default. */
        fun network(account: Account) = apply { network = account }

        /** The account of Route 53, if another. */
        fun dns(account: Account) = apply { dns = account }

        /** The account of AWS KMS, if another. */
        fun kms(account: Account) = apply { kms = account }

        /** Publishes the TXT record, for `Domain.Callback`. It runs on a thread of its own. */
        fun publisher(publisher: DnsPublisher) = apply { this.publisher = publisher }

        /** The same from two functions. */
        fun publisher(publish: Consumer<TxtRecord>, withdraw: Consumer<TxtRecord>) = publisher(
            object : DnsPublisher {
                override fun publish(record: TxtRecord) = publish.accept(record)

                override fun withdraw(record: TxtRecord) = withdraw.accept(record)
            },
        )

        /** Gives the credential of the proxy, for `Credential.Callback`. It runs on a thread of its own. */
        fun credential(source: ProxyCredentialSource) = apply { credential = source }

        /** A simulated AWS instead of the real one. */
        fun simulated(aws: SimulatedAws) = apply { simulated = aws }

        /** Is told each step, every call to AWS, and the AWS SDK's warnings, on a thread of its own. What it throws changes nothing. */
        fun log(listener: LogListener) = apply { log = listener }

        /** The same to a logger of the platform, which SLF4J and Log4j can stand behind. */
        fun log(logger: System.Logger) = log(logTo(logger))

        /** Makes the client. Nothing is asked of AWS, and no file is read, before a verb needs it. */
        @Throws(XksException::class)
        fun build() = XksClient(Client(network, dns, kms, publisher, credential, simulated, log))
    }

    /** What would change to make the spec true. Reads only. */
    fun plan(spec: Connectivity): CompletableFuture<Plan> = scope.future { client.plan(spec) }

    /** Makes a plan true. The run begins at once. The listener is told each event, in order; what it throws stops the run. */
    @Throws(XksException::class)
    @JvmOverloads
    fun apply(plan: Plan, listener: Consumer<Event>? = null, vararg consent: Consent): XksRun =
        XksRun(client.apply(plan, consent.asList(), listener?.let(::Listening)), scope)

    /** What it would take to take a store down. Reads only. */
    fun planTeardown(target: Target): CompletableFuture<Plan> = scope.future { client.planTeardown(target) }

    /** Takes a store down: plan and apply in one. The run begins at once. */
    @Throws(XksException::class)
    @JvmOverloads
    fun teardown(target: Target, listener: Consumer<Event>? = null, vararg consent: Consent): XksRun =
        XksRun(client.teardown(target, consent.asList(), listener?.let(::Listening)), scope)

    /** How the store of a spec stands. Reads only. */
    fun status(spec: Connectivity): CompletableFuture<Status> = scope.future { client.status(spec) }

    /** Checks every rule against AWS, for a store of any origin. Reads only. */
    fun verify(target: Target): CompletableFuture<Verification> = scope.future { client.verify(target) }

    /** All that AWS tells about a store, and a probe of a spec if one is given. Reads only. */
    @JvmOverloads
    fun facts(target: Target, probe: ProbeRequest? = null): CompletableFuture<Facts> =
        scope.future { client.facts(target, probe) }

    /** Why a store does not connect, or its keys fail. [told] is what was seen: an error, a message, a log. Reads only. */
    @JvmOverloads
    fun diagnose(target: Target, told: String = "", probe: ProbeRequest? = null): CompletableFuture<Diagnosis> =
        scope.future { client.diagnose(target, told, probe) }

    /** Looks at what no AWS API tells, from this host: DNS, certificate, TLS and the proxy API. Reads only. */
    @JvmOverloads
    fun probe(spec: Connectivity, request: ProbeRequest? = null): CompletableFuture<ProbeReport> =
        scope.future { client.probe(spec, request) }

    /** Ends the client. Running verbs go on; later calls fail. */
    override fun close() = client.close()

    companion object {
        /** A builder of clients. */
        @JvmStatic fun builder() = Builder()

        /** Looks at a proxy without AWS and without a spec, under the private DNS name of its endpoint service. Reads only. */
        @JvmStatic
        @JvmOverloads
        fun probeName(
            privateDnsName: String,
            region: String,
            proxy: ProxyApi? = null,
            request: ProbeRequest? = null,
        ): CompletableFuture<ProbeReport> =
            CoroutineScope(Dispatchers.Default).future { io.github.xkslink.probeName(privateDnsName, region, proxy, request) }

        /** A builder of simulated AWS, in this process. */
        @JvmStatic fun simulatedAws() = SimulatedAwsBuilder()

        /** A target: the store of a spec. */
        @JvmStatic fun of(spec: Connectivity): Target = Target.OfSpec(spec)

        /** A target: a store by its name; to verify or diagnose also a key store, its `cks-` id, or an endpoint service. */
        @JvmStatic fun named(name: String, region: String): Target = Target.Named(name, region)
    }
}

/** Makes a simulated AWS: an empty one whose time is virtual, which passes at once while a call waits for it. */
class SimulatedAwsBuilder internal constructor() {
    private var hostedZones: List<String> = listOf()
    private var speed: Double? = null
    private var seed: Long? = null
    private var consistencySeconds: Double? = null
    private var instant = false
    private var beginsNow = false

    /** Public hosted zones in Route 53. */
    fun hostedZones(vararg zones: String) = apply { hostedZones = zones.asList() }

    /** Time that is so many times as fast as real time, instead of virtual. */
    fun speed(speed: Double) = apply { this.speed = speed }

    /** Seed of invented ids and of what lags how much. */
    fun seed(seed: Long) = apply { this.seed = seed }

    /** How late EC2 and KMS show a write, in seconds; about one by default. */
    fun consistencySeconds(seconds: Double) = apply { consistencySeconds = seconds }

    /** Nothing takes time but the calls. */
    fun instant() = apply { instant = true }

    /** The world begins at the present date instead of 2026-01-01. */
    fun beginsNow() = apply { beginsNow = true }

    /** Makes it. */
    @Throws(XksException::class)
    fun build() = SimulatedAws(hostedZones, speed, seed, consistencySeconds, instant, beginsNow)
}

private class Listening(private val listener: Consumer<Event>) : EventListener {
    override fun onEvent(event: Event) = listener.accept(event)
}

/** A running apply or teardown. To close it cancels it, unless it has ended. */
class XksRun internal constructor(private val run: Run, scope: CoroutineScope) : AutoCloseable {
    private val result = scope.future { run.result() }

    /** The report, or what the run failed with. To cancel it cancels the run. */
    fun result(): CompletableFuture<Report> = result

    /** Lets go of the run. AWS is left as the last finished call left it; apply again to go on. */
    fun cancel() = run.cancel()

    /** Whether the run has ended. */
    fun isDone(): Boolean = run.isDone()

    override fun close() {
        run.cancel()
        run.close()
    }
}
