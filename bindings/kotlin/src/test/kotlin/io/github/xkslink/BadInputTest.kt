package io.github.xkslink

import java.io.File
import java.nio.file.Path
import kotlinx.coroutines.runBlocking
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What is not as it should be is told in Kotlin's own way; the conformance suite has more, the same for every language. */
class BadInputTest {
    private fun failure(call: suspend () -> Unit) = assertThrows(XksException.Failed::class.java) { runBlocking { call() } }

    private fun <T> simulated(test: (SimulatedAws) -> T): T = SimulatedAws(listOf("example.com")).use(test)

    @Test
    fun `what a callback throws is the cause, be it an Exception or an Error`() = simulated { aws ->
        for (thrown in listOf(IllegalArgumentException("no route"), AssertionError("no route"))) {
            Client(publisher = dnsPublisher { throw thrown }, simulated = aws).use { client ->
                val plan = runBlocking { client.plan(connectivity.copy(domain = Domain.Callback)) }
                val failed = failure { client.apply(plan).use { it.result() } }
                assertEquals(ErrorKind.CALLBACK, failed.kind)
                assertSame(thrown, failed.cause)
                assertTrue("no route" in failed.reason, failed.reason)
            }
        }
    }

    @Test
    fun `a source of AWS credentials that throws is the cause`() = simulated { aws ->
        val thrown = java.io.IOException("the vault is sealed")
        Client(network = Account(credentials = awsCredentials { throw thrown }), simulated = aws).use { client ->
            assertSame(thrown, failure { client.plan(connectivity) }.cause)
        }
    }

    @Test
    fun `a message says what to do`() = simulated { aws ->
        Client(simulated = aws).use { client ->
            val failed = failure { client.plan(connectivity.copy(proxy = Proxy(listOf("10.0.8.10")))) }
            assertEquals("${failed.reason}; ${failed.help}", failed.message)
            assertNull(failed.cause)
        }
    }

    @Test
    fun `what is closed says so`() = simulated { aws ->
        fun told(what: String, call: suspend () -> Unit) {
            val thrown = assertThrows(IllegalStateException::class.java) { runBlocking { call() } }
            assertEquals("this $what is closed: make a new one", thrown.message)
        }
        val client = Client(simulated = aws)
        val plan = runBlocking { client.plan(connectivity) }
        plan.close()
        told("Plan") { plan.text() }
        told("Plan") { client.apply(plan) }
        client.close()
        told("Client") { client.plan(connectivity) }
        told("SimulatedAws") { Client(simulated = SimulatedAws().also { it.close() }) }
    }

    @Test
    fun `a platform without a native library is told what to do`(@TempDir empty: Path) {
        val classes = File("target/classes")
        classes.walk().filter { it.isFile && "xkslink_ffi" !in it.name }.forEach {
            it.copyTo(empty.resolve(it.relativeTo(classes).path).toFile())
        }
        val path = listOf(empty, "target/test-classes", File("target/classpath").readText()).joinToString(File.pathSeparator)
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val process = ProcessBuilder(java, "-cp", path, "io.github.xkslink.DriverKt").redirectErrorStream(true).start()
        process.outputStream.bufferedWriter().use { it.write("{\"do\": \"version\"}\n") }
        val told = process.inputStream.bufferedReader().readText()
        assertEquals(0, process.waitFor(), told)
        assertTrue("xkslink has no native library for " in told && "-Djna.library.path" in told, told)
    }
}
