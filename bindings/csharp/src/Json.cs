// Plain data as JSON, by what .NET and Mono both bring.
using System;
using System.IO;
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
}
