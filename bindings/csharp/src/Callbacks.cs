// What a caller may bring to a client, and how the library calls it.
using System;
using System.Runtime.InteropServices;
using System.Runtime.Serialization;
using System.Threading;

namespace Xkslink
{
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

        [DataMember(Name = "access_key_id")] internal string AccessKeyId { get; set; }
        [DataMember(Name = "raw_secret_access_key")] internal string RawSecretAccessKey { get; set; }
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

    /// <summary>How much a record of the log matters.</summary>
    public enum LogLevel
    {
        /// <summary>More than each call.</summary>
        [EnumMember(Value = "trace")] Trace,
        /// <summary>Each call to AWS, with its action and request id.</summary>
        [EnumMember(Value = "debug")] Debug,
        /// <summary>A step of a run.</summary>
        [EnumMember(Value = "info")] Info,
        /// <summary>Something is not as it should be.</summary>
        [EnumMember(Value = "warn")] Warn,
        /// <summary>Something failed.</summary>
        [EnumMember(Value = "error")] Error,
    }

    /// <summary>One thing that was logged. It holds no secret.</summary>
    public sealed class LogRecord
    {
        internal LogRecord(LogLevel level, string target, string message)
        {
            Level = level;
            Target = target;
            Message = message;
        }

        /// <summary>How much it matters.</summary>
        public LogLevel Level { get; private set; }
        /// <summary>Where: `xkslink::apply`, or a part of the AWS SDK.</summary>
        public string Target { get; private set; }
        /// <summary>What, with its fields.</summary>
        public string Message { get; private set; }
    }

    /// <summary>The functions of one client. The library knows them by a word, as long as it may call them.</summary>
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
        static readonly Native.Function credential = (context, input, answer) => Call(context, answer, own => Json.Write(Given(own.source())));
        static readonly Native.Function network = (context, input, answer) => Call(context, answer, own => Json.Write(Given(own.keys[0]())));
        static readonly Native.Function dns = (context, input, answer) => Call(context, answer, own => Json.Write(Given(own.keys[1]())));
        static readonly Native.Function kms = (context, input, answer) => Call(context, answer, own => Json.Write(Given(own.keys[2]())));
        static readonly Native.Log log = (context, level, target, message) =>
        {
            Thread.CurrentThread.IsBackground = true;
            try
            {
                var severity = Words<LogLevel>.Read(Native.Read(level));
                Kept.Get<Callbacks>(context.ToInt64()).listener(new LogRecord(severity, Native.Read(target), Native.Read(message)));
            }
            catch (Exception)
            {
                // A log that fails changes nothing.
            }
        };
        static readonly Native.Done done = context =>
        {
            Thread.CurrentThread.IsBackground = true;
            Kept.Forget(context.ToInt64());
        };
        static readonly Native.Release release = thrown => Kept.Forget((long)thrown.ToUInt64());

        readonly IDnsPublisher publisher;
        readonly Func<ProxyCredential> source;
        readonly Func<AwsCredentials>[] keys;
        readonly Action<LogRecord> listener;

        public Callbacks(ClientOptions options)
        {
            publisher = options.Publisher;
            source = options.Credential;
            keys = Array.ConvertAll(new[] { options.Network, options.Dns, options.Kms }, account => account == null ? null : account.Credentials);
            listener = options.Log;
        }

        /// <summary>For one client, which lets go of them.</summary>
        public Native.Callbacks ToNative()
        {
            return new Native.Callbacks
            {
                Context = new IntPtr(Kept.Keep(this)),
                Publish = publisher == null ? null : publish,
                Withdraw = publisher == null ? null : withdraw,
                Credential = source == null ? null : credential,
                Network = keys[0] == null ? null : network,
                Dns = keys[1] == null ? null : dns,
                Kms = keys[2] == null ? null : kms,
                Log = listener == null ? null : log,
                Release = release,
                Done = done,
            };
        }

        static T Given<T>(T given) where T : class
        {
            if (given == null) throw new InvalidOperationException("the function gave null: give " + typeof(T).Name + ", or throw");
            return given;
        }

        /// <summary>Calls a function; no exception gets into the library.</summary>
        static void Call(IntPtr context, IntPtr answer, Func<Callbacks, string> function)
        {
            // The thread is the library's. Mono would wait for it at the end of the program, as for one that the program began.
            Thread.CurrentThread.IsBackground = true;
            try
            {
                Native.xks_answer(answer, Native.Text(function(Kept.Get<Callbacks>(context.ToInt64()))));
            }
            catch (Exception thrown)
            {
                string why = thrown.Message + " (" + thrown.GetType().FullName + ")";
                Native.xks_refuse(answer, Native.Text(why), new UIntPtr((ulong)Kept.Keep(thrown)));
            }
        }
    }

    /// <summary>A thread of the caller's stays what it is, while the library may call `done` on it.</summary>
    sealed class SameThread : IDisposable
    {
        readonly bool background = Thread.CurrentThread.IsBackground;

        public void Dispose() { Thread.CurrentThread.IsBackground = background; }
    }
}
