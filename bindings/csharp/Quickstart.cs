// The quickstart in C#, on a simulated AWS, over the C interface (bindings/c/xkslink.h): plan, apply with events, teardown, an error.
using System;
using System.Runtime.InteropServices;
using System.Text;

static class Native
{
    const string Library = "xkslink_ffi";

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    public delegate void Listener(IntPtr context, IntPtr xksEvent, IntPtr line);

    [DllImport(Library)] public static extern void xks_free(IntPtr text);
    [DllImport(Library)] public static extern IntPtr xks_read(byte[] kind, byte[] format, byte[] text, out IntPtr error);
    [DllImport(Library)] public static extern IntPtr xks_write(IntPtr document, byte[] form, out IntPtr error);
    [DllImport(Library)] public static extern void xks_document_free(IntPtr document);
    [DllImport(Library)] public static extern IntPtr xks_client_new(byte[] accounts, IntPtr callbacks, IntPtr simulated, out IntPtr error);
    [DllImport(Library)] public static extern void xks_client_free(IntPtr client);
    [DllImport(Library)] public static extern IntPtr xks_start(IntPtr client, byte[] verb, IntPtr document, byte[] arguments, out IntPtr error);
    [DllImport(Library)] public static extern IntPtr xks_run_wait(IntPtr run, Listener listener, IntPtr context, out IntPtr error);
    [DllImport(Library)] public static extern void xks_run_free(IntPtr run);
    [DllImport(Library)] public static extern IntPtr xks_simulator_new(byte[] world, out IntPtr error);
    [DllImport(Library)] public static extern void xks_simulator_free(IntPtr simulator);

    /// <summary>A text for the library: UTF-8 that ends with NUL.</summary>
    public static byte[] Text(string text)
    {
        return Encoding.UTF8.GetBytes(text + "\0");
    }

    /// <summary>Reads a text of the library.</summary>
    public static string Read(IntPtr text)
    {
        int length = 0;
        while (Marshal.ReadByte(text, length) != 0) length++;
        byte[] bytes = new byte[length];
        Marshal.Copy(text, bytes, 0, length);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Takes a text that the library gave.</summary>
    public static string Take(IntPtr text)
    {
        string read = Read(text);
        xks_free(text);
        return read;
    }

    /// <summary>What the library gave, or its error as an exception.</summary>
    public static IntPtr Check(IntPtr given, IntPtr error)
    {
        if (given == IntPtr.Zero) throw new InvalidOperationException(Take(error));
        return given;
    }
}

static class Quickstart
{
    const string Spec = @"{""version"": 1, ""name"": ""payments-hsm"", ""region"": ""eu-central-1"",
        ""network"": {""type"": ""create"", ""cidr"": ""10.60.0.0/24""}, ""data_center"": [""10.0.0.0/16""],
        ""link"": {""type"": ""vpn_gateway""}, ""proxy"": {""addresses"": [""10.0.8.10"", ""10.0.8.11""]},
        ""private_dns_name"": ""xks.payments.example.com"", ""domain"": {""type"": ""route53""}}";

    static IntPtr error;

    static IntPtr Run(IntPtr client, string verb, IntPtr document, string arguments)
    {
        IntPtr run = Native.Check(Native.xks_start(client, Native.Text(verb), document, Native.Text(arguments), out error), error);
        Native.Listener print = (context, xksEvent, line) => Console.WriteLine(Native.Read(line));
        IntPtr found = Native.Check(Native.xks_run_wait(run, print, IntPtr.Zero, out error), error);
        GC.KeepAlive(print);
        Native.xks_run_free(run);
        return found;
    }

    static int Main()
    {
        IntPtr aws = Native.Check(Native.xks_simulator_new(Native.Text("{\"hosted_zones\": [\"example.com\"]}"), out error), error);
        IntPtr client = Native.Check(Native.xks_client_new(Native.Text("{}"), IntPtr.Zero, aws, out error), error);
        IntPtr spec = Native.Check(Native.xks_read(Native.Text("spec"), Native.Text("json"), Native.Text(Spec), out error), error);
        IntPtr plan = Run(client, "plan", spec, "{}");
        IntPtr report = Run(client, "apply", plan, "{}");
        Console.WriteLine(Native.Take(Native.Check(Native.xks_write(report, Native.Text("text"), out error), error)));
        Native.xks_document_free(Run(client, "teardown", spec, "{}"));
        bool told = false;
        try
        {
            Native.Check(Native.xks_read(Native.Text("spec"), Native.Text("json"), Native.Text("{\"version\": 1}"), out error), error);
        }
        catch (InvalidOperationException thrown)
        {
            told = thrown.Message.Contains("invalid_spec");
        }
        foreach (IntPtr document in new[] { report, plan, spec }) Native.xks_document_free(document);
        Native.xks_client_free(client);
        Native.xks_simulator_free(aws);
        Console.WriteLine(told ? "done" : "the error is missing");
        return told ? 0 : 1;
    }
}
