// This app's own entities as columns, and what is said of ranges of rows.
// Owns the checks that C leaves to its caller; the work on memory is libheddle's.
using System;

namespace Heddle {
  /// <summary>
  /// This app's entities as columns: one value a row, in the fabric's memory. An entity keeps its
  /// row for as long as this app owns it. Take columns anew in each tick, once a tick and not once
  /// an entity. After the commit every call throws InvalidState.
  /// </summary>
  public sealed unsafe partial class OwnedColumns {
    readonly Transaction transaction;

    internal OwnedColumns(Transaction transaction) {
      this.transaction = transaction;
    }

    /// <summary>
    /// Length of every column. Skip rows whose state is 0: they hold no entity.
    /// </summary>
    public int Rows {
      get { return (int)Columns.Rows; }
    }

    /// <summary>Number of entities.</summary>
    public int Count {
      get { return (int)Columns.Count; }
    }

    /// <summary>The id of each row's entity. Read only.</summary>
    public IdColumn Ids {
      get {
        Native.Columns columns = Columns;
        return new IdColumn(columns.Ids, (int)columns.Rows);
      }
    }

    /// <summary>The type id of each row's entity. Read only.</summary>
    public Column<uint> Types {
      get {
        Native.Columns columns = Columns;
        return new Column<uint>(columns.Types, (int)columns.Rows, sizeof(uint));
      }
    }

    /// <summary>0 where a row holds no entity. Read only.</summary>
    public Column<byte> States {
      get {
        Native.Columns columns = Columns;
        return new Column<byte>(columns.States, (int)columns.Rows, sizeof(byte));
      }
    }

    /// <summary>
    /// Where each row's entity is, in world units. Call <see cref="Moved(int, int)"/> after
    /// writing. The first use in a tick brings all positions up to date, which a sweep does by
    /// itself, and faster.
    /// </summary>
    public Column<Position> Positions {
      get {
        Native.Columns columns;
        Check(Native.OwnedColumns(Handle, &columns));
        return new Column<Position>(columns.Positions, (int)columns.Rows, sizeof(Position));
      }
    }

    /// <summary>
    /// The values of a field. Call <see cref="Stored{T}(Field{T}, int, int)"/> after writing.
    /// </summary>
    /// <exception cref="HeddleException">
    /// CapacityExceeded: the value is too large, or the machine has no room.
    /// </exception>
    public Column<T> Field<T>(Field<T> field) where T : struct {
      Native.FieldColumn column = ColumnOf(field);
      return new Column<T>(column.Data, Rows, (int)column.Stride);
    }

    /// <summary>
    /// One a row: 0 where the entity lacks the field, otherwise the bytes of its value plus 1. Read
    /// only.
    /// </summary>
    /// <exception cref="HeddleException">CapacityExceeded.</exception>
    public Column<int> Presence<T>(Field<T> field) where T : struct {
      return new Column<int>(ColumnOf(field).Presence, Rows, sizeof(int));
    }

    /// <summary>The handle of a row's entity, for calls that take one.</summary>
    /// <exception cref="HeddleException">NotFound: the row holds none.</exception>
    public Entity Entity(int row) {
      Native.Entity entity;
      Check(Native.OwnedEntity(Handle, (uint)row, &entity));
      return new Entity(entity);
    }

    /// <summary>Says that positions of all rows were written.</summary>
    public void Moved() {
      Moved(0, Rows);
    }

    /// <summary>
    /// Says that the positions of the rows from <paramref name="from"/> up to, without, <paramref
    /// name="to"/> were written.
    /// </summary>
    /// <exception cref="HeddleException">InvalidArgument: there are no such rows.</exception>
    public void Moved(int from, int to) {
      Check(Native.Moved(Handle, (uint)from, (uint)to));
    }

    /// <summary>
    /// Says that a field's values were written for all entities: from now on all have it.
    /// </summary>
    /// <exception cref="HeddleException">
    /// CapacityExceeded: an entity may have no further field.
    /// </exception>
    public void Stored<T>(Field<T> field) where T : struct {
      Stored(field, 0, Rows);
    }

    /// <summary>
    /// The same for the rows from <paramref name="from"/> up to, without, <paramref name="to"/>.
    /// </summary>
    /// <exception cref="HeddleException">
    /// CapacityExceeded: an entity may have no further field. InvalidArgument: there are no such
    /// rows.
    /// </exception>
    public void Stored<T>(Field<T> field, int from, int to) where T : struct {
      Check(Native.Stored(Handle, transaction.ShapeOf(field), (uint)from, (uint)to));
    }

    /// <summary>
    /// Goes over the positions of all rows in pieces: the fastest way to move most entities in most
    /// ticks. The body reads and writes the positions from <c>from</c> up to <c>to</c> only, and
    /// makes no other call of the application. It needs not say that they moved. Where it throws,
    /// the rows of the pieces to come stay as they are.
    /// </summary>
    public void Sweep(SweepBody body) {
      if (body == null) throw transaction.Failure(ErrorCode.InvalidArgument, "the body is null");
      transaction.Require();
      PositionSweep.Run(transaction, body);
    }

    Native.FieldColumn ColumnOf<T>(Field<T> field) where T : struct {
      Native.FieldColumn column;
      Check(Native.Field(Handle, transaction.ShapeOf(field), &column));
      return column;
    }

    /// <summary>All but the positions.</summary>
    Native.Columns Columns {
      get {
        Native.Columns columns;
        Check(Native.OwnedRows(Handle, &columns));
        return columns;
      }
    }

    IntPtr Handle {
      get { return transaction.Handle; }
    }

    void Check(ErrorCode code) {
      transaction.Check(code);
    }
  }
}
