// Columns: values on the fabric's memory, one a row, without a copy.
// Owns where a row's value lies; never checks whether the memory is still lent.
using System;

namespace Heddle {
  /// <summary>
  /// Values of one kind, one a row, in the fabric's memory. Good until the commit, or until the app
  /// creates entities or stores longer data in the field. A row's index is checked; that the column
  /// is still good is not.
  /// </summary>
  public unsafe struct Column<T> where T : struct {
    readonly byte* data;
    readonly int rows;
    readonly int stride;

    internal Column(void* data, int rows, int stride) {
      this.data = (byte*)data;
      this.rows = rows;
      this.stride = stride;
    }

    /// <summary>Number of rows. Not every row holds an entity.</summary>
    public int Length {
      get { return rows; }
    }

    /// <summary>Bytes from one row's value to the next one's.</summary>
    public int Stride {
      get { return stride; }
    }

    /// <summary>Where row 0 lies, for loops over pointers.</summary>
    public IntPtr Address {
      get { return (IntPtr)data; }
    }

    /// <summary>
    /// The value of a row, to be read and, in columns that may be written, written.
    /// </summary>
    /// <exception cref="IndexOutOfRangeException">There is no such row.</exception>
    public ref T this[int row] {
      get {
        if ((uint)row >= (uint)rows) throw new IndexOutOfRangeException(Outside(row));
        return ref Blittable<T>.At(data + (long)row * stride);
      }
    }

    string Outside(int row) {
      return "row " + row + " is not among the " + rows + " rows of this column";
    }
  }

  /// <summary>The ids of entities, one a row. Read only. Good as long as other columns.</summary>
  public unsafe struct IdColumn {
    readonly Column<double> ids;

    internal IdColumn(double* data, int rows) {
      ids = new Column<double>(data, rows, sizeof(double));
    }

    /// <summary>Number of rows.</summary>
    public int Length {
      get { return ids.Length; }
    }

    /// <summary>The id of the entity in a row; means nothing in a row that holds none.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such row.</exception>
    public ulong this[int row] {
      get { return (ulong)ids[row]; }
    }
  }
}
