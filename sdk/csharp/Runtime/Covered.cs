// What a subscription covers, as columns of other partitions. Owns their form; read only.
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>An entity in a subscription's box.</summary>
  [StructLayout(LayoutKind.Sequential)]
  public struct Place {
    /// <summary>Its row in the columns of its partition.</summary>
    public int Row;

    /// <summary>Where it is along x, in world units.</summary>
    public float X;

    /// <summary>Where it is along y, in world units.</summary>
    public float Y;
  }

  /// <summary>
  /// What a subscription covers of one other partition, as of the tick before. Good until the next
  /// call for the same subscription, its next box, or the commit.
  /// </summary>
  public sealed unsafe class CoveredColumns {
    readonly Native.Covered covered;

    internal CoveredColumns(Transaction transaction, Native.Covered covered) {
      this.covered = covered;
      Columns = new EntityColumns(transaction, covered);
    }

    /// <summary>The entities in the box, in no particular order.</summary>
    public Column<Place> Places {
      get { return new Column<Place>(covered.Places, (int)covered.Count, sizeof(Place)); }
    }

    /// <summary>The columns of the partition; they also have entities outside the box.</summary>
    public EntityColumns Columns { get; }
  }

  /// <summary>
  /// Another partition's entities as columns, as of the tick before. Read only: the memory is
  /// protected, and a write ends the process.
  /// </summary>
  public sealed unsafe class EntityColumns {
    readonly Transaction transaction;
    readonly Native.Covered covered;

    internal EntityColumns(Transaction transaction, Native.Covered covered) {
      this.transaction = transaction;
      this.covered = covered;
    }

    /// <summary>The partition's id.</summary>
    public uint Partition {
      get { return covered.Partition; }
    }

    /// <summary>Length of every column.</summary>
    public int Rows {
      get { return (int)covered.Rows; }
    }

    /// <summary>The id of each row's entity.</summary>
    public IdColumn Ids {
      get { return new IdColumn(covered.Ids, Rows); }
    }

    /// <summary>The type id of each row's entity.</summary>
    public Column<uint> Types {
      get { return new Column<uint>(covered.Types, Rows, sizeof(uint)); }
    }

    /// <summary>0 where a row holds no entity.</summary>
    public Column<byte> States {
      get { return new Column<byte>(covered.States, Rows, sizeof(byte)); }
    }

    /// <summary>Where each row's entity is, in world units.</summary>
    public Column<Position> Positions {
      get { return new Column<Position>(covered.Positions, Rows, sizeof(Position)); }
    }

    /// <summary>
    /// The values of a field. Its length is 0 where no entity of the partition has the field.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidState: values are kept with another length there.
    /// </exception>
    public Column<T> Field<T>(Field<T> field) where T : struct {
      Native.FieldView view = ViewOf(field);
      return new Column<T>(view.Data, view.Data == null ? 0 : Rows, (int)view.Stride);
    }

    /// <summary>
    /// One a row: 0 where the entity lacks the field, otherwise the bytes of its value plus 1. Its
    /// length is 0 where no entity of the partition has the field.
    /// </summary>
    /// <exception cref="HeddleException">As for the values.</exception>
    public Column<int> Presence<T>(Field<T> field) where T : struct {
      Native.FieldView view = ViewOf(field);
      return new Column<int>(view.Presence, view.Presence == null ? 0 : Rows, sizeof(int));
    }

    Native.FieldView ViewOf<T>(Field<T> field) where T : struct {
      Native.FieldView view;
      transaction.Check(
          Native.CoveredField(
              transaction.Handle, covered.Partition, transaction.ShapeOf(field), &view));
      return view;
    }
  }
}
