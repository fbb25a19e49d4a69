// A picture of all that an app can see, with who is near whom. Owns its form; read only.
using System;
using System.Collections.Generic;

namespace Heddle {
  /// <summary>
  /// All that this app can see, each entity once: own ones as they were at the call, others as of
  /// the tick before. There is one picture: the next one overwrites it. What is written later does
  /// not change it.
  /// </summary>
  public sealed unsafe class Neighbourhood {
    readonly Transaction transaction;
    readonly Native.Neighbourhood picture;

    internal Neighbourhood(Transaction transaction, Native.Neighbourhood picture) {
      this.transaction = transaction;
      this.picture = picture;
    }

    /// <summary>Entry n below it is row n of this app; the other apps' entities follow.</summary>
    public int OwnRows {
      get { return (int)picture.OwnRows; }
    }

    /// <summary>Number of entries.</summary>
    public int Count {
      get { return (int)picture.Count; }
    }

    /// <summary>The id of each entry; means nothing for own rows that hold no entity.</summary>
    public IdColumn Ids {
      get { return new IdColumn(picture.Ids, Count); }
    }

    /// <summary>The type id of each entry.</summary>
    public Column<uint> Types {
      get { return new Column<uint>(picture.Types, Count, sizeof(uint)); }
    }

    /// <summary>Where each entry is, in world units.</summary>
    public Column<Position> Positions {
      get { return new Column<Position>(picture.Positions, Count, sizeof(Position)); }
    }

    /// <summary>
    /// The neighbours of row r, without itself, are the entries <c>List[Starts[r]]</c> up to,
    /// without, <c>List[Starts[r + 1]]</c>. One a row, and one more; its length is 0 where the list
    /// was not asked for.
    /// </summary>
    public Column<int> Starts {
      get {
        int length = picture.Starts == null ? 0 : OwnRows + 1;
        return new Column<int>(picture.Starts, length, sizeof(int));
      }
    }

    /// <summary>
    /// Entries, in no particular order; <see cref="Starts"/> says whose neighbours they are.
    /// </summary>
    public Column<int> List {
      get {
        int length = picture.Starts == null ? 0 : (int)picture.Starts[OwnRows];
        return new Column<int>(picture.List, length, sizeof(int));
      }
    }

    /// <summary>
    /// A copy of a field's values by entry: own ones as they are at this call, others as of the
    /// tick before, zeros for entities that lack it. Good until the next call for the same field.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidState: the picture is of an earlier tick, or subscriptions changed since.
    /// </exception>
    public Column<T> Field<T>(Field<T> field) where T : struct {
      Native.FieldView view;
      transaction.Check(
          Native.NeighbourhoodField(transaction.Handle, transaction.ShapeOf(field), &view));
      return new Column<T>(view.Data, Count, (int)view.Stride);
    }

    /// <summary>Appends the entries near a place to a list, and gives how many there are.</summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the radius is not above 0, or the list is null. InvalidState.
    /// </exception>
    public int At(float x, float y, float radius, List<int> found) {
      if (found == null)
        throw transaction.Failure(ErrorCode.InvalidArgument, "the list for the entries is null");
      uint* entries;
      UIntPtr count;
      transaction.Check(
          Native.NeighbourhoodAt(transaction.Handle, x, y, radius, &entries, &count));
      for (int place = 0; place < (int)count; place++) found.Add((int)entries[place]);
      return (int)count;
    }
  }
}
