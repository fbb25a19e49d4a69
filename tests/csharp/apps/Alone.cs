// A program that runs apps alone, each in a world of its own, and says what is not as it should be.
using System;
using System.Collections.Generic;
using System.Linq;
using Heddle;

struct Speed {
  public float X, Y;
}

static class Alone {
  static readonly Field<Speed> speeds = new Field<Speed>(1, 600, "f32x2");
  static int faults;

  static void Main() {
    Refused(ErrorCode.InvalidArgument, () => Application.CreateStandalone(null));
    Refused(ErrorCode.InvalidArgument, () => Made(-1));
    Refused(ErrorCode.NotConnected, () => Application.Create());
    CountTicks();
    StayInBounds();
    Together();
    Console.WriteLine("all ran alone, " + faults + " faults");
  }

  static Application Made(double seconds) {
    return Application.CreateStandalone(new StandaloneOptions {
      Seconds = seconds,
      TickRate = StandaloneOptions.Unlimited,
      Bounds = new Box(-10, -20, 30, 40),
      Domain = "Weiß",
      EntitiesPerPartition = 100,
    });
  }

  static void CountTicks() {
    using (Application application = Made(2)) {
      Partition own = application.AssignedPartitions().Single();
      Equal("its domain", own.Domain, "Weiß");
      Equal("its kind of domain", own.DomainType, DomainType.Spatial);
      Equal("its bounds", own.Bounds.Value.MaxY, 40f);
      Equal("its limit", application.RuntimeLimit(RuntimeLimitKind.EntitiesPerPartition), 100);
      ulong ticks = 0;
      foreach (Transaction transaction in application.Updates()) {
        Equal("the tick", transaction.Tick, ++ticks);
        if (ticks == 3) transaction.Commit();
      }
      Equal("ticks of two seconds", ticks, 60ul);
      Refused(ErrorCode.InvalidState, () => application.BeginUpdate());
    }
    using (Application application = Application.CreateStandalone(
               new StandaloneOptions { Seconds = 0.2, TickRate = 20 }))
      Equal("ticks at a rate", application.Updates().Count(), 4);
  }

  static void StayInBounds() {
    using (Application application = Made(1)) {
      Transaction transaction = application.BeginUpdate();
      OwnedColumns owned = transaction.Owned;
      int[] rows = owned.Create(512, 100);
      Equal("the middle", owned.Positions[rows[7]].ToString(), "(10, 10, 0)");
      Refused(ErrorCode.CapacityExceeded, () => transaction.CreateEntity(512));
      Refused(ErrorCode.CapacityExceeded, () => owned.Create(512, int.MaxValue));
      Entity first = owned.Entity(rows[0]);
      Refused(
          ErrorCode.CapacityExceeded,
          () => transaction.StoreEntityField(first, 1, 600, new byte[1025]));
      Column<Speed> speed = owned.Field(speeds);
      for (int row = 0; row < owned.Rows; row++) speed[row].Y = row;
      owned.Stored(speeds);
      Column<Position> positions = owned.Positions;
      positions[rows[5]].X = 31;
      owned.Moved();
      Refused(ErrorCode.InvalidArgument, () => transaction.Commit());
      Equal("whether it is committed", transaction.IsCommitted, false);
      positions[rows[5]].X = 29;
      owned.Moved();
      transaction.Commit();

      transaction = application.BeginUpdate();
      owned = transaction.Owned;
      speed = owned.Field(speeds);
      owned.Sweep((places, from, to) => {
        for (int row = from; row < to; row++) places[row].Y += speed[row].Y / 100;
      });
      transaction.Commit();

      transaction = application.BeginUpdate();
      owned = transaction.Owned;
      Equal("a place after a sweep", owned.Positions[rows[50]].Y, 10 + rows[50] / 100f);
      Equal("a place that was corrected", owned.Positions[rows[5]].X, 29f);
      Equal("neighbours, all", transaction.Neighbours(10, 10, 50).Count, 100);
      Neighbourhood near = transaction.Neighbourhood(0.015f);
      Column<Speed> seen = near.Field(speeds);
      var found = new List<int>();
      for (int at = near.Starts[rows[50]]; at < near.Starts[rows[50] + 1]; at++)
        found.Add((int)seen[near.List[at]].Y);
      found.Sort();
      Equal("neighbours in the list", string.Join(" ", found), "49 51");
      owned.Delete(rows);
      Equal("entities", owned.Count, 0);
      transaction.Commit();
    }
  }

  static void Together() {
    using (Application one = Made(1))
    using (Application other = Made(1)) {
      one.BeginUpdate().CreateEntity(600);
      Transaction transaction = other.BeginUpdate();
      Equal("entities of the other world", transaction.OwnedEntityCount, 0);
    }
  }

  static void Refused(ErrorCode code, Action call) {
    try {
      call();
      Equal("a call", "not refused", code.ToString());
    } catch (HeddleException error) {
      Equal(error.Message, error.Code, code);
    }
  }

  static void Equal<T>(string what, T got, T wanted) {
    if (EqualityComparer<T>.Default.Equals(got, wanted)) return;
    faults++;
    Console.WriteLine("fault: " + what + " is " + got + ", not " + wanted);
  }
}
