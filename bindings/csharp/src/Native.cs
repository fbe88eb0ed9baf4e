// The functions of bindings/c/xkslink.h, and handles of what they give.
using System;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Xkslink
{
    /// <summary>What the library gave, and takes back once. An empty one is NULL.</summary>
    abstract class Handle : SafeHandleZeroOrMinusOneIsInvalid
    {
        protected Handle() : base(true) { }
    }

    sealed class DocumentHandle : Handle
    {
        protected override bool ReleaseHandle() { Native.xks_document_free(handle); return true; }
    }

    sealed class ClientHandle : Handle
    {
        protected override bool ReleaseHandle() { Native.xks_client_free(handle); return true; }
    }

    sealed class RunHandle : Handle
    {
        protected override bool ReleaseHandle() { Native.xks_run_free(handle); return true; }
    }

    sealed class SimulatorHandle : Handle
    {
        protected override bool ReleaseHandle() { Native.xks_simulator_free(handle); return true; }
    }

    static class Native
    {
        const string Library = "xkslink_ffi";

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        public delegate void Function(IntPtr context, IntPtr input, IntPtr answer);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        public delegate void Log(IntPtr context, IntPtr level, IntPtr target, IntPtr message);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        public delegate void Release(UIntPtr thrown);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        public delegate void Done(IntPtr context);

        [StructLayout(LayoutKind.Sequential)]
        public struct Callbacks
        {
            public IntPtr Context;
            public Function Publish, Withdraw, Credential, Network, Dns, Kms;
            public Log Log;
            public Release Release;
            public Done Done;
        }

        [DllImport(Library)] public static extern IntPtr xks_version();
        [DllImport(Library)] public static extern IntPtr xks_schema(byte[] name, out IntPtr error);
        [DllImport(Library)] public static extern void xks_free(IntPtr text);
        [DllImport(Library)] public static extern DocumentHandle xks_read(byte[] kind, byte[] format, byte[] text, out IntPtr error);
        [DllImport(Library)] public static extern IntPtr xks_write(DocumentHandle document, byte[] form, out IntPtr error);
        [DllImport(Library)] public static extern DocumentHandle xks_diagnose_text(byte[] text, out IntPtr error);
        [DllImport(Library)] public static extern DocumentHandle xks_verified(DocumentHandle facts, out IntPtr error);
        [DllImport(Library)] public static extern DocumentHandle xks_diagnosed(DocumentHandle facts, byte[] told, out IntPtr error);
        [DllImport(Library)] public static extern void xks_document_free(IntPtr document);
        [DllImport(Library)] public static extern void xks_answer(IntPtr answer, byte[] text);
        [DllImport(Library)] public static extern void xks_refuse(IntPtr answer, byte[] why, UIntPtr thrown);
        [DllImport(Library)] public static extern ClientHandle xks_client_new(byte[] accounts, ref Callbacks callbacks, SimulatorHandle simulated, out IntPtr error);
        [DllImport(Library)] public static extern void xks_client_free(IntPtr client);
        [DllImport(Library)] public static extern RunHandle xks_start(ClientHandle client, byte[] verb, DocumentHandle document, byte[] arguments, out IntPtr error);
        [DllImport(Library)] public static extern RunHandle xks_probe_name(byte[] name, byte[] region, byte[] proxy, byte[] request, out IntPtr error);
        [DllImport(Library)] public static extern int xks_run_next(RunHandle run, double seconds, out IntPtr xksEvent, out IntPtr line);
        [DllImport(Library)] public static extern int xks_run_result(RunHandle run, double seconds, out DocumentHandle document, out IntPtr error);
        [DllImport(Library)] public static extern void xks_run_cancel(RunHandle run);
        [DllImport(Library)] public static extern void xks_run_free(IntPtr run);
        [DllImport(Library)] public static extern SimulatorHandle xks_simulator_new(byte[] world, out IntPtr error);
        [DllImport(Library)] public static extern IntPtr xks_simulator_do(SimulatorHandle simulator, byte[] what, byte[] input, out IntPtr error);
        [DllImport(Library)] public static extern void xks_simulator_free(IntPtr simulator);

        /// <summary>A text for the library: UTF-8 that ends with NUL; null is NULL. A NUL within would be its end: it goes as what
        /// is no UTF-8, so that the library refuses the text and says which argument it was.</summary>
        public static byte[] Text(string text)
        {
            if (text == null) return null;
            byte[] bytes = Encoding.UTF8.GetBytes(text + "\0");
            for (int at = 0; at < bytes.Length - 1; at++) if (bytes[at] == 0) bytes[at] = 0xff;
            return bytes;
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

        /// <summary>Takes a text that the library gave, or throws its error.</summary>
        public static string Take(IntPtr text, IntPtr error)
        {
            if (text == IntPtr.Zero) throw XksException.Take(error);
            string read = Read(text);
            xks_free(text);
            return read;
        }

        /// <summary>A handle of an object that is still open. To be asked before a call that takes several handles: when one is closed,
        /// Mono would never let go of those before it.</summary>
        public static T Open<T>(T handle, object owner) where T : Handle
        {
            string name = owner.GetType().Name;
            if (handle.IsClosed) throw new ObjectDisposedException(name, "this " + name + " is closed: make a new one");
            return handle;
        }

        /// <summary>A handle that the library gave, or its error as an exception.</summary>
        public static T Check<T>(T given, IntPtr error) where T : Handle
        {
            if (given.IsInvalid) throw XksException.Take(error);
            return given;
        }

        /// <summary>Calls the library for the first time, and says what to do where there is none.</summary>
        public static string Version()
        {
            try
            {
                return Read(xks_version());
            }
            catch (DllNotFoundException missing)
            {
                throw new DllNotFoundException("xkslink has no native library here: put libxkslink_ffi, which `make bindings` builds, beside "
                    + "the program or into a folder that the loader searches, such as one in LD_LIBRARY_PATH", missing);
            }
        }
    }
}
