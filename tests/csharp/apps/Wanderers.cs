// tests/apps/wanderers.ts once more, in C#: the same numbers move the same entities, so that a
// world of both has the state hash of a world of either: `--seed 1 --entities 50 --until 300`.
using System;
using System.Linq;
using Heddle;

static class Wanderers {
  static string seed = "1";
  static double entityCount = 50;
  static ulong until = 1000000000;
  static float half;
  static Partition own;

  static void Main(string[] words) {
    for (int place = 0; place + 1 < words.Length; place += 2) {
      if (words[place] == "--seed") seed = words[place + 1];
      if (words[place] == "--entities") entityCount = double.Parse(words[place + 1]);
      if (words[place] == "--until") until = ulong.Parse(words[place + 1]);
    }
    using (Application application = Application.Create()) {
      own = application.AssignedPartitions()[0];
      half = application.AllPartitions().Max(one => one.Bounds?.MaxX ?? 0);
      bool isFirst = true;
      foreach (Transaction transaction in application.Updates()) {
        if (isFirst) SayWhatIsOwned(transaction);
        isFirst = false;
        if (transaction.Tick < until) Live(transaction);
      }
    }
  }

  static void SayWhatIsOwned(Transaction transaction) {
    int adds = transaction.OwnershipChanges().Count(change => change.Kind == ChangeKind.Add);
    Console.WriteLine(
        "language=C# tick=" + transaction.Tick + " adds=" + adds + " owned=" +
        transaction.OwnedEntityCount);
  }

  static void Live(Transaction transaction) {
    ulong tick = transaction.Tick;
    // Sorted by id: the order of rows differs between runs.
    foreach (Entity entity in transaction.OwnedEntities().OrderBy(one => one.Id).ToList())
      Change(transaction, entity);
    double births = tick == 1
        ? entityCount
        : Math.Floor(Chance(seed, tick, own.AppName) * (entityCount / 25 + 1));
    for (uint birth = 0; birth < births; birth++) Create(transaction, birth);
  }

  static void Create(Transaction transaction, uint birth) {
    Box cell = own.Bounds.Value;
    Func<string, double> along = axis =>
        Chance(seed, transaction.Tick, own.AppName, birth, axis);
    var position = new Position(
        (float)(cell.MinX + along("x") * ((double)cell.MaxX - cell.MinX)),
        (float)(cell.MinY + along("y") * ((double)cell.MaxY - cell.MinY)),
        (float)along("z"));
    Entity entity = transaction.CreateEntity(512 + birth % 3, position);
    transaction.StoreEntityField(entity, 1, 600, Bytes(transaction.Tick, entity));
  }

  static void Change(Transaction transaction, Entity entity) {
    ulong tick = transaction.Tick;
    double what = Chance(seed, tick, entity.Id, "what");
    if (what < 0.02) {
      transaction.DeleteEntity(entity);
      return;
    }
    if (what < 0.4)
      transaction.StoreEntityIndexKey(
          entity,
          new Position(Anywhere(tick, entity, "x"), Anywhere(tick, entity, "y"), tick));
    if (what > 0.3 && what < 0.5) {
      int field = 1 + (int)(Chance(seed, tick, entity.Id, "field") * 4);
      transaction.StoreEntityField(entity, field, 600 + (uint)field, Bytes(tick, entity));
    }
    if (what <= 0.95) return;
    for (int field = 1; field <= 4; field++) {
      if (!HasField(transaction, entity, field)) continue;
      transaction.RemoveEntityField(entity, field);
      return;
    }
  }

  static float Anywhere(ulong tick, Entity entity, string axis) {
    return (float)((Chance(seed, tick, entity.Id, axis) * 2 - 1) * half);
  }

  static bool HasField(Transaction transaction, Entity entity, int field) {
    try {
      transaction.LoadEntityField(entity, field);
      return true;
    } catch (HeddleException error) when (error.Code == ErrorCode.NotFound) {
      return false;
    }
  }

  static byte[] Bytes(ulong tick, Entity entity) {
    int length = (int)(Chance(seed, tick, entity.Id, "length") * 200);
    return Enumerable.Repeat((byte)(tick & 255), length).ToArray();
  }

  /// <summary>As chance() of random.ts: from 0 to 1, and the same for the same words.</summary>
  static double Chance(params object[] words) {
    unchecked {
      uint hash = 0x811c9dc5;
      foreach (char character in string.Join("/", words)) hash = (hash ^ character) * 0x01000193;
      hash = (hash ^ (hash >> 16)) * 0x7feb352d;
      hash = (hash ^ (hash >> 15)) * 0x846ca68b;
      return (hash ^ (hash >> 16)) / 4294967296.0;
    }
  }
}
