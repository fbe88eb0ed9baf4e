// Plain data as JSON, by what .NET and Mono both bring.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;

namespace Xkslink
{
    static class Json
    {
        static DataContractJsonSerializer Serializer(Type type)
        {
            return new DataContractJsonSerializer(type, new DataContractJsonSerializerSettings { UseSimpleDictionaryFormat = true });
        }

        public static T Read<T>(string text)
        {
            using (var stream = new MemoryStream(Encoding.UTF8.GetBytes(text))) return (T)Serializer(typeof(T)).ReadObject(stream);
        }

        public static string Write<T>(T value)
        {
            using (var stream = new MemoryStream())
            {
                Serializer(typeof(T)).WriteObject(stream, value);
                return Encoding.UTF8.GetString(stream.ToArray());
            }
        }
    }

    /// <summary>The words of an enum in JSON, of which the serializer knows nothing.</summary>
    static class Words<T> where T : struct
    {
        static readonly Dictionary<string, T> Values = typeof(T).GetFields(BindingFlags.Public | BindingFlags.Static)
            .ToDictionary(each => each.GetCustomAttribute<EnumMemberAttribute>().Value, each => (T)each.GetValue(null));

        public static T Read(string word) { return Values[word]; }

        public static string Write(T value)
        {
            string name = typeof(T).Name;
            if (!Values.ContainsValue(value)) throw new ArgumentOutOfRangeException(name, value, "give one of " + string.Join(", ", Values.Values));
            return Values.First(each => each.Value.Equals(value)).Key;
        }

        public static List<T> ReadAll(List<string> words) { return words == null ? null : words.ConvertAll(Read); }

        public static List<string> WriteAll(IEnumerable<T> values) { return values == null ? null : values.Select(Write).ToList(); }
    }
}
