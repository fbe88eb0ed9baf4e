package io.github.xkslink.java;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.xkslink.*;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;

/** What a Java author does; the conformance suite holds the rest against Rust. */
class QuickstartTest {
    private SimulatedAws aws;

    private XksClient client() throws XksException {
        return client(XksClient.simulatedAws());
    }

    private XksClient client(SimulatedAwsBuilder world) throws XksException {
        aws = world.hostedZones("example.com").build();
        return XksClient.builder().simulated(aws).build();
    }

    /** How many calls AWS has got; some may still be without their answer. */
    private int calls() throws Exception {
        return new ObjectMapper().readTree(aws.requests()).size();
    }

    @AfterEach
    void end() {
        aws.end();
    }

    static ConnectivityBuilder connectivity() {
        return Xks.connectivity()
                .name("payments-hsm")
                .region("eu-central-1")
                .network(Xks.networkCreate().cidr("10.60.0.0/24").build())
                .dataCenter(List.of("10.0.0.0/16"))
                .link(Xks.linkVpnGateway().build())
                .proxy(Xks.proxy().addresses(List.of("10.0.8.10", "10.0.8.11")).build())
                .privateDnsName("xks.payments.example.com")
                .domain(Xks.domainRoute53().build())
                .keyStore(Xks.keyStore()
                        .path("/payments/kms/xks/v1")
                        .credential(Xks.credentialValue()
                                .accessKeyId("ABCDEFGHIJKLMNOPQRSTUVWX")
                                .rawSecretAccessKey(new Secret("c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA=="))
                                .build())
                        .build());
    }

    @Test
    void planApplyVerifyTeardown() throws Exception {
        try (XksClient client = client()) {
            Connectivity spec = connectivity().build();
            List<String> lines = new ArrayList<>();
            Plan plan = client.plan(spec).join();
            Report report = client.apply(plan, event -> lines.add(event.getLine())).result().join();
            assertEquals("CONNECTED", report.content().getIds().getConnectionState());
            assertTrue(lines.size() > 20);
            for (Check check : client.verify(XksClient.of(spec)).join().content().getChecks()) {
                assertTrue(check.getSeverity() == Severity.RISK || !(check.getVerdict() instanceof CheckVerdict.Fail), check.getRule());
            }
            client.teardown(XksClient.named("payments-hsm", "eu-central-1"), Consent.DISCONNECT).result().join();
            assertEquals(0L, aws.census().get("vpcs"));
        }
    }

    @Test
    void cancellingTheFutureStopsTheRun() throws Exception {
        try (XksClient client = client(XksClient.simulatedAws().speed(200))) {
            XksRun run = client.apply(client.plan(connectivity().build()).join());
            while (aws.census().get("vpcs") == 0) {
                Thread.sleep(5);
            }
            run.result().cancel(true);
            assertThrows(CancellationException.class, () -> run.result().join());
            for (int waited = 0; !run.isDone() && waited < 2000; waited += 5) {
                Thread.sleep(5);
            }
            int asked = calls();
            Thread.sleep(300);
            assertEquals(asked, calls());
        }
    }

    @Test
    void aTimeoutOfTheFutureStopsTheRun() throws Exception {
        try (XksClient client = client(XksClient.simulatedAws().speed(1))) {
            XksRun run = client.apply(client.plan(connectivity().build()).join());
            assertThrows(CompletionException.class, () -> run.result().orTimeout(200, TimeUnit.MILLISECONDS).join());
            for (int waited = 0; !run.isDone() && waited < 2000; waited += 5) {
                Thread.sleep(5);
            }
            assertTrue(run.isDone());
        }
    }

    @Test
    void everyOptionOfASimulatedAwsCounts() throws Exception {
        aws = XksClient.simulatedAws().hostedZones("example.com").seed(7).consistencySeconds(0).instant().beginsNow().build();
        assertTrue(aws.now() > 0, "it begins now, not in 2026");
        assertTrue(aws.world().contains("example.com"), "its zone");
        XksException.Failed failed = assertThrows(XksException.Failed.class, () -> XksClient.simulatedAws().speed(-1).build());
        assertEquals(ErrorKind.INVALID_ARGUMENT, failed.getKind());
    }

    @Test
    void misuseIsToldInJavasOwnExceptions() throws Exception {
        XksClient client = client();
        assertTrue(assertThrows(NullPointerException.class, () -> client.plan(null)).getMessage().endsWith("parameter spec"));
        Connectivity spec = connectivity().build();
        client.close();
        CompletionException thrown = assertThrows(CompletionException.class, () -> client.plan(spec).join());
        assertInstanceOf(IllegalStateException.class, thrown.getCause());
        assertTrue(thrown.getCause().getMessage().contains("make a new one"), thrown.getMessage());
    }

    @Test
    void whatACallbackThrowsIsTheCause() throws Exception {
        aws = XksClient.simulatedAws().hostedZones("example.com").build();
        IllegalArgumentException mine = new IllegalArgumentException("no route");
        XksClient.Builder builder = XksClient.builder().simulated(aws).publisher(record -> { throw mine; }, record -> { });
        try (XksClient client = builder.build()) {
            Plan plan = client.plan(connectivity().domain(Domain.Callback.INSTANCE).build()).join();
            CompletionException thrown = assertThrows(CompletionException.class, () -> client.apply(plan).result().join());
            XksException.Failed failed = assertInstanceOf(XksException.Failed.class, thrown.getCause());
            assertEquals(ErrorKind.CALLBACK, failed.getKind());
            assertSame(mine, failed.getCause());
        }
    }

    @Test
    void aCallbackThatGivesNullIsTold() throws Exception {
        aws = XksClient.simulatedAws().hostedZones("example.com").build();
        Account account = Xks.account().credentials(() -> null).build();
        try (XksClient client = XksClient.builder().network(account).simulated(aws).build()) {
            Connectivity spec = connectivity().build();
            CompletionException thrown = assertThrows(CompletionException.class, () -> client.plan(spec).join());
            Throwable cause = thrown.getCause().getCause();
            assertInstanceOf(NullPointerException.class, cause);
            assertTrue(cause.getMessage().startsWith("a callback gave null: give what"), cause.getMessage());
        }
    }

    @Test
    void everyProblemOfASpecIsTold() throws Exception {
        try (XksClient client = client()) {
            Connectivity spec = connectivity().name("").dataCenter(List.of("10.60.0.0/16")).build();
            CompletionException thrown = assertThrows(CompletionException.class, () -> client.plan(spec).join());
            XksException.Failed failed = assertInstanceOf(XksException.Failed.class, thrown.getCause());
            assertEquals(ErrorKind.INVALID_SPEC, failed.getKind());
            assertTrue(failed.getProblems().size() >= 2);
        }
    }

    @Test
    void whatIsMissingIsNamed() throws Exception {
        aws = XksClient.simulatedAws().build();
        IllegalArgumentException thrown = assertThrows(IllegalArgumentException.class, () -> Xks.connectivity().build());
        assertTrue(thrown.getMessage().contains("is missing"), thrown.getMessage());
        assertThrows(NullPointerException.class, () -> Xks.connectivity().name(null));
    }

    @Test
    void credentialsOfTheAwsSdkAreAskedFor() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        AwsCredentialsProvider provider = () -> {
            asked.incrementAndGet();
            return AwsBasicCredentials.create("AKIA111122223333", "simulated");
        };
        aws = XksClient.simulatedAws().hostedZones("example.com").build();
        Account account = Xks.account().credentials(AwsSdk.credentials(provider)).build();
        try (XksClient client = XksClient.builder().network(account).simulated(aws).build()) {
            client.plan(connectivity().build()).join();
        }
        assertTrue(asked.get() >= 1);
    }

    @Test
    void noTypeOfCoroutinesIsInSight() throws Exception {
        aws = XksClient.simulatedAws().build();
        for (Class<?> type : List.of(XksClient.class, XksRun.class, XksClient.Builder.class, Xks.class, AwsSdk.class)) {
            for (Method method : type.getMethods()) {
                assertTrue(Arrays.stream(method.getParameterTypes()).noneMatch(each -> each.getName().startsWith("kotlin")), method.toString());
                assertTrue(!method.getReturnType().getName().startsWith("kotlinx"), method.toString());
            }
        }
    }
}
