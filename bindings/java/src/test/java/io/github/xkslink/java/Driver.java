package io.github.xkslink.java;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.xkslink.*;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** The driver of the conformance suite: see bindings/conformance/README.md. */
final class Driver implements DnsPublisher {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String KEY_ID = "ABCDEFGHIJKLMNOPQRSTUVWX";
    private static final String SECRET = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

    private final Map<String, Integer> called = new ConcurrentHashMap<>();
    private final List<Map<String, String>> logged = Collections.synchronizedList(new ArrayList<>());
    private SimulatedAws aws;
    private XksClient client;
    private Plan plan;
    private Report report;
    private String throwing;
    private RuntimeException threw;

    private static String text(JsonNode word, String name) {
        return word.hasNonNull(name) ? word.get(name).asText() : null;
    }

    private static Format format(JsonNode word) {
        return Format.valueOf(text(word, "format").toUpperCase());
    }

    private static Connectivity spec(JsonNode word) throws XksException {
        return XkslinkKt.readSpec(word.get("spec").toString(), Format.JSON);
    }

    private static Target target(JsonNode word) throws XksException {
        String name = text(word, "name");
        return name == null ? XksClient.of(spec(word)) : XksClient.named(name, text(word, "region"));
    }

    private static Consent[] consent(JsonNode word) {
        List<Consent> given = new ArrayList<>();
        word.path("consent").forEach(each -> given.add(Consent.valueOf(each.asText().toUpperCase())));
        return given.toArray(new Consent[0]);
    }

    private void call(String name) {
        called.merge(name, 1, Integer::sum);
    }

    private RuntimeException failing(String why) {
        threw = new IllegalStateException(why);
        return threw;
    }

    private ArrayNode elsewhere() throws Exception {
        ArrayNode served = JSON.createArrayNode();
        for (JsonNode each : JSON.readTree(aws.world()).at("/route53/elsewhere")) {
            served.addObject().put("name", each.get(0).asText()).put("value", each.get(1).asText());
        }
        return served;
    }

    private void serve(ArrayNode records) throws Exception {
        ObjectNode deed = JSON.createObjectNode().put("set", "elsewhere");
        deed.set("to", records);
        aws.deed(deed.toString());
    }

    @Override
    public void publish(TxtRecord record) {
        call("publish");
        if (throwing != null) {
            throw failing(throwing);
        }
        try {
            ArrayNode served = elsewhere();
            ObjectNode own = JSON.createObjectNode().put("name", record.getName()).put("value", record.getValue());
            for (JsonNode each : served) {
                if (each.equals(own)) {
                    return;
                }
            }
            serve(served.add(own));
        } catch (Exception thrown) {
            throw new IllegalStateException(thrown);
        }
    }

    @Override
    public void withdraw(TxtRecord record) {
        try {
            ArrayNode left = JSON.createArrayNode();
            elsewhere().forEach(each -> {
                if (!each.get("value").asText().equals(record.getValue())) {
                    left.add(each);
                }
            });
            serve(left);
        } catch (Exception thrown) {
            throw new IllegalStateException(thrown);
        }
    }

    private void newClient(JsonNode word) throws XksException {
        throwing = text(word, "throws");
        XksClient.Builder builder = XksClient.builder().simulated(aws).publisher(this).credential(() -> {
            call("credential");
            return new ProxyCredential(KEY_ID, new Secret(SECRET));
        });
        if (word.hasNonNull("kms_account")) {
            builder.kms(Xks.account().account(text(word, "kms_account")).build());
        }
        if (word.has("credentials")) {
            AwsCredentialSource source = AwsSdk.credentials(StaticCredentialsProvider.create(AwsBasicCredentials.create("AKIA111122223333", "simulated")));
            builder.network(Xks.account().credentials(() -> {
                call("aws_credentials");
                return source.credentials();
            }).build());
        }
        if (word.has("log")) {
            builder.log(record -> {
                String level = record.getLevel().name().toLowerCase();
                logged.add(Map.of("level", level, "target", record.getTarget(), "message", record.getMessage()));
                if (throwing != null) {
                    throw failing(throwing);
                }
            });
        }
        client = builder.build();
    }

    private String run(JsonNode word, ObjectNode answer) throws Exception {
        List<Event> events = Collections.synchronizedList(new ArrayList<>());
        java.util.function.Consumer<Event> listener = event -> {
            if (word.has("listener") && word.hasNonNull("throws")) {
                throw failing(text(word, "throws"));
            }
            events.add(event);
        };
        String given = text(word, "plan");
        try (XksRun run = text(word, "do").equals("teardown")
                ? client.teardown(target(word), listener, consent(word))
                : client.apply(given == null ? plan : Plan.Companion.fromJson(given), listener, consent(word))) {
            if (word.has("cancel_after")) {
                while (events.size() < word.get("cancel_after").asInt()) {
                    Thread.sleep(5);
                }
                run.cancel();
            }
            report = run.result().join();
            return report.toJson();
        } finally {
            ArrayNode told = answer.putArray("events");
            for (Event event : events) {
                told.add(JSON.readTree(event.getJson()));
            }
        }
    }

    private Object does(JsonNode word, ObjectNode answer) throws Exception {
        switch (text(word, "do")) {
            case "version":
                return XkslinkKt.version();
            case "world":
                for (String name : List.of("publish", "credential", "aws_credentials")) {
                    called.put(name, 0);
                }
                logged.clear();
                List<String> zones = new ArrayList<>();
                word.get("hosted_zones").forEach(each -> zones.add(each.asText()));
                SimulatedAwsBuilder world = XksClient.simulatedAws().hostedZones(zones.toArray(new String[0]));
                aws = (word.has("speed") ? world.speed(word.get("speed").asDouble()) : world).build();
                return null;
            case "client":
                newClient(word);
                return null;
            case "deed":
                return JSON.readTree(aws.deed(word.get("deed").toString()));
            case "script":
                aws.duringRun(word.get("script").toString());
                return null;
            case "requests":
                return JSON.readTree(aws.requests());
            case "census":
                return aws.census();
            case "called":
                return called;
            case "logged":
                return new ArrayList<>(logged);
            case "sleep":
                Thread.sleep((long) (word.get("seconds").asDouble() * 1000));
                return null;
            case "plan":
                plan = client.plan(spec(word)).join();
                return plan.toJson();
            case "plan_teardown":
                return client.planTeardown(target(word)).join().toJson();
            case "apply":
            case "teardown":
                return run(word, answer);
            case "status":
                return client.status(spec(word)).join().toJson();
            case "verify":
                return client.verify(target(word)).join().toJson();
            case "read_spec":
                return XkslinkKt.readSpec(text(word, "text"), format(word)).getName();
            case "write_spec":
                return XkslinkKt.writeSpec(spec(word), format(word));
            case "diagnose_text":
                return XkslinkKt.diagnoseText(text(word, "text")).toJson();
            case "judged":
                Facts facts = client.facts(target(word)).join();
                return Map.of("verification", facts.verify().toJson(), "diagnosis", facts.diagnose(text(word, "text")).toJson());
            case "policies":
                return Map.of("plan", plan.policies(), "verify", XkslinkKt.policiesForReading(spec(word), ReadingVerb.VERIFY));
            case "probe_name":
                ProbeRequest request = Xks.probeRequest().addresses(List.of(text(word, "address"))).build();
                return XksClient.probeName(text(word, "name"), text(word, "region"), null, request).join().toJson();
            case "typed":
                ReportDocument content = report.content();
                return Map.of("store", plan.content().getStore(), "steps", content.getSteps().size(),
                        "usually_takes_seconds", plan.usuallyTakesSeconds(),
                        "connection_state", content.getIds().getConnectionState());
            case "texts":
                return Map.of("mermaid", plan.toMermaid(), "svg", report.toSvg(), "text", plan.text(),
                        "markdown", report.toMarkdown(), "html", client.verify(target(word)).join().toHtml());
            case "null":
                return client.plan(null).join();
            case "closed":
                client.close();
                return client.plan(spec(word)).join();
            case "end":
                aws.end();
                return null;
            default:
                throw new IllegalArgumentException(text(word, "do") + " is not known");
        }
    }

    private void error(Throwable thrown, ObjectNode answer) throws Exception {
        ObjectNode error = answer.putObject("error").put("message", thrown.toString());
        if (!(thrown instanceof XksException.Failed failed)) {
            return;
        }
        error.put("kind", failed.getKind().name().toLowerCase()).put("message", failed.getReason()).put("help", failed.getHelp());
        error.put("resource", failed.getResource()).put("aws_code", failed.getAwsCode()).put("request_id", failed.getRequestId());
        error.put("retryable", failed.getRetryable()).put("cause_is_own", threw != null && failed.getCause() == threw);
        ArrayNode problems = error.putArray("problems");
        failed.getProblems().forEach(each -> problems.addObject().put("field", each.getField()));
        if (failed.getReport() != null) {
            answer.put("report", failed.getReport().toJson());
        }
    }

    public static void main(String[] arguments) throws Exception {
        Driver driver = new Driver();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            ObjectNode answer = JSON.createObjectNode();
            try {
                answer.putPOJO("ok", driver.does(JSON.readTree(line), answer));
            } catch (CompletionException thrown) {
                driver.error(thrown.getCause(), answer);
            } catch (Exception thrown) {
                driver.error(thrown, answer);
            }
            System.out.println(JSON.writeValueAsString(answer));
        }
    }
}
