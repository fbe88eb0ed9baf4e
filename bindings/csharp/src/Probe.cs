using System;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Xkslink
{
    /// <summary>A phase of a probe.</summary>
    public enum Phase
    {
        /// <summary>Public DNS.</summary>
        [EnumMember(Value = "dns")] Dns,
        /// <summary>Connection, certificate and TLS.</summary>
        [EnumMember(Value = "tls")] Tls,
        /// <summary>The proxy API.</summary>
        [EnumMember(Value = "proxy")] Proxy,
        /// <summary>What the load balancer's health check sees.</summary>
        [EnumMember(Value = "health_check")] HealthCheck,
    }

    /// <summary>A health check to try where no spec tells of one.</summary>
    [DataContract]
    public sealed class ProbeHealthCheck
    {
        /// <summary>What is sent, and the path of the request.</summary>
        public ProbeHealthCheck(HealthProtocol protocol, string path)
        {
            Protocol = Words<HealthProtocol>.Write(protocol);
            Path = path;
        }

        [DataMember(Name = "type")] string Protocol { get; set; }
        [DataMember(Name = "path")] string Path { get; set; }
    }

    /// <summary>What to probe beside, or instead of, what a spec tells of.</summary>
    [DataContract]
    public sealed class ProbeRequest
    {
        /// <summary>`address:port` to connect to, instead of those of the spec.</summary>
        [DataMember(Name = "addresses", EmitDefaultValue = false)] public string[] Addresses { get; set; }
        /// <summary>A certificate and its chain in PEM, judged without a connection.</summary>
        [DataMember(Name = "certificate", EmitDefaultValue = false)] public string Certificate { get; set; }
        /// <summary>Resolvers to ask, `address:port`, instead of the system's.</summary>
        [DataMember(Name = "resolvers", EmitDefaultValue = false)] public string[] Resolvers { get; set; }
        /// <summary>Name servers to ask, `address:port`, instead of the zone's own.</summary>
        [DataMember(Name = "name_servers", EmitDefaultValue = false)] public string[] NameServers { get; set; }
        /// <summary>Whether public DNS is looked at; a spec's probe does.</summary>
        [DataMember(Name = "dns")] public bool Dns { get; set; }
        /// <summary>A health check, when there is no spec.</summary>
        [DataMember(Name = "health_check", EmitDefaultValue = false)] public ProbeHealthCheck HealthCheck { get; set; }
        /// <summary>Id of an external key to read from the proxy.</summary>
        [DataMember(Name = "external_key", EmitDefaultValue = false)] public string ExternalKey { get; set; }
        /// <summary>Phases to leave out.</summary>
        public IEnumerable<Phase> Without
        {
            get { return Words<Phase>.ReadAll(without); }
            set { without = Words<Phase>.WriteAll(value); }
        }
        /// <summary>Certificates in PEM that count as roots besides those that AWS KMS trusts.</summary>
        [DataMember(Name = "trusted_roots", EmitDefaultValue = false)] public string TrustedRoots { get; set; }
        /// <summary>Seconds for each connection and answer.</summary>
        [DataMember(Name = "timeout_seconds", EmitDefaultValue = false)] public double? TimeoutSeconds { get; set; }

        [DataMember(Name = "without", EmitDefaultValue = false)] List<string> without;
    }

    /// <summary>Where the API of a proxy is, and its credential. No text shows the secret.</summary>
    [DataContract]
    public sealed class ProxyApi
    {
        /// <summary>`/kms/xks/v1`, or that with a prefix, and the credential, which signs the requests.</summary>
        public ProxyApi(string path, ProxyCredential credential)
        {
            if (credential == null) throw new ArgumentNullException("credential", "give a ProxyCredential");
            Path = path;
            AccessKeyId = credential.AccessKeyId;
            RawSecretAccessKey = credential.RawSecretAccessKey;
        }

        [DataMember(Name = "path")] string Path { get; set; }
        [DataMember(Name = "access_key_id")] string AccessKeyId { get; set; }
        [DataMember(Name = "raw_secret_access_key")] string RawSecretAccessKey { get; set; }
    }
}
