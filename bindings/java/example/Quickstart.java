// The quickstart in Java: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument `aws` on the real one.

import io.github.xkslink.*;
import io.github.xkslink.java.*;
import java.util.List;
import java.util.concurrent.TimeUnit;

class Quickstart {
    static final Connectivity SPEC = Xks.connectivity()
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
                    .credential(Xks.credentialEnvironment().accessKeyId("XKS_KEY_ID").rawSecretAccessKey("XKS_SECRET").build())
                    .build())
            .build();

    static XksClient configured() throws XksException {
        return XksClient.builder()
                .network(Xks.account().profile("network").build())
                .kms(Xks.account().roleArn("arn:aws:iam::444455556666:role/keys").build())
                .build();
    }

    static void deploy(XksClient client) throws Exception {
        Plan plan = client.plan(SPEC).join();
        System.out.println(plan.text());
        try (XksRun run = client.apply(plan, event -> System.out.println(event.getLine()))) {
            System.out.println(run.result().orTimeout(1, TimeUnit.HOURS).join().text());
        }
        System.out.println(client.verify(XksClient.of(SPEC)).join().text());
    }

    public static void main(String[] arguments) throws Exception {
        if (List.of(arguments).contains("aws")) {
            try (XksClient client = configured()) {
                deploy(client);
            }
            return;
        }
        try (SimulatedAws aws = XksClient.simulatedAws().hostedZones("example.com").build();
                XksClient client = XksClient.builder().simulated(aws).build()) {
            deploy(client);
            client.teardown(XksClient.of(SPEC), Consent.DISCONNECT).result().join();
            if (aws.census().get("vpcs") != 0) {
                throw new IllegalStateException("something is left: " + aws.census());
            }
        }
    }
}
