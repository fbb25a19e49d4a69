// A sweep: libheddle calls back for each piece. Owns that nothing is thrown through C.
using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>Moves the entities of the rows from one up to, without, another.</summary>
  /// <param name="positions">Of all rows; only those of the piece mean anything.</param>
  /// <param name="from">The first row.</param>
  /// <param name="to">The row behind the last one.</param>
  public delegate void SweepBody(Column<Position> positions, int from, int to);

  internal sealed unsafe class PositionSweep {
    // Kept for ever: C has its address.
    static readonly Native.SweepBody OnPiece = Piece;

    readonly SweepBody body;
    Exception thrown;

    PositionSweep(SweepBody body) {
      this.body = body;
    }

    internal static void Run(Transaction transaction, SweepBody body) {
      var sweep = new PositionSweep(body);
      GCHandle self = GCHandle.Alloc(sweep);
      try {
        transaction.Check(
            Native.Sweep(transaction.Handle, OnPiece, (void*)GCHandle.ToIntPtr(self)));
      } finally {
        self.Free();
      }
      if (sweep.thrown != null) ExceptionDispatchInfo.Capture(sweep.thrown).Throw();
    }

    [MonoPInvokeCallback(typeof(Native.SweepBody))]
    static void Piece(void* context, float* positions, uint from, uint to) {
      var sweep = (PositionSweep)GCHandle.FromIntPtr((IntPtr)context).Target;
      if (sweep.thrown != null) return;
      try {
        sweep.body(new Column<Position>(positions, (int)to, sizeof(Position)), (int)from, (int)to);
      } catch (Exception exception) {
        sweep.thrown = exception;
      }
    }
  }

  /// <summary>Unity's compiler to C++ looks for it, by its name, at what C calls.</summary>
  [AttributeUsage(AttributeTargets.Method)]
  internal sealed class MonoPInvokeCallbackAttribute : Attribute {
    internal MonoPInvokeCallbackAttribute(Type type) {
      Type = type;
    }

    internal Type Type { get; }
  }
}
