// The quickstart in Kotlin: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument `aws` on the real one.

import io.github.xkslink.*
import kotlin.time.Duration.Companion.hours
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

val spec = Connectivity(
    name = "payments-hsm",
    region = "eu-central-1",
    network = Network.Create(cidr = "10.60.0.0/24"),
    dataCenter = listOf("10.0.0.0/16"),
    link = Link.VpnGateway(),
    proxy = Proxy(addresses = listOf("10.0.8.10", "10.0.8.11")),
    privateDnsName = "xks.payments.example.com",
    domain = Domain.Route53(),
    keyStore = KeyStore(path = "/payments/kms/xks/v1", credential = Credential.Environment("XKS_KEY_ID", "XKS_SECRET")),
)

fun configured() = Client(
    network = Account(profile = "network"),
    kms = Account(roleArn = "arn:aws:iam::444455556666:role/keys"),
)

suspend fun deploy(client: Client) {
    val plan = client.plan(spec)
    println(plan.text())
    val report = withTimeout(1.hours) {
        client.apply(plan).use { run -> run.result { event -> println(event.line) } }
    }
    println(report.text())
    println(client.verify(spec).text())
}

suspend fun simulated() =
    SimulatedAws(hostedZones = listOf("example.com")).use { aws ->
        Client(simulated = aws).use { client ->
            deploy(client)
            client.teardown(spec, listOf(Consent.DISCONNECT)).use { it.result() }
            check(aws.census()["vpcs"] == 0L)
        }
    }

fun main(arguments: Array<String>) = runBlocking {
    if ("aws" in arguments) configured().use { deploy(it) } else simulated()
}
