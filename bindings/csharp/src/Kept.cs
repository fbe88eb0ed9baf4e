using System.Collections.Concurrent;
using System.Threading;

namespace Xkslink
{
    /// <summary>Objects that the library knows by a word. A word is never used again, so that one from the past finds nothing.</summary>
    static class Kept
    {
        static readonly ConcurrentDictionary<long, object> Objects = new ConcurrentDictionary<long, object>();
        static long last;

        public static long Keep(object kept)
        {
            long word = Interlocked.Increment(ref last);
            Objects[word] = kept;
            return word;
        }

        /// <summary>The object of a word, or null.</summary>
        public static T Get<T>(long word) where T : class
        {
            object kept;
            return Objects.TryGetValue(word, out kept) ? kept as T : null;
        }

        public static void Forget(long word)
        {
            object kept;
            Objects.TryRemove(word, out kept);
        }
    }
}
