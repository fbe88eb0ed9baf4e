// The quickstart in C#: plan, apply with events, verify, teardown. On a simulated AWS, or with the argument `aws` on the real one.
using System;
using System.Threading;
using System.Threading.Tasks;
using Xkslink;

static class Quickstart
{
    const string Store = @"
version: 1
name: payments-hsm
region: eu-central-1
network: {type: create, cidr: 10.60.0.0/24}
data_center: [10.0.0.0/16]
link: {type: vpn_gateway}
proxy: {addresses: [10.0.8.10, 10.0.8.11]}
private_dns_name: xks.payments.example.com
domain: {type: route53}
key_store:
  path: /payments/kms/xks/v1
  credential: {type: environment, access_key_id: XKS_KEY_ID, raw_secret_access_key: XKS_SECRET}
";

    static Client Configured()
    {
        return new Client(new ClientOptions
        {
            Network = new Account { Profile = "network" },
            Kms = new Account { RoleArn = "arn:aws:iam::444455556666:role/keys" },
        });
    }

    static async Task Deploy(Client client)
    {
        var spec = Spec.Read(Store, Format.Yaml);
        var plan = await client.PlanAsync(spec);
        Console.WriteLine(plan.Text());
        using (var limit = new CancellationTokenSource(TimeSpan.FromHours(1)))
        {
            var report = await client.ApplyAsync(plan, onEvent: happened => Console.WriteLine(happened.Line), cancel: limit.Token);
            Console.WriteLine(report.Text());
        }
        Console.WriteLine((await client.VerifyAsync(spec)).Text());
    }

    static async Task Simulated()
    {
        using (var aws = new SimulatedAws(new World { HostedZones = new[] { "example.com" } }))
        using (var client = new Client(new ClientOptions { Simulated = aws }))
        {
            await Deploy(client);
            await client.TeardownAsync(Target.Named("payments-hsm", "eu-central-1"), new[] { Consent.Disconnect });
            if (aws.Census()["vpcs"] != 0) throw new InvalidOperationException("something is left: " + aws.World());
        }
    }

    static async Task Run(bool real)
    {
        if (!real)
        {
            await Simulated();
            return;
        }
        using (var client = Configured()) await Deploy(client);
    }

    static void Main(string[] arguments) { Run(Array.IndexOf(arguments, "aws") >= 0).GetAwaiter().GetResult(); }
}
