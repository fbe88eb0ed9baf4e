using System;
using System.Collections.Generic;
using System.Runtime.Serialization;
using System.Threading;
using System.Threading.Tasks;

namespace Xkslink
{
    /// <summary>What a plan may do beyond creating and updating, once the caller says so.</summary>
    public enum Consent
    {
        /// <summary>Replace what AWS cannot change in place.</summary>
        [EnumMember(Value = "replace")] Replace,
        /// <summary>Delete what the spec asks for no more.</summary>
        [EnumMember(Value = "delete")] Delete,
        /// <summary>Disconnect the key store, whose keys fail meanwhile.</summary>
        [EnumMember(Value = "disconnect")] Disconnect,
        /// <summary>Go on although rules are broken.</summary>
        [EnumMember(Value = "despite_rules")] DespiteRules,
    }

    /// <summary>One AWS account or role. What is not set comes from the standard chain.</summary>
    [DataContract]
    public sealed class Account
    {
        /// <summary>Region of STS and of stores that are named without one; verbs otherwise use the Region of the spec.</summary>
        [DataMember(Name = "region", EmitDefaultValue = false)] public string Region { get; set; }
        /// <summary>A profile of the AWS configuration files.</summary>
        [DataMember(Name = "profile", EmitDefaultValue = false)] public string Profile { get; set; }
        /// <summary>One endpoint for all services. AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_&lt;SERVICE&gt; count if it is not set.</summary>
        [DataMember(Name = "endpoint_url", EmitDefaultValue = false)] public string EndpointUrl { get; set; }
        /// <summary>A role to assume, with the credentials that the rest gives.</summary>
        [DataMember(Name = "role_arn", EmitDefaultValue = false)] public string RoleArn { get; set; }
        /// <summary>External id for that role.</summary>
        [DataMember(Name = "external_id", EmitDefaultValue = false)] public string ExternalId { get; set; }
        /// <summary>Session name for that role.</summary>
        [DataMember(Name = "role_session_name", EmitDefaultValue = false)] public string RoleSessionName { get; set; }
        /// <summary>Attempts of the AWS SDK for one call, at least 1.</summary>
        [DataMember(Name = "max_attempts", EmitDefaultValue = false)] public int? MaxAttempts { get; set; }
        /// <summary>Path of a PEM file with the certificates to trust, instead of the system's; else AWS_CA_BUNDLE counts.</summary>
        [DataMember(Name = "ca_bundle", EmitDefaultValue = false)] public string CaBundle { get; set; }
        /// <summary>Twelve digits; with a simulated AWS only, whose callers need no credentials.</summary>
        [DataMember(Name = "account", EmitDefaultValue = false)] public string Id { get; set; }
        /// <summary>Gives credentials instead of the chain, on a thread of the library's own; asked again when they end.</summary>
        public Func<AwsCredentials> Credentials { get; set; }
    }

    /// <summary>What a client is made from; what is not set is the standard chain.</summary>
    public sealed class ClientOptions
    {
        /// <summary>The account of VPC, load balancer and endpoint service.</summary>
        public Account Network { get; set; }
        /// <summary>That of Route 53, if another.</summary>
        public Account Dns { get; set; }
        /// <summary>That of AWS KMS, if another.</summary>
        public Account Kms { get; set; }
        /// <summary>Publishes the TXT record, for the domain `callback`.</summary>
        public IDnsPublisher Publisher { get; set; }
        /// <summary>Gives the credential of the proxy, for the credential `callback`, on a thread of the library's own.</summary>
        public Func<ProxyCredential> Credential { get; set; }
        /// <summary>Is told each step, every call to AWS, and the AWS SDK's warnings, on a thread of the library's own. What it throws
        /// changes nothing.</summary>
        public Action<LogRecord> Log { get; set; }
        /// <summary>A simulated AWS instead of the real one.</summary>
        public SimulatedAws Simulated { get; set; }
    }

    /// <summary>What to take down, verify or diagnose.</summary>
    public sealed class Target
    {
        internal readonly Spec Spec;
        internal readonly string Name, Region;

        Target(Spec spec, string name, string region)
        {
            Spec = spec;
            Name = name;
            Region = region;
        }

        /// <summary>The store of a spec.</summary>
        public static implicit operator Target(Spec spec) { return spec == null ? null : new Target(spec, null, null); }

        /// <summary>A store by its name; to verify or diagnose also a key store, its `cks-` id, or an endpoint service.</summary>
        public static Target Named(string name, string region) { return new Target(null, name, region); }
    }

    /// <summary>Something that happened in a run.</summary>
    public sealed class Event
    {
        internal Event(string json, string line)
        {
            Json = json;
            Line = line;
        }

        /// <summary>What the event says.</summary>
        public EventDocument Content() { return Xkslink.Json.Read<EventDocument>(Json); }
        /// <summary>The event as JSON: schema/event.schema.json.</summary>
        public string Json { get; private set; }
        /// <summary>The event as a line for people.</summary>
        public string Line { get; private set; }
    }

    /// <summary>A client of AWS, or of a simulated one. Every verb may run at the same time as others, and may be repeated. A verb whose
    /// token is cancelled stops; AWS is left as the last finished call left it, and the same verb goes on from there.</summary>
    public sealed class Client : IDisposable
    {
        [DataContract]
        sealed class Arguments
        {
            [DataMember(Name = "name", EmitDefaultValue = false)] public string Name;
            [DataMember(Name = "region", EmitDefaultValue = false)] public string Region;
            [DataMember(Name = "consent", EmitDefaultValue = false)] public List<string> Consent;
            [DataMember(Name = "told", EmitDefaultValue = false)] public string Told;
            [DataMember(Name = "probe", EmitDefaultValue = false)] public ProbeRequest Probe;
        }

        [DataContract]
        sealed class Accounts
        {
            [DataMember(Name = "network")] public Account Network;
            [DataMember(Name = "dns", EmitDefaultValue = false)] public Account Dns;
            [DataMember(Name = "kms", EmitDefaultValue = false)] public Account Kms;
        }

        readonly ClientHandle handle;

        /// <summary>Makes a client. Nothing is asked of AWS, and no file is read, before a verb needs it.</summary>
        public Client(ClientOptions options = null)
        {
            Native.Version();
            options = options ?? new ClientOptions();
            var accounts = new Accounts { Network = options.Network ?? new Account(), Dns = options.Dns, Kms = options.Kms };
            var simulated = options.Simulated == null ? new SimulatorHandle() : options.Simulated.Handle;
            var functions = new Callbacks(options).ToNative();
            IntPtr error;
            using (new SameThread())
                handle = Native.Check(Native.xks_client_new(Native.Text(Json.Write(accounts)), ref functions, simulated, out error), error);
        }

        /// <summary>What would change to make the spec true. Reads only.</summary>
        public Task<Plan> PlanAsync(Spec spec, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("plan", spec, new Arguments(), null, cancel, found => new Plan(found));
        }

        /// <summary>Makes a plan true. The listener is told each event, in order; what it throws stops the run and is thrown.</summary>
        public Task<Report> ApplyAsync(
            Plan plan, IEnumerable<Consent> consent = null, Action<Event> onEvent = null, CancellationToken cancel = default(CancellationToken))
        {
            if (plan == null) throw new ArgumentNullException("plan", "give a plan, as PlanAsync returns it");
            return Run("apply", plan.Handle, new Arguments { Consent = Words<Consent>.WriteAll(consent) }, onEvent, cancel, found => new Report(found));
        }

        /// <summary>What it would take to take a store down. Reads only.</summary>
        public Task<Plan> PlanTeardownAsync(Target target, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("plan_teardown", target, new Arguments(), null, cancel, found => new Plan(found));
        }

        /// <summary>Takes a store down: plan and apply in one.</summary>
        public Task<Report> TeardownAsync(
            Target target, IEnumerable<Consent> consent = null, Action<Event> onEvent = null, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("teardown", target, new Arguments { Consent = Words<Consent>.WriteAll(consent) }, onEvent, cancel, found => new Report(found));
        }

        /// <summary>How the store of a spec stands. Reads only.</summary>
        public Task<Status> StatusAsync(Spec spec, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("status", spec, new Arguments(), null, cancel, found => new Status(found));
        }

        /// <summary>Checks every rule against AWS, for a store of any origin. Reads only.</summary>
        public Task<Verification> VerifyAsync(Target target, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("verify", target, new Arguments(), null, cancel, found => new Verification(found));
        }

        /// <summary>All that AWS tells about a store, and a probe of a spec if one is asked for. Reads only.</summary>
        public Task<Facts> FactsAsync(Target target, ProbeRequest probe = null, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("facts", target, new Arguments { Probe = probe }, null, cancel, found => new Facts(found));
        }

        /// <summary>Why a store does not connect, or its keys fail. What was seen is an error, a message, a log. Reads only.</summary>
        public Task<Diagnosis> DiagnoseAsync(
            Target target, string told = "", ProbeRequest probe = null, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("diagnose", target, new Arguments { Told = told, Probe = probe }, null, cancel, found => new Diagnosis(found));
        }

        /// <summary>Looks at what no AWS API tells, from this host: DNS, certificate, TLS and the proxy API. Reads only.</summary>
        public Task<ProbeReport> ProbeAsync(Spec spec, ProbeRequest request = null, CancellationToken cancel = default(CancellationToken))
        {
            return Verb("probe", spec, new Arguments { Probe = request }, null, cancel, found => new ProbeReport(found));
        }

        /// <summary>Looks at a proxy without AWS and without a spec, under the private DNS name of its endpoint service: certificate and
        /// TLS, and what else the request and the API ask for. Reads only.</summary>
        public static Task<ProbeReport> ProbeNameAsync(
            string privateDnsName, string region, ProxyApi proxy = null, ProbeRequest request = null,
            CancellationToken cancel = default(CancellationToken))
        {
            Native.Version();
            IntPtr error;
            byte[] api = proxy == null ? null : Native.Text(Json.Write(proxy)), asked = Native.Text(Json.Write(request ?? new ProbeRequest()));
            var run = Native.xks_probe_name(Native.Text(privateDnsName), Native.Text(region), api, asked, out error);
            Native.Check(run, error);
            return Task.Run(() => Wait(run, null, cancel, found => new ProbeReport(found)));
        }

        /// <summary>Ends the client. Running verbs go on; later calls fail.</summary>
        public void Dispose()
        {
            using (new SameThread()) handle.Dispose();
        }

        Task<T> Verb<T>(
            string verb, Target target, Arguments arguments, Action<Event> onEvent, CancellationToken cancel, Func<DocumentHandle, T> made)
        {
            if (target == null) throw new ArgumentNullException("spec", "give a Spec or a Target");
            arguments.Name = target.Name;
            arguments.Region = target.Region;
            var document = target.Spec == null ? new DocumentHandle() : target.Spec.Handle;
            return Run(verb, document, arguments, onEvent, cancel, made);
        }

        Task<T> Run<T>(
            string verb, DocumentHandle document, Arguments arguments, Action<Event> onEvent, CancellationToken cancel,
            Func<DocumentHandle, T> made)
        {
            IntPtr error;
            var text = Native.Text(Json.Write(arguments));
            var run = Native.Check(Native.xks_start(Native.Open(handle, this), Native.Text(verb), document, text, out error), error);
            return Task.Run(() => Wait(run, onEvent, cancel, made));
        }

        /// <summary>How long a wait stays in the library, in seconds; it ends at once when there is something.</summary>
        const double Round = 3600;

        static T Wait<T>(RunHandle run, Action<Event> onEvent, CancellationToken cancel, Func<DocumentHandle, T> made)
        {
            using (run)
            using (cancel.Register(() => Native.xks_run_cancel(run)))
            {
                for (int next = -1; next != 0;)
                {
                    IntPtr told, line;
                    next = Native.xks_run_next(run, Round, out told, out line);
                    if (next != 1) continue;
                    var happened = new Event(Native.Take(told, told), Native.Take(line, line));
                    if (onEvent != null) onEvent(happened);
                }
                DocumentHandle found;
                IntPtr error;
                if (Native.xks_run_result(run, Round, out found, out error) == 1) return made(found);
                var failed = XksException.Take(error);
                if (failed.Kind == "cancelled" && cancel.IsCancellationRequested) throw new OperationCanceledException(failed.Message, failed, cancel);
                throw failed;
            }
        }
    }
}
