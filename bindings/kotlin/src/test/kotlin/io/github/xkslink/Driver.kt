// The driver of the conformance suite: see bindings/conformance/README.md.

package io.github.xkslink

import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.ObjectMapper
import com.fasterxml.jackson.databind.node.ObjectNode
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking

private val json = ObjectMapper()
private const val KEY_ID = "ABCDEFGHIJKLMNOPQRSTUVWX"
private const val SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="

private fun JsonNode.text(name: String): String? = get(name)?.takeUnless { it.isNull }?.asText()

private fun format(word: JsonNode) = Format.valueOf(word.text("format")!!.uppercase())

private fun spec(word: JsonNode) = readSpec(word["spec"].toString(), Format.JSON)

private fun target(word: JsonNode): Target =
    word.text("name")?.let { Target.Named(it, word.text("region")!!) } ?: Target.OfSpec(spec(word))

private fun consent(word: JsonNode) =
    word["consent"]?.map { Consent.valueOf(it.asText().uppercase()) } ?: listOf()

private class Driver {
    lateinit var aws: SimulatedAws
    lateinit var client: Client
    var plan: Plan? = null
    var report: Report? = null
    var threw: Throwable? = null
    val logged = java.util.Collections.synchronizedList(mutableListOf<Map<String, String>>())
    val called = mutableMapOf("publish" to 0, "credential" to 0, "aws_credentials" to 0)

    fun call(name: String) = called.merge(name, 1, Int::plus)

    fun fail(why: String): Nothing = throw IllegalStateException(why).also { threw = it }

    fun elsewhere() = json.readTree(aws.world())["route53"]["elsewhere"].map { it[0].asText() to it[1].asText() }

    fun serve(records: List<Pair<String, String>>) {
        val to = records.map { (name, value) -> mapOf("name" to name, "value" to value) }
        aws.deed(json.writeValueAsString(mapOf("set" to "elsewhere", "to" to to)))
    }

    fun newClient(word: JsonNode) {
        val throws = word.text("throws")
        val publisher = dnsPublisher(withdraw = { record -> serve(elsewhere().filter { it.second != record.value }) }) {
            call("publish")
            throws?.let { fail(it) }
            if ((it.name to it.value) !in elsewhere()) serve(elsewhere() + (it.name to it.value))
        }
        val credential = proxyCredential {
            call("credential")
            ProxyCredential(KEY_ID, Secret(SECRET))
        }
        val credentials = awsCredentials {
            call("aws_credentials")
            AwsCredentials("AKIA111122223333", Secret("simulated"))
        }
        val log = logListener {
            logged += mapOf("level" to it.level.name.lowercase(), "target" to it.target, "message" to it.message)
            throws?.let { fail(it) }
        }
        client = Client(
            network = if (word.has("credentials")) Account(credentials = credentials) else null,
            kms = word.text("kms_account")?.let { Account(account = it) },
            publisher = publisher,
            credential = credential,
            simulated = aws,
            log = log.takeIf { word.has("log") },
        )
    }

    suspend fun go(run: Run, word: JsonNode, answer: ObjectNode, told: List<Event>): String = coroutineScope {
        val events = mutableListOf<Event>()
        try {
            val waited = async {
                if (word.has("listener")) run.result() else run.result(onEvent = { events += it })
            }
            if (word.has("cancel_after")) {
                while (events.size < word["cancel_after"].asInt()) delay(5)
                waited.cancelAndJoin()
                // What Kotlin throws is a CancellationException; the run says the same in its own words.
                run.result()
            }
            waited.await().also { report = it }.toJson()
        } finally {
            answer.putArray("events").addAll((told + events).map { json.readTree(it.json) })
        }
    }

    suspend fun does(word: JsonNode, answer: ObjectNode): Any? = when (val what = word.text("do")) {
        "version" -> version()
        "world" -> {
            aws = SimulatedAws(word["hosted_zones"].map { it.asText() }, word["speed"]?.asDouble())
            called.replaceAll { _, _ -> 0 }
            logged.clear()
        }
        "client" -> newClient(word)
        "deed" -> json.readTree(aws.deed(word["deed"].toString()))
        "script" -> aws.duringRun(word["script"].toString())
        "requests" -> json.readTree(aws.requests())
        "census" -> aws.census()
        "called" -> called
        "logged" -> logged.toList()
        "sleep" -> delay((word["seconds"].asDouble() * 1000).toLong())
        "plan" -> client.plan(spec(word)).also { plan = it }.toJson()
        "plan_teardown" -> client.planTeardown(target(word)).toJson()
        "apply", "teardown" -> {
            val told = mutableListOf<Event>()
            val listener = if (!word.has("listener")) null else object : EventListener {
                override fun onEvent(event: Event) {
                    word.text("throws")?.let { fail(it) }
                    told += event
                }
            }
            val run = if (what == "teardown") client.teardown(target(word), consent(word), listener)
                else client.apply(word.text("plan")?.let(Plan::fromJson) ?: plan!!, consent(word), listener)
            go(run, word, answer, told)
        }
        "status" -> client.status(spec(word)).toJson()
        "verify" -> client.verify(target(word)).toJson()
        "read_spec" -> readSpec(word.text("text")!!, format(word)).name
        "write_spec" -> writeSpec(spec(word), format(word))
        "diagnose_text" -> diagnoseText(word.text("text")!!).toJson()
        "judged" -> client.facts(target(word)).let {
            mapOf("verification" to it.verify().toJson(), "diagnosis" to it.diagnose(word.text("text")!!).toJson())
        }
        "policies" -> mapOf("plan" to plan!!.policies(), "verify" to policiesForReading(spec(word), ReadingVerb.VERIFY))
        "probe_name" ->
            probeName(word.text("name")!!, word.text("region")!!, request = ProbeRequest(addresses = listOf(word.text("address")!!))).toJson()
        "typed" -> {
            val content = report!!.content()
            mapOf(
                "store" to plan!!.content().store, "usually_takes_seconds" to plan!!.usuallyTakesSeconds(),
                "steps" to content.steps.size, "connection_state" to content.ids.connectionState,
            )
        }
        "texts" -> mapOf(
            "mermaid" to plan!!.toMermaid(), "svg" to report!!.toSvg(), "html" to client.verify(spec(word)).toHtml(),
            "text" to plan!!.text(), "markdown" to report!!.toMarkdown(),
        )
        // A caller in Java can do this; Kotlin itself would not compile it.
        "null" -> Client::class.java.methods.first { it.name == "plan" }.invoke(client, null, null)
        "closed" -> {
            client.close()
            client.plan(spec(word))
        }
        "end" -> aws.end()
        else -> error("`$what` is not known")
    }

    fun error(thrown: Throwable, answer: ObjectNode) {
        val error = answer.putObject("error")
        if (thrown !is XksException.Failed) {
            error.put("message", thrown.toString())
            return
        }
        error.put("kind", thrown.kind.name.lowercase()).put("message", thrown.reason).put("help", thrown.help)
        error.put("resource", thrown.resource).put("aws_code", thrown.awsCode).put("request_id", thrown.requestId)
        error.put("retryable", thrown.retryable).put("cause_is_own", thrown.cause != null && thrown.cause === threw)
        thrown.problems.forEach { error.withArray("problems").addObject().put("field", it.field) }
        thrown.report?.let { answer.put("report", it.toJson()) }
    }
}

fun main() = runBlocking {
    val driver = Driver()
    for (line in generateSequence(::readLine)) {
        val answer = json.createObjectNode()
        try {
            answer.putPOJO("ok", driver.does(json.readTree(line), answer).takeUnless { it == Unit })
        } catch (thrown: CancellationException) {
            throw thrown
        } catch (thrown: Throwable) {
            driver.error(thrown.cause?.takeIf { thrown is java.lang.reflect.InvocationTargetException } ?: thrown, answer)
        }
        println(json.writeValueAsString(answer))
    }
}
