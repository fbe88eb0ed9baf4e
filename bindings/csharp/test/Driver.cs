// The driver of the conformance suite: see bindings/conformance/README.md.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading;
using System.Xml;
using System.Xml.Linq;
using Xkslink;

/// <summary>JSON as the XML that .NET reads it into, and back.</summary>
static class Words
{
    public static XElement Read(string json)
    {
        var read = XElement.Load(JsonReaderWriterFactory.CreateJsonReader(Encoding.UTF8.GetBytes(json), XmlDictionaryReaderQuotas.Max));
        // The reader gives null an empty text, which the writer does not take.
        foreach (var none in read.DescendantsAndSelf().Where(each => (string)each.Attribute("type") == "null")) none.RemoveNodes();
        return read;
    }

    public static string Write(XElement value)
    {
        using (var stream = new MemoryStream())
        {
            using (var writer = JsonReaderWriterFactory.CreateJsonWriter(stream, Encoding.UTF8, false))
                new XElement("root", value.Attributes("type"), value.Nodes()).WriteTo(writer);
            return Encoding.UTF8.GetString(stream.ToArray());
        }
    }

    public static XElement Of(string name, object value)
    {
        string type = value == null ? "null" : value is bool ? "boolean" : value is int || value is long ? "number" : "string";
        return new XElement(name, new XAttribute("type", type), value is bool ? value.ToString().ToLowerInvariant() : value);
    }

    public static XElement Object(string name, params object[] fields)
    {
        return new XElement(name, new XAttribute("type", "object"), fields);
    }

    public static XElement List(string name, IEnumerable<XElement> items)
    {
        return new XElement(name, new XAttribute("type", "array"), items);
    }

    /// <summary>A field's text, or null where there is none.</summary>
    public static string Text(this XElement word, string name)
    {
        XElement found = word.Element(name);
        return found == null || (string)found.Attribute("type") == "null" ? null : found.Value;
    }
}

sealed class Driver : IDnsPublisher
{
    readonly Dictionary<string, int> called = new Dictionary<string, int>();
    readonly List<LogRecord> logged = new List<LogRecord>();
    SimulatedAws aws;
    Client client;
    Plan plan;
    Report report;
    string throws;
    Exception threw;

    static Spec Given(XElement word) { return Spec.Read(Words.Write(word.Element("spec"))); }

    static Target Whom(XElement word)
    {
        string name = word.Text("name");
        return name == null ? Given(word) : Target.Named(name, word.Text("region"));
    }

    static Format How(XElement word) { return (Format)Enum.Parse(typeof(Format), word.Text("format"), true); }

    void Count(string name)
    {
        lock (called) called[name]++;
    }

    Exception Failing(string why) { return threw = new InvalidOperationException(why); }

    List<XElement> Elsewhere()
    {
        var served = Words.Read(aws.World()).Element("route53").Element("elsewhere").Elements();
        return served.Select(each => each.Elements().ToArray()).Select(pair => Served(pair[0].Value, pair[1].Value)).ToList();
    }

    static XElement Served(string name, string value)
    {
        return Words.Object("item", Words.Of("name", name), Words.Of("value", value));
    }

    void Serve(IEnumerable<XElement> records)
    {
        aws.Deed(Words.Write(Words.Object("root", Words.Of("set", "elsewhere"), Words.List("to", records))));
    }

    public void Publish(TxtRecord record)
    {
        Count("publish");
        if (throws != null) throw Failing(throws);
        var served = Elsewhere();
        if (served.Any(each => each.Text("name") == record.Name && each.Text("value") == record.Value)) return;
        served.Add(Served(record.Name, record.Value));
        Serve(served);
    }

    public void Withdraw(TxtRecord record) { Serve(Elsewhere().Where(each => each.Text("value") != record.Value)); }

    void NewClient(XElement word)
    {
        throws = word.Text("throws");
        var options = new ClientOptions { Simulated = aws, Publisher = this };
        options.Credential = () =>
        {
            Count("credential");
            return new ProxyCredential("ABCDEFGHIJKLMNOPQRSTUVWX", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==");
        };
        if (word.Text("kms_account") != null) options.Kms = new Account { Id = word.Text("kms_account") };
        if (word.Text("credentials") != null)
        {
            options.Network = new Account
            {
                Credentials = () =>
                {
                    Count("aws_credentials");
                    return new AwsCredentials("AKIA111122223333", "simulated");
                },
            };
        }
        if (word.Text("log") != null)
        {
            options.Log = record =>
            {
                lock (logged) logged.Add(record);
                if (throws != null) throw Failing(throws);
            };
        }
        client = new Client(options);
    }

    string Go(XElement word, XElement answer)
    {
        var events = new List<XElement>();
        var cancel = new CancellationTokenSource();
        Action<Event> listener = happened =>
        {
            if (word.Text("listener") != null && word.Text("throws") != null) throw Failing(word.Text("throws"));
            var read = Words.Read(happened.Json);
            events.Add(new XElement("item", read.Attributes("type"), read.Nodes()));
            if (events.Count.ToString() == word.Text("cancel_after")) cancel.Cancel();
        };
        var agreed = word.Element("consent") == null ? null : word.Element("consent").Elements()
            .Select(each => (Consent)Enum.Parse(typeof(Consent), each.Value.Replace("_", ""), true)).ToArray();
        try
        {
            var run = word.Text("do") == "teardown"
                ? client.TeardownAsync(Whom(word), agreed, listener, cancel.Token)
                : client.ApplyAsync(word.Text("plan") == null ? plan : Plan.FromJson(word.Text("plan")), agreed, listener, cancel.Token);
            report = run.GetAwaiter().GetResult();
            return report.ToJson();
        }
        finally
        {
            answer.Add(Words.List("events", events));
        }
    }

    static XElement Raw(string json)
    {
        var read = Words.Read(json);
        return new XElement("ok", read.Attributes("type"), read.Nodes());
    }

    XElement Does(XElement word, XElement answer)
    {
        switch (word.Text("do"))
        {
            case "version":
                return Words.Of("ok", Library.Version);
            case "world":
                foreach (string name in new[] { "publish", "credential", "aws_credentials" }) called[name] = 0;
                lock (logged) logged.Clear();
                string speed = word.Text("speed");
                aws = new SimulatedAws(new World
                {
                    HostedZones = word.Element("hosted_zones").Elements().Select(each => each.Value).ToArray(),
                    Speed = speed == null ? (double?)null : double.Parse(speed),
                });
                return Words.Of("ok", null);
            case "client":
                NewClient(word);
                return Words.Of("ok", null);
            case "deed":
                return Raw(aws.Deed(Words.Write(word.Element("deed"))));
            case "script":
                aws.DuringRun(Words.Write(word.Element("script")));
                return Words.Of("ok", null);
            case "requests":
                return Raw(aws.Requests());
            case "census":
                return Words.Object("ok", aws.Census().Select(each => Words.Of(each.Key, each.Value)));
            case "called":
                return Words.Object("ok", called.Select(each => Words.Of(each.Key, each.Value)));
            case "logged":
                lock (logged)
                {
                    return Words.List("ok", logged.Select(each => Words.Object("item", Words.Of("level", each.Level.ToString().ToLowerInvariant()),
                        Words.Of("target", each.Target), Words.Of("message", each.Message))).ToArray());
                }
            case "sleep":
                Thread.Sleep((int)(double.Parse(word.Text("seconds")) * 1000));
                return Words.Of("ok", null);
            case "plan":
                plan = client.PlanAsync(Given(word)).GetAwaiter().GetResult();
                return Words.Of("ok", plan.ToJson());
            case "plan_teardown":
                return Words.Of("ok", client.PlanTeardownAsync(Whom(word)).GetAwaiter().GetResult().ToJson());
            case "apply":
            case "teardown":
                return Words.Of("ok", Go(word, answer));
            case "status":
                return Words.Of("ok", client.StatusAsync(Given(word)).GetAwaiter().GetResult().ToJson());
            case "verify":
                return Words.Of("ok", client.VerifyAsync(Whom(word)).GetAwaiter().GetResult().ToJson());
            case "read_spec":
                return Words.Of("ok", Words.Read(Spec.Read(word.Text("text"), How(word)).ToJson()).Text("name"));
            case "write_spec":
                return Words.Of("ok", Given(word).Write(How(word)));
            case "diagnose_text":
                return Words.Of("ok", Diagnosis.OfText(word.Text("text")).ToJson());
            case "judged":
                var facts = client.FactsAsync(Whom(word)).GetAwaiter().GetResult();
                return Words.Object("ok", Words.Of("verification", facts.Verify().ToJson()),
                    Words.Of("diagnosis", facts.Diagnose(word.Text("text")).ToJson()));
            case "policies":
                return Words.Object("ok", Words.Of("plan", plan.Policies()), Words.Of("verify", Given(word).Policies(ReadingVerb.Verify)));
            case "probe_name":
                var request = new ProbeRequest { Addresses = new[] { word.Text("address") } };
                var probed = Client.ProbeNameAsync(word.Text("name"), word.Text("region"), request: request);
                return Words.Of("ok", probed.GetAwaiter().GetResult().ToJson());
            case "typed":
                var content = report.Content();
                return Words.Object("ok", Words.Of("store", plan.Content().Store), Words.Of("steps", content.Steps.Count),
                    Words.Of("usually_takes_seconds", (long)plan.UsuallyTakes().TotalSeconds),
                    Words.Of("connection_state", content.Ids.ConnectionState));
            case "texts":
                string html = client.VerifyAsync(Whom(word)).GetAwaiter().GetResult().ToHtml();
                return Words.Object("ok", Words.Of("mermaid", plan.ToMermaid()), Words.Of("svg", report.ToSvg()), Words.Of("html", html),
                    Words.Of("text", plan.Text()), Words.Of("markdown", report.ToMarkdown()));
            case "null":
                return Words.Of("ok", client.PlanAsync(null).GetAwaiter().GetResult().ToJson());
            case "closed":
                client.Dispose();
                return Words.Of("ok", client.PlanAsync(Given(word)).GetAwaiter().GetResult().ToJson());
            case "end":
                aws.End();
                return Words.Of("ok", null);
            default:
                throw new ArgumentException("`" + word.Text("do") + "` is not known");
        }
    }

    void Fails(Exception thrown, XElement answer)
    {
        var own = thrown as XksException ?? thrown.InnerException as XksException;
        if (own == null)
        {
            answer.Add(Words.Object("error", Words.Of("message", thrown.Message)));
            return;
        }
        answer.Add(Words.Object("error", Words.Of("kind", own.Kind), Words.Of("message", own.Reason), Words.Of("help", own.Help),
            Words.Of("resource", own.Resource), Words.Of("aws_code", own.AwsCode), Words.Of("request_id", own.RequestId),
            Words.Of("retryable", own.Retryable), Words.Of("cause_is_own", threw != null && own.InnerException == threw),
            Words.List("problems", own.Problems.Select(each => Words.Object("item", Words.Of("field", each.Field))))));
        if (own.Report != null) answer.Add(Words.Of("report", own.Report.ToJson()));
    }

    static void Main()
    {
        var driver = new Driver();
        Console.InputEncoding = Console.OutputEncoding = new UTF8Encoding(false);
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            var answer = Words.Object("root");
            try
            {
                var given = driver.Does(Words.Read(line), answer);
                answer.Add(given);
            }
            catch (Exception thrown)
            {
                driver.Fails(thrown, answer);
            }
            Console.WriteLine(Words.Write(answer));
        }
    }
}
