// This app's own entities by lists of rows: what a tick brought, and what is done to a few of many.
using System;

namespace Heddle {
  public sealed unsafe partial class OwnedColumns {
    /// <summary>
    /// Makes entities in the middle of the cell and gives their rows. Write their positions next,
    /// and say so. They have no fields. Columns that were taken before lack their rows.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the type id is below 512, or the count below 0. CapacityExceeded: not all
    /// of them fit; then none is made.
    /// </exception>
    public int[] Create(uint typeId, int count) {
      if (count < 0)
        throw transaction.Failure(
            ErrorCode.InvalidArgument, "a count is a whole number from 0 on, not " + count);
      // More are refused before any row is written.
      var rows = new int[Math.Min(count, transaction.EntityLimit)];
      // C wants a place to write to even where there is nothing to write.
      fixed (int* made = rows.Length == 0 ? new int[1] : rows)
        Check(Native.CreateEntities(Handle, typeId, (uint)count, (uint*)made));
      return rows;
    }

    /// <summary>Deletes the entities of these rows.</summary>
    /// <exception cref="HeddleException">
    /// NotFound: a row holds no entity, or is named twice; then none is deleted.
    /// </exception>
    public void Delete(int[] rows) {
      fixed (int* list = Need(rows))
        Check(Native.DeleteEntities(Handle, (uint*)list, (UIntPtr)rows.Length));
    }

    /// <summary>
    /// Gives the entities of these rows a field, with zeros in it for those that lacked it. Its
    /// values can be written next, without further word.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: a row holds no entity. CapacityExceeded: an entity may have no further field. Then
    /// none is given it.
    /// </exception>
    public void Give<T>(Field<T> field, int[] rows) where T : struct {
      fixed (int* list = Need(rows))
        Check(Native.Give(Handle, transaction.ShapeOf(field), (uint*)list, (UIntPtr)rows.Length));
    }

    /// <summary>
    /// Takes a field away from the entities of these rows, as far as they have it.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: a row holds no entity; then none is taken away.
    /// </exception>
    public void Take<T>(Field<T> field, int[] rows) where T : struct {
      uint index = transaction.ShapeOf(field)->Index;
      fixed (int* list = Need(rows))
        Check(Native.Take(Handle, index, (uint*)list, (UIntPtr)rows.Length));
    }

    /// <summary>
    /// Says that anything of these rows was written: positions, and values of fields that the
    /// entities have. For a few rows among many.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: a row holds no entity. InvalidArgument: one is outside the world. Then nothing is
    /// said.
    /// </exception>
    public void Touched(int[] rows) {
      fixed (int* list = Need(rows))
        Check(Native.TouchedRows(Handle, (uint*)list, (UIntPtr)rows.Length));
    }

    /// <summary>The same for one row.</summary>
    /// <exception cref="HeddleException">
    /// NotFound: the row holds no entity. InvalidArgument: it is outside the world.
    /// </exception>
    public void Touch(int row) {
      Check(Native.Touched(Handle, (uint)row));
    }

    /// <summary>
    /// Rows of the entities that this app owns from this tick on; in a process's first tick, of
    /// all. A row may be here and in <see cref="DepartedRows"/>: another entity has it now. So look
    /// at those that departed first, and at both before you create or delete.
    /// </summary>
    public int[] ArrivedRows {
      get {
        Native.TickRows changes = Changes;
        return Copy(changes.Arrived, changes.ArrivedCount);
      }
    }

    /// <summary>
    /// The rows that entities had who belong to another app from this tick on.
    /// </summary>
    public int[] DepartedRows {
      get {
        Native.TickRows changes = Changes;
        return Copy(changes.Departed, changes.DepartedCount);
      }
    }

    /// <summary>Their ids, in the order of <see cref="DepartedRows"/>.</summary>
    public ulong[] DepartedIds {
      get {
        Native.TickRows changes = Changes;
        var ids = new ulong[(int)changes.DepartedCount];
        for (int place = 0; place < ids.Length; place++)
          ids[place] = (ulong)changes.DepartedIds[place];
        return ids;
      }
    }

    /// <summary>
    /// Rows of the entities that should have gone to another app, which has no room: still owned,
    /// and tried again each tick.
    /// </summary>
    public int[] RejectedRows {
      get {
        Native.TickRows changes = Changes;
        return Copy(changes.Rejected, changes.RejectedCount);
      }
    }

    /// <summary>
    /// The rows of these entities, in the order of the ids; -1 where this app does not own one.
    /// Goes over all rows: ask once in a tick for all that are needed.
    /// </summary>
    public int[] RowsOf(ulong[] ids) {
      if (ids == null) throw transaction.Failure(ErrorCode.InvalidArgument, "the ids are null");
      double[] asked = Array.ConvertAll(ids, id => (double)id);
      var found = new long[ids.Length];
      fixed (double* first = asked)
      fixed (long* rows = found)
        Check(Native.RowsOf(Handle, first, (UIntPtr)ids.Length, rows));
      return Array.ConvertAll(found, row => (int)row);
    }

    Native.TickRows Changes {
      get {
        Native.TickRows changes;
        Check(Native.TickChanges(Handle, &changes));
        return changes;
      }
    }

    static int[] Copy(uint* rows, UIntPtr count) {
      var copy = new int[(int)count];
      for (int place = 0; place < copy.Length; place++) copy[place] = (int)rows[place];
      return copy;
    }

    int[] Need(int[] rows) {
      if (rows != null) return rows;
      throw transaction.Failure(ErrorCode.InvalidArgument, "the rows are null");
    }
  }
}
