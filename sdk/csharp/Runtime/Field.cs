// Data fields with a declared shape. Owns the declaration as C has it; values are the columns'.
using System;
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>
  /// A data field whose values are structures of numbers. Declare it once for all ticks, and alike
  /// in all apps that use it: <c>new Field&lt;Flight&gt;(1, 600)</c>.
  /// </summary>
  /// <typeparam name="T">
  /// A number (byte, sbyte, ushort, short, uint, int, float, double), or a structure whose members
  /// are numbers, fixed arrays of numbers, or structures of numbers of one kind.
  /// </typeparam>
  public sealed unsafe class Field<T> where T : struct {
    // Lives as long as the process: fields are few, and made once.
    internal readonly Native.Shape* Declared;

    /// <summary>Declares a field.</summary>
    /// <param name="index">1 to 63; the same in all apps of the simulation.</param>
    /// <param name="typeId">The type id that its data gets: any number.</param>
    /// <param name="shape">
    /// Null where the members' names belong to the shape: a structure with the float members X and
    /// Y is then what TypeScript declares as <c>{ x: 'f32', y: 'f32' }</c>. "f32x2" where they do
    /// not.
    /// </param>
    /// <exception cref="HeddleException">
    /// InvalidArgument: a bad index, or a structure that is no shape.
    /// </exception>
    public Field(int index, uint typeId, string shape = null) {
      if (index < 1 || index > IndexMax)
        throw new HeddleException(
            ErrorCode.InvalidArgument,
            "InvalidArgument: a field index is a whole number from 1 to " + IndexMax + ", not " +
            index);
      Shape found = Shape.Of(typeof(T), shape);
      byte[] text = Utf8.Bytes(found.Declaration);
      IntPtr declaration = Marshal.AllocHGlobal(text.Length);
      Marshal.Copy(text, 0, declaration, text.Length);
      Declared = (Native.Shape*)Marshal.AllocHGlobal(sizeof(Native.Shape));
      *Declared = new Native.Shape {
        Index = (uint)index,
        TypeId = typeId,
        Bytes = (uint)found.Bytes,
        AlignBytes = (uint)found.AlignBytes,
        Declaration = (byte*)declaration,
      };
    }

    const int IndexMax = 63;

    /// <summary>1 to 63.</summary>
    public int Index {
      get { return (int)Declared->Index; }
    }

    /// <summary>The type id of its data.</summary>
    public uint TypeId {
      get { return Declared->TypeId; }
    }

    /// <summary>Bytes of one value.</summary>
    public int Bytes {
      get { return (int)Declared->Bytes; }
    }
  }
}
