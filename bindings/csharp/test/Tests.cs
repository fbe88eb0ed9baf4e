// What a C# author does; the conformance suite holds the rest against Rust.
using System;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using Xkslink;

static class Tests
{
    const string Secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==";

    static Spec Connectivity(string domain = "route53", string name = "payments-hsm")
    {
        return Spec.Read(@"
version: 1
name: '" + name + @"'
region: eu-central-1
network: {type: create, cidr: 10.60.0.0/24}
data_center: [10.0.0.0/16]
link: {type: vpn_gateway}
proxy: {addresses: [10.0.8.10, 10.0.8.11]}
private_dns_name: xks.payments.example.com
domain: {type: " + domain + @"}
key_store: {path: /payments/kms/xks/v1, credential: {type: value, access_key_id: ABCDEFGHIJKLMNOPQRSTUVWX, raw_secret_access_key: '" + Secret + @"'}}
", Format.Yaml);
    }

    static SimulatedAws Aws(double? speed = null) { return new SimulatedAws(new World { HostedZones = new[] { "example.com" }, Speed = speed }); }

    static void Hold(bool holds, object told)
    {
        if (!holds) throw new Exception("does not hold: " + told);
    }

    static T Throws<T>(Func<Task> call) where T : Exception
    {
        try
        {
            call().GetAwaiter().GetResult();
        }
        catch (T thrown)
        {
            return thrown;
        }
        throw new Exception("nothing is thrown");
    }

    public static async Task PlanApplyVerifyTeardown()
    {
        using (var aws = Aws())
        using (var client = new Client(new ClientOptions { Simulated = aws }))
        {
            int lines = 0;
            var report = await client.ApplyAsync(await client.PlanAsync(Connectivity()), onEvent: happened => lines++);
            Hold(lines > 20 && report.ToJson().Contains("\"CONNECTED\""), report.Text());
            var checks = (await client.VerifyAsync(Connectivity())).Content().Checks;
            Hold(checks.Any() && checks.Where(each => each.Verdict == "fail").All(each => each.Severity == Severity.Risk), "rules that hold");
            Hold((await client.StatusAsync(Connectivity())).Content().Resources.All(each => each.Standing == "as_wanted"), "the status");
            await client.TeardownAsync(Target.Named("payments-hsm", "eu-central-1"), new[] { Consent.Disconnect });
            Hold(aws.Census()["vpcs"] == 0, aws.World());
        }
    }

    public static async Task ATokenStopsTheRun()
    {
        using (var aws = Aws(200))
        using (var client = new Client(new ClientOptions { Simulated = aws }))
        {
            var plan = await client.PlanAsync(Connectivity());
            var cancel = new CancellationTokenSource();
            int events = 0;
            var thrown = Throws<OperationCanceledException>(() => client.ApplyAsync(plan, null, happened =>
            {
                if (++events == 3) cancel.Cancel();
            }, cancel.Token));
            Hold(thrown.CancellationToken == cancel.Token && ((XksException)thrown.InnerException).Retryable, thrown);
            int asked = aws.Requests().Length;
            Thread.Sleep(300);
            Hold(aws.Requests().Length == asked, "it goes on asking AWS");
        }
    }

    public static Task EveryProblemOfASpecIsTold()
    {
        var thrown = Throws<XksException>(() => Task.Run(() => Spec.Read("{\"version\": 1}")));
        Hold(thrown.Kind == "invalid_spec" && thrown.Problems.Count > 3, thrown);
        Hold(thrown.Problems.All(each => each.Field != "" && each.Help != ""), thrown);
        return Task.CompletedTask;
    }

    public static async Task DocumentsAreTyped()
    {
        using (var aws = Aws())
        using (var client = new Client(new ClientOptions { Simulated = aws }))
        {
            var plan = (await client.PlanAsync(Connectivity())).Content();
            Hold(plan.Purpose == Purpose.Apply && plan.Steps.Count > 10 && plan.Steps[0].Action == StepAction.Create, plan.Steps.Count);
            Hold(plan.Steps[0].Resource.Kind == ResourceKind.Vpc, plan.Steps[0].Resource.Kind);
            var causes = Diagnosis.OfText("XKS_PROXY_ACCESS_DENIED").Content().Causes;
            Hold(causes.Count > 0 && causes.All(each => each.Fix != ""), causes.Count);
        }
    }

    public static async Task AProbeIsToldWhatToLookAt()
    {
        using (var aws = Aws())
        {
            var proxy = aws.StartProxy("{}");
            var credential = new ProxyCredential("ABCDEFGHIJKLMNOPQRSTUVWX", Secret);
            var request = new ProbeRequest
            {
                Addresses = new[] { proxy.Address }, TrustedRoots = proxy.Root, Without = new[] { Phase.HealthCheck }, TimeoutSeconds = 5,
            };
            var api = new ProxyApi("/kms/xks/v1", credential);
            var report = (await Client.ProbeNameAsync("xks.example.com", "eu-central-1", api, request)).Content();
            Hold(report.Tls.Single().Connect.Which == "connected", report.Tls.Single().Connect.Which);
        }
    }

    public static Task NoTextShowsASecret()
    {
        Hold(!Connectivity().Write(Format.Yaml).Contains(Secret), "a spec");
        Hold(!new ProxyCredential("ABCDEFGHIJKLMNOPQRSTUVWX", Secret).ToString().Contains(Secret), "a credential");
        return Task.CompletedTask;
    }

    sealed class Refusing : IDnsPublisher
    {
        public readonly Exception Thrown = new IOException("no route");
        public void Publish(TxtRecord record) { throw Thrown; }
        public void Withdraw(TxtRecord record) { }
    }

    public static async Task WhatACallbackThrowsIsTheInnerException()
    {
        var refusing = new Refusing();
        using (var aws = Aws())
        using (var client = new Client(new ClientOptions { Simulated = aws, Publisher = refusing }))
        {
            var plan = await client.PlanAsync(Connectivity("callback"));
            var thrown = Throws<XksException>(() => client.ApplyAsync(plan));
            Hold(thrown.Kind == "callback" && thrown.InnerException == refusing.Thrown && thrown.Report != null, thrown);
            var mine = new IOException("the disk is full");
            Hold(Throws<IOException>(() => client.ApplyAsync(plan, onEvent: happened => { throw mine; })) == mine, "a listener's own");
        }
    }

    public static Task MisuseIsTold()
    {
        using (var aws = Aws())
        {
            var client = new Client(new ClientOptions { Simulated = aws });
            Hold(Throws<ArgumentNullException>(() => client.PlanAsync(null)).ParamName == "spec", "null for a spec");
            var cut = Throws<XksException>(() => Task.Run(() => Spec.Read("{\"version\": 1}\0")));
            Hold(cut.Kind == "invalid_argument" && cut.Reason.StartsWith("text: "), cut);
            Hold(Throws<ArgumentNullException>(() => client.ApplyAsync(null)).ParamName == "plan", "null for a plan");
            Hold(Throws<XksException>(() => client.FactsAsync(Target.Named("payments-hsm", null))).Kind == "invalid_argument", "no Region");
            var spec = Connectivity();
            var plan = client.PlanAsync(spec).GetAwaiter().GetResult();
            var none = Throws<ArgumentOutOfRangeException>(() => client.ApplyAsync(plan, new[] { (Consent)99 }));
            Hold(none.Message.Contains("give one of Replace, Delete"), none);
            Throws<ArgumentOutOfRangeException>(() => Task.Run(() => spec.Write((Format)99)));
            plan.Dispose();
            Hold(Throws<ObjectDisposedException>(() => client.ApplyAsync(plan)).Message.Contains("make a new one"), "a closed plan");
            client.Dispose();
            client.Dispose();
            Hold(Throws<ObjectDisposedException>(() => client.PlanAsync(spec)).Message.Contains("make a new one"), "a closed client");
            spec.Dispose();
            Hold(Throws<ObjectDisposedException>(() => Task.Run(() => spec.ToJson())).Message.Contains("make a new one"), "a closed spec");
        }
        return Task.CompletedTask;
    }

    public static Task AFunctionThatGivesNullIsTold()
    {
        using (var aws = Aws())
        using (var client = new Client(new ClientOptions { Simulated = aws, Network = new Account { Credentials = () => null } }))
        {
            var thrown = Throws<XksException>(() => client.PlanAsync(Connectivity()));
            Hold(thrown.InnerException is InvalidOperationException && thrown.Message.Contains("gave null: give AwsCredentials"), thrown);
        }
        return Task.CompletedTask;
    }

    public static Task WithoutANativeLibraryItIsToldWhatToDo()
    {
        // Beside the program the loader would find it.
        string own = Assembly.GetExecutingAssembly().Location, folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        Directory.CreateDirectory(folder);
        foreach (string file in new[] { own, typeof(Library).Assembly.Location, Path.ChangeExtension(own, "runtimeconfig.json") })
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }
        // Mono or .NET, whichever runs this.
        var start = new ProcessStartInfo(Process.GetCurrentProcess().MainModule.FileName, Path.Combine(folder, Path.GetFileName(own)) + " version")
        {
            UseShellExecute = false, RedirectStandardError = true,
        };
        start.EnvironmentVariables["LD_LIBRARY_PATH"] = "";
        using (var process = Process.Start(start))
        {
            string told = process.StandardError.ReadToEnd();
            process.WaitForExit();
            Directory.Delete(folder, true);
            Hold(process.ExitCode != 0 && told.Contains("DllNotFoundException: xkslink has no native library here: put libxkslink_ffi"), told);
        }
        return Task.CompletedTask;
    }

    /// <summary>Runs each of the functions above; with `version` only asks for the version.</summary>
    static void Main(string[] arguments)
    {
        if (arguments.Length == 1)
        {
            Console.WriteLine(Library.Version);
            return;
        }
        var all = typeof(Tests).GetMethods(BindingFlags.Public | BindingFlags.Static).Where(each => each.ReturnType == typeof(Task)).ToArray();
        foreach (var test in all)
        {
            Console.WriteLine(test.Name);
            ((Task)test.Invoke(null, null)).GetAwaiter().GetResult();
        }
        Console.WriteLine(all.Length + " tests");
    }
}
