using System;

namespace Xkslink
{
    /// <summary>The library itself.</summary>
    public static class Library
    {
        /// <summary>Its version.</summary>
        public static string Version { get { return Native.Version(); } }

        /// <summary>The JSON Schema (2020-12) of a sort of documents: `connectivity` is a spec, the others are named as what verbs give.</summary>
        public static string Schema(string name)
        {
            Native.Version();
            IntPtr error;
            return Native.Take(Native.xks_schema(Native.Text(name), out error), error);
        }
    }
}
