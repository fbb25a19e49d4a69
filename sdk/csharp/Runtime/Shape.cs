// What the bytes of a data field are, read from a C# structure.
// Owns which structures are shapes, and their text, as TypeScript's defineField writes it.
using System;
using System.Collections.Generic;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Heddle {
  internal sealed class Shape {
    static readonly Dictionary<Type, Numbers> Kinds = new Dictionary<Type, Numbers> {
      { typeof(byte), new Numbers("u8", 1) },
      { typeof(sbyte), new Numbers("i8", 1) },
      { typeof(ushort), new Numbers("u16", 2) },
      { typeof(short), new Numbers("i16", 2) },
      { typeof(uint), new Numbers("u32", 4) },
      { typeof(int), new Numbers("i32", 4) },
      { typeof(float), new Numbers("f32", 4) },
      { typeof(double), new Numbers("f64", 8) },
    };

    /// <summary>Numbers of one kind, one after another.</summary>
    struct Numbers {
      internal readonly string Kind;
      internal readonly int Bytes;
      internal int Count;

      internal Numbers(string kind, int bytes, int count = 1) {
        Kind = kind;
        Bytes = bytes;
        Count = count;
      }

      public override string ToString() {
        return Count == 1 ? Kind : Kind + "x" + Count;
      }
    }

    /// <summary>As JSON: "f32x3" in quotes, or an object of such.</summary>
    internal string Declaration { get; private set; }
    /// <summary>Bytes of one value.</summary>
    internal int Bytes { get; private set; }
    /// <summary>What a row's bytes are a multiple of.</summary>
    internal int AlignBytes { get; private set; }

    /// <summary>
    /// The shape of a structure. `declared` is "f32x3" where its numbers are to have no names.
    /// </summary>
    internal static Shape Of(Type type, string declared) {
      if (type.IsAutoLayout && !Kinds.ContainsKey(type))
        throw Refusal(type + " leaves the order of its members open: it needs a sequential layout");
      int bytes = Marshal.SizeOf(type);
      if (declared != null || Kinds.ContainsKey(type)) return OfNumbers(type, bytes, declared);
      FieldInfo[] members = MembersOf(type);
      if (members.Length == 0) throw Refusal(type + " has no members");
      var found = new Numbers[members.Length];
      var texts = new string[members.Length];
      for (int place = 0; place < members.Length; place++) {
        found[place] = DemandNumbers(members[place]);
        texts[place] = "\"" + NameOf(members[place]) + "\":\"" + found[place] + "\"";
      }
      return Made(type, bytes, "{" + string.Join(",", texts) + "}", found);
    }

    static Shape OfNumbers(Type type, int bytes, string declared) {
      Numbers? all = NumbersOf(type);
      string numbers = all == null ? "no numbers of one kind" : all.Value.ToString();
      if (all == null || (declared != null && declared != numbers))
        throw Refusal(type + " holds " + numbers + ", not '" + declared + "'");
      return Made(type, bytes, "\"" + numbers + "\"", new[] { all.Value });
    }

    static Shape Made(Type type, int bytes, string declaration, Numbers[] members) {
      int end = 0;
      int align = 1;
      foreach (Numbers member in members) {
        end = RoundUp(end, member.Bytes) + member.Bytes * member.Count;
        align = Math.Max(align, member.Bytes);
      }
      if (RoundUp(end, align) != bytes)
        throw Refusal(
            type + " has " + bytes + " bytes, not the " + RoundUp(end, align) +
            " of its members in order, each at a multiple of its kind's size");
      return new Shape { Declaration = declaration, Bytes = bytes, AlignBytes = align };
    }

    static Numbers DemandNumbers(FieldInfo member) {
      Numbers? numbers = NumbersOf(member);
      if (numbers != null) return numbers.Value;
      throw Refusal(
          "member " + member.Name + " of " + member.DeclaringType + " is a " + member.FieldType +
          ", which is no number with a kind (" + string.Join(", ", Kinds.Keys) +
          "), and neither a fixed array nor a structure of one kind of them");
    }

    static Numbers? NumbersOf(FieldInfo member) {
      var buffer = member.GetCustomAttribute<FixedBufferAttribute>();
      if (buffer == null) return NumbersOf(member.FieldType);
      Numbers numbers;
      if (!Kinds.TryGetValue(buffer.ElementType, out numbers)) return null;
      numbers.Count = buffer.Length;
      return numbers;
    }

    /// <summary>Null where a type is no numbers, or numbers of several kinds.</summary>
    static Numbers? NumbersOf(Type type) {
      Numbers numbers;
      if (Kinds.TryGetValue(type, out numbers)) return numbers;
      if (!type.IsValueType || type.IsPrimitive || type.IsEnum) return null;
      int count = 0;
      foreach (FieldInfo member in MembersOf(type)) {
        Numbers? inner = NumbersOf(member);
        if (inner == null || (count > 0 && inner.Value.Kind != numbers.Kind)) return null;
        numbers = inner.Value;
        count += numbers.Count;
      }
      if (count == 0) return null;
      numbers.Count = count;
      return numbers;
    }

    /// <summary>In the order of their declaration.</summary>
    static FieldInfo[] MembersOf(Type type) {
      const BindingFlags all =
          BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;
      FieldInfo[] members = type.GetFields(all);
      Array.Sort(members, (one, other) => one.MetadataToken.CompareTo(other.MetadataToken));
      return members;
    }

    /// <summary>As TypeScript spells it: `Velocity` is "velocity".</summary>
    static string NameOf(FieldInfo member) {
      return char.ToLowerInvariant(member.Name[0]) + member.Name.Substring(1);
    }

    static int RoundUp(int bytes, int multiple) {
      return (bytes + multiple - 1) / multiple * multiple;
    }

    static HeddleException Refusal(string message) {
      return new HeddleException(ErrorCode.InvalidArgument, "InvalidArgument: " + message);
    }
  }
}
