using System;
using System.Collections.Generic;
using System.Runtime.Serialization;

namespace Xkslink
{
    /// <summary>How a simulated AWS is made; what is not set is an empty world whose time is virtual.</summary>
    [DataContract]
    public sealed class World
    {
        /// <summary>Public hosted zones in Route 53.</summary>
        [DataMember(Name = "hosted_zones", EmitDefaultValue = false)] public string[] HostedZones { get; set; }
        /// <summary>Simulated seconds per real second; without, time is virtual and passes at once while a call waits for it.</summary>
        [DataMember(Name = "speed", EmitDefaultValue = false)] public double? Speed { get; set; }
        /// <summary>Seed of invented ids, and of what lags how much.</summary>
        [DataMember(Name = "seed", EmitDefaultValue = false)] public int? Seed { get; set; }
        /// <summary>How late EC2 and KMS show a write, in seconds; about one if not set.</summary>
        [DataMember(Name = "consistency_seconds", EmitDefaultValue = false)] public double? ConsistencySeconds { get; set; }
        /// <summary>Whether nothing takes time but the calls.</summary>
        [DataMember(Name = "instant")] public bool Instant { get; set; }
        /// <summary>Whether the world begins at the present date instead of 2026-01-01.</summary>
        [DataMember(Name = "begins_now")] public bool BeginsNow { get; set; }
    }

    /// <summary>An external key store proxy that listens on loopback.</summary>
    [DataContract]
    public sealed class SimulatedProxy
    {
        /// <summary>`address:port`.</summary>
        [DataMember(Name = "address")] public string Address { get; private set; }
        /// <summary>The root of its certificate, in PEM: one of ProbeRequest.TrustedRoots.</summary>
        [DataMember(Name = "root")] public string Root { get; private set; }
    }

    /// <summary>A simulated EC2, Elastic Load Balancing, KMS, Route 53 and STS, in this process.</summary>
    public sealed class SimulatedAws : IDisposable
    {
        readonly SimulatorHandle handle;

        /// <summary>Makes a world.</summary>
        public SimulatedAws(World world = null)
        {
            Native.Version();
            IntPtr error;
            handle = Native.Check(Native.xks_simulator_new(Native.Text(Json.Write(world ?? new World())), out error), error);
        }

        internal SimulatorHandle Handle { get { return Native.Open(handle, this); } }

        string Do(string what, string input = "")
        {
            IntPtr error;
            return Native.Take(Native.xks_simulator_do(Handle, Native.Text(what), Native.Text(input), out error), error);
        }

        /// <summary>Does what somebody else would do, as docs/simulator.md lists it, and gives AWS's answer; both are JSON.</summary>
        public string Deed(string deed) { return Do("deed", deed); }

        /// <summary>What happens while the next verb runs, as JSON: deeds `during` it, each with the second `at` which it happens,
        /// deeds `on_publish` of a record, and the second `cut_after` which the caller lets go.</summary>
        public void DuringRun(string script) { Do("during_run", script); }

        /// <summary>How many of each sort of object exist in all accounts.</summary>
        public IReadOnlyDictionary<string, long> Census() { return Json.Read<Dictionary<string, long>>(Do("census")); }

        /// <summary>Everything that exists, as JSON.</summary>
        public string World() { return Do("world"); }

        /// <summary>Every request so far, as JSON.</summary>
        public string Requests() { return Do("requests"); }

        /// <summary>Simulated seconds since 2026-01-01.</summary>
        public double Now() { return Json.Read<double>(Do("now")); }

        /// <summary>Serves the world over HTTP on loopback until it ends, for the AWS SDK or CLI; gives the URL. Port 0 is a free one.</summary>
        public string Serve(int port = 0) { return Json.Read<string>(Do("serve", port.ToString())); }

        /// <summary>Starts an external key store proxy over TLS on loopback until the world ends, and puts it into the world; docs/simulator.md
        /// lists what its description, which is JSON, may have.</summary>
        public SimulatedProxy StartProxy(string setup) { return Json.Read<SimulatedProxy>(Do("start_proxy", setup)); }

        /// <summary>Starts a name server on loopback for the public zones of the world; gives its address.</summary>
        public string StartDns() { return Json.Read<string>(Do("start_dns")); }

        /// <summary>Ends the world: its runs are cancelled, its servers stop. What it holds can still be looked at.</summary>
        public void End() { Do("end"); }

        /// <summary>Ends the world and lets go of it.</summary>
        public void Dispose() { handle.Dispose(); }
    }
}
