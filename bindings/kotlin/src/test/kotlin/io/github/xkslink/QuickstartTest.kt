package io.github.xkslink

import com.fasterxml.jackson.databind.ObjectMapper
import kotlin.coroutines.CoroutineContext
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** How many calls AWS has got; some may still be without their answer. */
private fun SimulatedAws.calls() = ObjectMapper().readTree(requests()).size()

internal val connectivity = Connectivity(
    name = "payments-hsm",
    region = "eu-central-1",
    network = Network.Create(cidr = "10.60.0.0/24"),
    dataCenter = listOf("10.0.0.0/16"),
    link = Link.VpnGateway(),
    proxy = Proxy(addresses = listOf("10.0.8.10", "10.0.8.11")),
    privateDnsName = "xks.payments.example.com",
    domain = Domain.Route53(),
    keyStore = KeyStore(
        path = "/payments/kms/xks/v1",
        credential = Credential.Value("ABCDEFGHIJKLMNOPQRSTUVWX", Secret("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==")),
    ),
)

/** What a Kotlin author does, in their own words; the conformance suite holds the rest against Rust. */
class QuickstartTest {
    private fun <T> simulated(speed: Double? = null, test: suspend (SimulatedAws, Client) -> T): T =
        SimulatedAws(hostedZones = listOf("example.com"), speed = speed).use { aws ->
            Client(simulated = aws).use { client -> runBlocking { test(aws, client) } }
        }

    @Test
    fun `plan, apply, verify, teardown`() = simulated { aws, client ->
        val plan = client.plan(connectivity)
        assertEquals("payments-hsm", plan.content().store)
        val lines = mutableListOf<String>()
        val report = client.apply(plan).use { run -> run.result { lines += it.line } }
        assertEquals("CONNECTED", report.content().ids.connectionState)
        assertTrue(lines.size > 20)
        assertTrue(client.plan(connectivity).content().steps.isEmpty())
        assertTrue(client.verify(connectivity).content().checks.none { it.verdict is CheckVerdict.Fail && it.severity != Severity.RISK })
        client.teardown(connectivity, listOf(Consent.DISCONNECT)).use { it.result() }
        assertEquals(0L, aws.census()["vpcs"])
    }

    @Test
    fun `leaving the flow of events lets the run go on`() = simulated { _, client ->
        client.apply(client.plan(connectivity)).use { run ->
            assertEquals(listOf(1L, 2L, 3L), run.events().take(3).toList().map { it.number })
            assertTrue(run.result().content().outcome is Outcome.Complete)
        }
    }

    @Test
    fun `cancelling the coroutine stops the run`() = simulated(speed = 200.0) { aws, client ->
        val run = client.apply(client.plan(connectivity))
        val job = launchIn(Dispatchers.Default) { run.result() }
        while (aws.census()["vpcs"] == 0L) delay(5)
        job.cancelAndJoin()
        assertTrue(run.isDone() || withTimeoutOrNull(2000) { while (!run.isDone()) delay(5) } != null)
        val asked = aws.calls()
        delay(300)
        assertEquals(asked, aws.calls())
        val failed = assertThrows(XksException.Failed::class.java) { runBlocking { run.result() } }
        assertEquals(ErrorKind.CANCELLED, failed.kind)
        assertTrue(failed.retryable)
    }

    @Test
    fun `a coroutine without a dispatcher goes on outside of the library's threads`() = simulated { _, client ->
        val threads = mutableSetOf<String>()
        launchIn(Dispatchers.Unconfined) {
            client.apply(client.plan(connectivity)).use { run -> run.result { threads += Thread.currentThread().name } }
        }.join()
        assertTrue(threads.isNotEmpty() && threads.all { it.startsWith("DefaultDispatcher-worker-") }, threads.toString())
    }

    @Test
    fun `a timeout stops a verb that waits`() = simulated(speed = 1.0) { _, client ->
        assertNull(withTimeoutOrNull(300) { client.apply(client.plan(connectivity)).use { it.result() } })
    }

    @Test
    fun `the package has the version of the library`() {
        val parent = Regex("<artifactId>xkslink-parent</artifactId>\\s*<version>([^<]+)<").find(java.io.File("pom.xml").readText())
        assertEquals(version(), parent?.groupValues?.get(1))
    }

    @Test
    fun `no text shows a secret`() {
        assertFalse("c2Vj" in connectivity.toString())
        assertFalse("c2Vj" in writeSpec(connectivity, Format.YAML))
    }

    @Test
    fun `every problem of a spec is told, with its field`() = simulated { _, client ->
        val failed = assertThrows(XksException.Failed::class.java) {
            runBlocking { client.plan(connectivity.copy(name = "", dataCenter = listOf("10.60.0.0/16"))) }
        }
        assertEquals(ErrorKind.INVALID_SPEC, failed.kind)
        assertTrue(failed.problems.map { it.field }.contains("name"))
        assertTrue(failed.problems.size >= 2)
    }
}

/** Starts a call on a scope of its own. */
private fun launchIn(context: CoroutineContext, call: suspend () -> Unit) = CoroutineScope(context).launch { call() }
