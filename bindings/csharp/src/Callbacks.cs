// What a caller may bring to a client, and how the library calls it.
using System;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Threading;

namespace Xkslink
{
    /// <summary>The TXT record that proves the ownership of the domain.</summary>
    [DataContract]
    public sealed class TxtRecord
    {
        /// <summary>Its name.</summary>
        [DataMember(Name = "name")] public string Name { get; private set; }
        /// <summary>Its value.</summary>
        [DataMember(Name = "value")] public string Value { get; private set; }
        /// <summary>Its time to live in seconds.</summary>
        [DataMember(Name = "ttl")] public long Ttl { get; private set; }
        /// <summary>Other names that AWS would find it under.</summary>
        [DataMember(Name = "alternatives")] public string[] Alternatives { get; private set; }
    }

    /// <summary>Publishes the TXT record, for the domain `callback`, on threads of the library's own.</summary>
    public interface IDnsPublisher
    {
        /// <summary>Publishes the record. It may be there already.</summary>
        void Publish(TxtRecord record);
        /// <summary>Takes the record out again. It may be gone already.</summary>
        void Withdraw(TxtRecord record);
    }

    /// <summary>The credential of the proxy. No text shows the secret.</summary>
    [DataContract]
    public sealed class ProxyCredential
    {
        /// <summary>An id of 20 to 30 characters of `A`-`Z` and `2`-`7`, and a secret of 43 to 64 characters of Base64.</summary>
        public ProxyCredential(string accessKeyId, string rawSecretAccessKey)
        {
            AccessKeyId = accessKeyId;
            RawSecretAccessKey = rawSecretAccessKey;
        }

        [DataMember(Name = "access_key_id")] string AccessKeyId { get; set; }
        [DataMember(Name = "raw_secret_access_key")] string RawSecretAccessKey { get; set; }
    }

    /// <summary>AWS credentials. No text shows the secrets.</summary>
    [DataContract]
    public sealed class AwsCredentials
    {
        /// <summary>Credentials, with a token and an end if they are temporary: their source is asked again before the end.</summary>
        public AwsCredentials(string accessKeyId, string secretAccessKey, string sessionToken = null, DateTimeOffset? expiresAt = null)
        {
            AccessKeyId = accessKeyId;
            SecretAccessKey = secretAccessKey;
            SessionToken = sessionToken;
            if (expiresAt != null) ExpiresAt = expiresAt.Value.ToUnixTimeSeconds();
        }

        [DataMember(Name = "access_key_id")] string AccessKeyId { get; set; }
        [DataMember(Name = "secret_access_key")] string SecretAccessKey { get; set; }
        [DataMember(Name = "session_token", EmitDefaultValue = false)] string SessionToken { get; set; }
        [DataMember(Name = "expires_at", EmitDefaultValue = false)] long? ExpiresAt { get; set; }
    }

    /// <summary>The functions of one client. The library knows them by a word, as long as the client or a run of it is there.</summary>
    sealed class Callbacks
    {
        // The library holds pointers to these, so they must never be collected.
        static readonly Native.Function publish = (context, input, answer) => Call(context, answer, own =>
        {
            own.publisher.Publish(Json.Read<TxtRecord>(Native.Read(input)));
            return "";
        });
        static readonly Native.Function withdraw = (context, input, answer) => Call(context, answer, own =>
        {
            own.publisher.Withdraw(Json.Read<TxtRecord>(Native.Read(input)));
            return "";
        });
        static readonly Native.Function credential = (context, input, answer) => Call(context, answer, own => Json.Write(own.source()));
        static readonly Native.Function network = (context, input, answer) => Call(context, answer, own => Json.Write(own.keys[0]()));
        static readonly Native.Function dns = (context, input, answer) => Call(context, answer, own => Json.Write(own.keys[1]()));
        static readonly Native.Function kms = (context, input, answer) => Call(context, answer, own => Json.Write(own.keys[2]()));
        static readonly Native.Release release = thrown => Kept.Forget((long)thrown.ToUInt64());

        readonly IDnsPublisher publisher;
        readonly Func<ProxyCredential> source;
        readonly Func<AwsCredentials>[] keys;
        readonly long word;
        int users = 1;

        public Callbacks(ClientOptions options)
        {
            publisher = options.Publisher;
            source = options.Credential;
            keys = Array.ConvertAll(new[] { options.Network, options.Dns, options.Kms }, account => account == null ? null : account.Credentials);
            word = Kept.Keep(this);
        }

        public Native.Callbacks ToNative()
        {
            return new Native.Callbacks
            {
                Context = new IntPtr(word),
                Publish = publisher == null ? null : publish,
                Withdraw = publisher == null ? null : withdraw,
                Credential = source == null ? null : credential,
                Network = keys[0] == null ? null : network,
                Dns = keys[1] == null ? null : dns,
                Kms = keys[2] == null ? null : kms,
                Release = release,
            };
        }

        /// <summary>One more uses them.</summary>
        public void Hold() { Interlocked.Increment(ref users); }

        /// <summary>One less does.</summary>
        public void Release()
        {
            if (Interlocked.Decrement(ref users) == 0) Kept.Forget(word);
        }

        /// <summary>Calls a function; no exception gets into the library.</summary>
        static void Call(IntPtr context, IntPtr answer, Func<Callbacks, string> function)
        {
            // The thread is the library's. Mono would wait for it at the end of the program, as for one that the program began.
            Thread.CurrentThread.IsBackground = true;
            try
            {
                Callbacks own = Kept.Get<Callbacks>(context.ToInt64());
                if (own == null) throw new ObjectDisposedException("Client", "the client and its runs are closed");
                Native.xks_answer(answer, Native.Text(function(own)));
            }
            catch (Exception thrown)
            {
                string why = thrown.Message + " (" + thrown.GetType().FullName + ")";
                Native.xks_refuse(answer, Native.Text(why), new UIntPtr((ulong)Kept.Keep(thrown)));
            }
        }
    }
}
