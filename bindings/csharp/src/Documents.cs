using System;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Xkslink
{
    /// <summary>How a spec is written.</summary>
    public enum Format
    {
        /// <summary>JSON.</summary>
        [EnumMember(Value = "json")] Json,
        /// <summary>TOML.</summary>
        [EnumMember(Value = "toml")] Toml,
        /// <summary>YAML.</summary>
        [EnumMember(Value = "yaml")] Yaml,
    }

    /// <summary>A verb that only reads.</summary>
    public enum ReadingVerb
    {
        /// <summary>How a store stands.</summary>
        [EnumMember(Value = "status")] Status,
        /// <summary>Which rules hold.</summary>
        [EnumMember(Value = "verify")] Verify,
        /// <summary>Why a store does not connect.</summary>
        [EnumMember(Value = "diagnose")] Diagnose,
        /// <summary>What is seen from this host.</summary>
        [EnumMember(Value = "probe")] Probe,
    }

    /// <summary>A document of the library. It may be disposed of, and is collected otherwise.</summary>
    public abstract class Document : IDisposable
    {
        readonly DocumentHandle handle;

        internal Document(DocumentHandle handle)
        {
            this.handle = handle;
        }

        internal DocumentHandle Handle { get { return Native.Open(handle, this); } }

        internal static DocumentHandle Read(string kind, string format, string text)
        {
            if (text == null) throw new ArgumentNullException("text", "give a document");
            IntPtr error;
            return Native.Check(Native.xks_read(Native.Text(kind), Native.Text(format), Native.Text(text), out error), error);
        }

        internal T Read<T>() { return Json.Read<T>(ToJson()); }

        internal string Write(string form)
        {
            IntPtr error;
            return Native.Take(Native.xks_write(Handle, Native.Text(form), out error), error);
        }

        /// <summary>The document as JSON, the same in every language. It holds no secret.</summary>
        public string ToJson() { return Write("json"); }

        /// <summary>Text for people.</summary>
        public string Text() { return Write("text"); }

        /// <summary>The document as Markdown.</summary>
        public string ToMarkdown() { return Write("markdown"); }

        /// <summary>Lets go of it.</summary>
        public void Dispose() { handle.Dispose(); }
    }

    /// <summary>What the connectivity of a key store should be: schema/connectivity.schema.json says what it may hold.</summary>
    public sealed class Spec : Document
    {
        internal Spec(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads a spec. The exception has every problem at once.</summary>
        public static Spec Read(string text, Format format = Format.Json)
        {
            return new Spec(Read("spec", Words<Format>.Write(format), text));
        }

        /// <summary>Writes it, with every default. A secret is withheld.</summary>
        public string Write(Format format) { return Write(Words<Format>.Write(format)); }

        /// <summary>The IAM policies that a verb which only reads needs, as JSON: `role`, `iam` (in IAM's own form) and `statements`.</summary>
        public string Policies(ReadingVerb verb) { return Write("policies:" + Words<ReadingVerb>.Write(verb)); }
    }

    /// <summary>What would change, before anything does. Applying it is approving it.</summary>
    public sealed class Plan : Document
    {
        internal Plan(DocumentHandle handle) : base(handle) { }

        /// <summary>What the plan says.</summary>
        public PlanDocument Content() { return Read<PlanDocument>(); }

        /// <summary>Reads a plan that ToJson wrote.</summary>
        public static Plan FromJson(string text) { return new Plan(Read("plan", "json", text)); }

        /// <summary>What has to be agreed to before the plan can be applied.</summary>
        public IReadOnlyList<Consent> NeedsConsent()
        {
            return Words<Consent>.ReadAll(Json.Read<List<string>>(Write("consent")));
        }

        /// <summary>How long AWS usually takes for the longest chain of steps.</summary>
        public TimeSpan UsuallyTakes() { return TimeSpan.FromSeconds(Json.Read<long>(Write("usually_takes_seconds"))); }

        /// <summary>The IAM policies that the plan needs, as JSON: `role`, `iam` (in IAM's own form) and `statements` of each.</summary>
        public string Policies() { return Write("policies:apply"); }

        /// <summary>The topology that the plan leads to, as a picture.</summary>
        public string ToSvg() { return Write("svg"); }

        /// <summary>The same as a Mermaid flowchart.</summary>
        public string ToMermaid() { return Write("mermaid"); }
    }

    /// <summary>What apply or teardown did.</summary>
    public sealed class Report : Document
    {
        internal Report(DocumentHandle handle) : base(handle) { }

        /// <summary>What the report says.</summary>
        public ReportDocument Content() { return Read<ReportDocument>(); }

        /// <summary>Reads a report that ToJson wrote.</summary>
        public static Report FromJson(string text) { return new Report(Read("report", "json", text)); }

        /// <summary>When each step ran, as a picture.</summary>
        public string ToSvg() { return Write("svg"); }

        /// <summary>One HTML file to keep or send: how it ended, the timeline, and the text.</summary>
        public string ToHtml() { return Write("html"); }
    }

    /// <summary>How each resource of a store stands.</summary>
    public sealed class Status : Document
    {
        internal Status(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads a status that ToJson wrote.</summary>
        public static Status FromJson(string text) { return new Status(Read("status", "json", text)); }

        /// <summary>What the status says.</summary>
        public StatusDocument Content() { return Read<StatusDocument>(); }
    }

    /// <summary>Which rules hold.</summary>
    public sealed class Verification : Document
    {
        internal Verification(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads a verification that ToJson wrote.</summary>
        public static Verification FromJson(string text) { return new Verification(Read("verification", "json", text)); }

        /// <summary>What the verification says.</summary>
        public VerificationDocument Content() { return Read<VerificationDocument>(); }

        /// <summary>One HTML file to keep as evidence.</summary>
        public string ToHtml() { return Write("html"); }
    }

    /// <summary>Why a store does not work: the causes, the likeliest first.</summary>
    public sealed class Diagnosis : Document
    {
        internal Diagnosis(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads a diagnosis that ToJson wrote.</summary>
        public static Diagnosis FromJson(string text) { return new Diagnosis(Read("diagnosis", "json", text)); }

        /// <summary>What the diagnosis says.</summary>
        public DiagnosisDocument Content() { return Read<DiagnosisDocument>(); }

        /// <summary>Whom an error message accuses, without a look at AWS. Nothing of the text is kept.</summary>
        public static Diagnosis OfText(string text)
        {
            if (text == null) throw new ArgumentNullException("text", "give what was seen");
            IntPtr error;
            return new Diagnosis(Native.Check(Native.xks_diagnose_text(Native.Text(text), out error), error));
        }
    }

    /// <summary>What a probe of DNS, TLS and the proxy API saw.</summary>
    public sealed class ProbeReport : Document
    {
        internal ProbeReport(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads a report of a probe that ToJson wrote.</summary>
        public static ProbeReport FromJson(string text) { return new ProbeReport(Read("probe", "json", text)); }

        /// <summary>What the probe saw.</summary>
        public ProbeDocument Content() { return Read<ProbeDocument>(); }
    }

    /// <summary>What AWS and a probe told of a store.</summary>
    public sealed class Facts : Document
    {
        internal Facts(DocumentHandle handle) : base(handle) { }

        /// <summary>Reads facts that ToJson wrote.</summary>
        public static Facts FromJson(string text) { return new Facts(Read("facts", "json", text)); }

        /// <summary>Judged by every rule.</summary>
        public Verification Verify()
        {
            IntPtr error;
            return new Verification(Native.Check(Native.xks_verified(Handle, out error), error));
        }

        /// <summary>The causes of what was told: an error, a ConnectionErrorCode, a message, a log.</summary>
        public Diagnosis Diagnose(string told = "")
        {
            IntPtr error;
            return new Diagnosis(Native.Check(Native.xks_diagnosed(Handle, Native.Text(told), out error), error));
        }
    }
}
