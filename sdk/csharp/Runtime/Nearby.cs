// Who is near a place: what one question found, without a copy. Owns its form alone.
using System;
using System.Collections;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>An entity near a place.</summary>
  [StructLayout(LayoutKind.Sequential)]
  public struct Neighbour {
    internal Native.Entity Entity;

    /// <summary>Where it is, in world units.</summary>
    public Position Position;

    /// <summary>The entity's id.</summary>
    public ulong Id {
      get { return Entity.Id; }
    }

    /// <summary>The entity's type id.</summary>
    public uint Type {
      get { return Entity.Type; }
    }

    /// <summary>The partition that holds it: this app's own, or another's.</summary>
    public uint Partition {
      get { return Entity.Partition; }
    }

    /// <summary>Its row there; <see cref="DepartedRow"/> where it has just left this app.</summary>
    public int Row {
      get { return (int)Entity.Row; }
    }

    /// <summary>
    /// Stands for the row of an entity that has just left this app, and that no other app shows
    /// yet.
    /// </summary>
    public const int DepartedRow = -1;
  }

  /// <summary>
  /// Entities near a place, in no particular order. Good until the next question, or the commit.
  /// </summary>
  public unsafe struct Nearby : IEnumerable<Neighbour> {
    readonly Neighbour* found;
    readonly int count;

    internal Nearby(Neighbour* found, int count) {
      this.found = found;
      this.count = count;
    }

    /// <summary>How many there are.</summary>
    public int Count {
      get { return count; }
    }

    /// <summary>One of them, from 0 on.</summary>
    /// <exception cref="IndexOutOfRangeException">There is no such place in the list.</exception>
    public Neighbour this[int place] {
      get {
        if ((uint)place >= (uint)count) throw new IndexOutOfRangeException();
        return found[place];
      }
    }

    /// <summary>All of them, for <c>foreach</c>.</summary>
    public IEnumerator<Neighbour> GetEnumerator() {
      for (int place = 0; place < Count; place++) yield return this[place];
    }

    IEnumerator IEnumerable.GetEnumerator() {
      return GetEnumerator();
    }
  }
}
