using System;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Xkslink
{
    /// <summary>One thing that is wrong with a spec.</summary>
    [DataContract]
    public sealed class Problem
    {
        /// <summary>The field, such as `proxy.addresses[1]`.</summary>
        [DataMember(Name = "field")] public string Field { get; private set; }
        /// <summary>The rule of AWS that it breaks, such as `TGT-05`, or null.</summary>
        [DataMember(Name = "rule")] public string Rule { get; private set; }
        /// <summary>What is wrong.</summary>
        [DataMember(Name = "what")] public string What { get; private set; }
        /// <summary>What to write instead.</summary>
        [DataMember(Name = "help")] public string Help { get; private set; }
    }

    /// <summary>Why a call did not do what it should. Its message says what went wrong and what to do; what a callback threw is its
    /// InnerException.</summary>
    public sealed class XksException : Exception
    {
        [DataContract]
        sealed class Told
        {
            [DataMember(Name = "kind")] public string Kind = null;
            [DataMember(Name = "message")] public string Message = null;
            [DataMember(Name = "help")] public string Help = null;
            [DataMember(Name = "resource")] public string Resource = null;
            [DataMember(Name = "aws_code")] public string AwsCode = null;
            [DataMember(Name = "request_id")] public string RequestId = null;
            [DataMember(Name = "retryable")] public bool Retryable = false;
            [DataMember(Name = "problems")] public List<Problem> Problems = null;
            [DataMember(Name = "broken")] public List<Check> Broken = null;
            [DataMember(Name = "report")] public string Report = null;
            [DataMember(Name = "thrown")] public long Thrown = 0;
        }

        readonly Told told;

        XksException(string json, Told told) : base(told.Message + "; " + told.Help, Kept.Get<Exception>(told.Thrown))
        {
            Json = json;
            this.told = told;
            if (told.Report != null) Report = Report.FromJson(told.Report);
        }

        /// <summary>Takes an error of the library.</summary>
        internal static XksException Take(IntPtr error)
        {
            string json = Native.Take(error, error);
            return new XksException(json, Xkslink.Json.Read<Told>(json));
        }

        /// <summary>What a caller can decide by, such as `access_denied`; see the schema of errors in the documentation.</summary>
        public string Kind { get { return told.Kind; } }
        /// <summary>What was being done and what went wrong.</summary>
        public string Reason { get { return told.Message; } }
        /// <summary>What a person can do about it.</summary>
        public string Help { get { return told.Help; } }
        /// <summary>The resource it happened at, such as `subnet euc1-az1`, or null.</summary>
        public string Resource { get { return told.Resource; } }
        /// <summary>AWS's own error code, or null.</summary>
        public string AwsCode { get { return told.AwsCode; } }
        /// <summary>AWS's request id, for support cases, or null.</summary>
        public string RequestId { get { return told.RequestId; } }
        /// <summary>Whether the same call may succeed later without any change.</summary>
        public bool Retryable { get { return told.Retryable; } }
        /// <summary>Every problem of a spec; empty for other errors.</summary>
        public IReadOnlyList<Problem> Problems { get { return told.Problems ?? new List<Problem>(); } }
        /// <summary>The rules that do not hold, when that is why.</summary>
        public IReadOnlyList<Check> Broken { get { return told.Broken ?? new List<Check>(); } }
        /// <summary>What apply or teardown had done until then, or null.</summary>
        public Report Report { get; private set; }
        /// <summary>The error as JSON.</summary>
        public string Json { get; private set; }
    }
}
