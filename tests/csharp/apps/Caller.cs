// A custom app that makes each call of the SDK, in order and out of order, beside the wanderers of
// domain Cells and an app Echoes/echo that answers messages. Prints a line for each answer that is
// not the expected one, and after some ticks `all calls made`.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Heddle;

struct Speed {
  public float X, Y;
}

unsafe struct Body {
  public fixed float Place[3];
  public Speed Speed;
  public ushort Health;
  public double Heading;
}

static class Caller {
  const int UpdateCount = 30;
  static readonly Field<Speed> speed = new Field<Speed>(9, 900, "f32x2");
  static readonly Field<Body> body = new Field<Body>(10, 901);
  static readonly Field<float> unused = new Field<float>(33, 1);
  static readonly Box everywhere = new Box(-1e6f, -1e6f, 1e6f, 1e6f);
  static readonly HashSet<ErrorCode> seenCodes = new HashSet<ErrorCode>();
  static Application application;
  static Transaction transaction;
  static Subscription subscription;
  static Endpoint echo;
  static int faults, seenBefore, departed, departedBefore, answers;

  static void Main() {
    Refused(ErrorCode.InvalidArgument, "1 to 63", () => new Field<float>(64, 1));
    Refused(ErrorCode.InvalidArgument, "not 'f32x3'", () => new Field<Speed>(1, 1, "f32x3"));
    Refused(ErrorCode.InvalidArgument, "member Tick of", () => new Field<OfLongs>(1, 1));
    Refused(ErrorCode.InvalidArgument, "a sequential layout", () => new Field<DateTime>(1, 1));
    Refused(ErrorCode.InvalidArgument, "not the 8", () => new Field<Packed>(1, 1));
    Equal("bytes of a body", body.Bytes, 32);
    application = Application.Create();
    BeforeAnyUpdate();
    int update = 0;
    try {
      for (;;) {
        transaction = application.BeginUpdate();
        Update(++update);
        transaction.Commit();
        if (update == UpdateCount) AfterAll();
      }
    } catch (HeddleException error) when (error.Code == ErrorCode.ShuttingDown) {
      application.Dispose();
      application.Dispose();
    }
    Refused(ErrorCode.InvalidState, "disposed", () => application.BeginUpdate());
  }

  [StructLayout(LayoutKind.Sequential, Pack = 1)]
  struct Packed {
    public byte Kind;
    public float Size;
  }

  struct OfLongs {
    public long Tick;
  }

  static void BeforeAnyUpdate() {
    Partition own = application.AssignedPartitions().Single();
    Equal("its domain", own.Domain, "Callers");
    Equal("its kind of domain", own.DomainType, DomainType.Custom);
    Equal("whether it has a cell", own.Bounds.HasValue, false);
    Equal("cells", application.AllPartitions().Count(one => one.Bounds.HasValue), 4);
    Equal("its attempt", application.Attempt, 1);
    Equal("the last message", application.LastErrorMessage, "");
    Refused(ErrorCode.InvalidState, "already", () => Application.Create());
    Refused(ErrorCode.NotFound, "no ingress port 80", () => application.IngressPort(80));
    Equal("the last message", application.LastErrorMessage.Contains("ingress port"), true);
    Equal("a limit", application.RuntimeLimit(RuntimeLimitKind.EntitiesPerPartition) > 0, true);
    Refused(
        ErrorCode.InvalidArgument, "no limit 9",
        () => application.RuntimeLimit((RuntimeLimitKind)9));
    application.BeginUpdateWillBlock(0);
    while (application.BeginUpdateWillBlock(100)) { }
  }

  static void Update(int update) {
    Equal("the tick", transaction.Tick, application.CurrentTick);
    OwnershipChange[] changes = transaction.OwnershipChanges();
    ulong[] left = transaction.Owned.DepartedIds;
    Equal("rows that departed", transaction.Owned.DepartedRows.Length, left.Length);
    Equal("rows that arrived", transaction.Owned.ArrivedRows.Length, 0);
    int rejected = changes.Count(one => one.Kind == ChangeKind.Reject);
    Equal("rows that were rejected", transaction.Owned.RejectedRows.Length, rejected);
    foreach (OwnershipChange change in changes.Where(one => one.Kind == ChangeKind.Remove)) {
      Equal("whether it is among those that left", left.Contains(change.Entity.Id), true);
      departed++;
    }
    if (update == 1) FirstUpdate();
    if (update == 2) ColumnsOfOwn();
    if (update == 3) Sweep();
    if (update > 1) LookAtOthers();
    Talk();
  }

  static void FirstUpdate() {
    Transaction first = transaction;
    Refused(ErrorCode.InvalidState, "an update is open", () => application.BeginUpdate());
    Refused(ErrorCode.InvalidArgument, "not 511", () => first.CreateEntity(511));
    var far = new Position(1e9f, 0);
    Refused(ErrorCode.InvalidArgument, "outside", () => first.CreateEntity(512, far));
    Entity made = first.CreateEntity(700, new Position(1.5f, 2.5f, 3.5f));
    Equal("its place", first.LoadEntityIndexKey(made).ToString(), "(1.5, 2.5, 3.5)");
    Equal("its type", first.OwnedEntities().Single().Type, 700u);
    first.StoreEntityField(made, 5, 42, Encoding.UTF8.GetBytes("hello"));
    EntityField field = first.LoadEntityField(made, 5);
    Equal("the type of the field", field.TypeId, 42u);
    Equal("the field", Encoding.UTF8.GetString(field.Data), "hello");
    first.StoreEntityField(made, 6, 1, new byte[0]);
    Equal("an empty field", first.LoadEntityField(made, 6).Data.Length, 0);
    var shaped = new Body { Health = 7, Heading = 0.5, Speed = new Speed { Y = 2 } };
    first.StoreEntityField(made, body, shaped);
    Body loaded = first.LoadEntityField(made, body);
    Equal("a value", loaded.Health + loaded.Heading + loaded.Speed.Y, 9.5);
    first.StoreEntityField(made, 10, 901, new byte[3]);
    Refused(ErrorCode.InvalidState, "3 bytes", () => first.LoadEntityField(made, body));
    Refused(ErrorCode.NotFound, "no field 7", () => first.LoadEntityField(made, 7));
    Refused(
        ErrorCode.InvalidArgument, "1 to 63",
        () => first.StoreEntityField(made, 64, 1, new byte[0]));
    Refused(ErrorCode.InvalidArgument, "null", () => first.StoreEntityField(made, 1, 1, null));
    Refused(
        ErrorCode.CapacityExceeded, "a field holds",
        () => first.StoreEntityField(made, 1, 1, new byte[100000]));
    first.RemoveEntityField(made, 5);
    Refused(ErrorCode.NotFound, "no field 5", () => first.RemoveEntityField(made, 5));
    var nobody = new Entity(12345678);
    Refused(ErrorCode.NotFound, "no entity 12345678", () => first.DeleteEntity(nobody));
    Refused(ErrorCode.InvalidArgument, "null", () => first.DeleteEntity(null));
    Refused(ErrorCode.InvalidArgument, "outside", () => first.StoreEntityIndexKey(made, far));
    Entity other = first.CreateEntity(701);
    Equal("handles", other.Equals(new Entity(other.Id)) && !other.Equals(made), true);
    first.DeleteEntity(other);
    Refused(ErrorCode.NotFound, "", () => first.LoadEntityIndexKey(other));
    Refused(
        ErrorCode.InvalidArgument, "no area", () => first.ModifyEntityDomain(made, "Callers"));
    Refused(
        ErrorCode.InvalidArgument, "no domain 'Sells'",
        () => first.ModifyEntityDomain(made, "Sells"));
    first.ModifyEntityDomain(made, "Cells");
    var none = new Box(1, 0, 0, 0);
    Refused(
        ErrorCode.InvalidArgument, "not a box",
        () => first.CreateSubscriptionBoundingBox2F32("Cells", none));
    Refused(
        ErrorCode.InvalidArgument, "null",
        () => first.CreateSubscriptionBoundingBox2F32(null, everywhere));
    Subscription passing = first.CreateSubscriptionBoundingBox2F32("Cells", everywhere);
    first.DeleteSubscription(passing);
    Refused(ErrorCode.NotFound, "no subscription", () => first.DeleteSubscription(passing));
    subscription = first.CreateSubscriptionBoundingBox2F32("Cells", everywhere.Grown(-1));
    subscription = first.ModifySubscriptionBoundingBox2F32(subscription, everywhere);
    Equal("its box", subscription.Box.MaxX, 1e6f);
  }

  static void ColumnsOfOwn() {
    OwnedColumns owned = transaction.Owned;
    int[] rows = owned.Create(702, 10);
    Equal("entities", owned.Count, transaction.OwnedEntityCount);
    Column<Position> positions = owned.Positions;
    Column<Speed> speeds = owned.Field(speed);
    for (int place = 0; place < 10; place++) {
      positions[rows[place]] = new Position(place, 0);
      ref Speed mine = ref speeds[rows[place]];
      mine.X = 1;
      mine.Y = 2;
    }
    owned.Moved();
    owned.Stored(speed);
    Entity third = owned.Entity(rows[3]);
    Equal("its id", owned.Ids[rows[3]], third.Id);
    Equal("its type", owned.Types[rows[3]], 702u);
    Equal("a place in a column", transaction.LoadEntityIndexKey(third).X, 3f);
    Equal("a value in a column", transaction.LoadEntityField(third, speed).Y, 2f);
    Equal("its presence", owned.Presence(speed)[rows[3]], speed.Bytes + 1);
    speeds[rows[3]].X++;
    owned.Touch(rows[3]);
    owned.Touched(rows);
    int[] two = { rows[4], rows[5] };
    owned.Give(body, two);
    Equal("a body that was given", owned.Field(body)[rows[5]].Health, (ushort)0);
    owned.Take(body, two);
    Equal("its presence", owned.Presence(body)[rows[5]], 0);
    Refused(ErrorCode.NotFound, "row 1000000", () => owned.Give(body, new[] { rows[4], 1000000 }));
    Equal("its presence", owned.Presence(body)[rows[4]], 0);
    Refused(ErrorCode.NotFound, "row 1000000", () => owned.Take(body, new[] { 1000000 }));
    Refused(ErrorCode.NotFound, "row 1000000", () => owned.Touched(new[] { 1000000 }));
    Refused(ErrorCode.NotFound, "twice", () => owned.Delete(new[] { rows[0], rows[0] }));
    Refused(ErrorCode.InvalidArgument, "null", () => owned.Delete(null));
    int[] asked = owned.RowsOf(new[] { third.Id, 12345678ul, owned.Ids[rows[0]] });
    Equal("rows of ids", string.Join(" ", asked), rows[3] + " -1 " + rows[0]);
    Refused(ErrorCode.InvalidArgument, "rows 5 to 4", () => owned.Moved(5, 4));
    Refused(ErrorCode.InvalidArgument, "a count", () => owned.Create(702, -1));
    Refused(ErrorCode.CapacityExceeded, "takes no", () => owned.Create(702, int.MaxValue));
    Refused(ErrorCode.NotFound, "row 1000000", () => owned.Entity(1000000));
    Equal("no rows", owned.Create(702, 0).Length, 0);
    try {
      Fault("a row that is not there", positions[owned.Rows].X, "refused");
    } catch (IndexOutOfRangeException) { }
    owned.Delete(rows);
  }

  static void Sweep() {
    OwnedColumns owned = transaction.Owned;
    int swept = 0;
    owned.Sweep((positions, from, to) => {
      for (int row = from; row < to; row++) positions[row].Z += 1;
      swept += to - from;
    });
    Equal("rows that were swept over", swept, owned.Rows);
    try {
      owned.Sweep((positions, from, to) => { throw new NotSupportedException("midway"); });
      Equal("a sweep that throws", "nothing", "midway");
    } catch (NotSupportedException thrown) {
      Equal("a sweep that throws", thrown.Message, "midway");
    }
    Refused(ErrorCode.InvalidArgument, "null", () => owned.Sweep(null));
  }

  static void LookAtOthers() {
    SubscriptionChange[] changes = transaction.AllSubscriptionEvents();
    Equal("foreign events", changes.Count(one => one.Subscription != subscription), 0);
    Entity[] seen = transaction.SubscribedEntities(subscription);
    int added = changes.Count(one => one.Kind == ChangeKind.Add);
    int removed = changes.Count(one => one.Kind == ChangeKind.Remove);
    Equal("entities that are seen", seen.Length, seenBefore + added - removed);
    seenBefore = seen.Length;
    foreach (Entity entity in seen) {
      Position place = transaction.LoadEntityIndexKey(entity);
      Equal("a place by id", transaction.LoadEntityIndexKey(new Entity(entity.Id)).X, place.X);
    }
    Refused(
        ErrorCode.NotOwned, "belongs to another",
        () => transaction.StoreEntityIndexKey(seen[0], new Position()));
    ReadColumnsOfOthers(seen);
    Nearby near = transaction.Neighbours(0, 0, 1e5f);
    // A subscription covers an entity one tick after its handover; neighbours include it at once.
    if (departed > 0 && departed == departedBefore)
      Equal("neighbours", near.Count, seen.Length);
    departedBefore = departed;
    int within = near.Count(one => Math.Sqrt(
        one.Position.X * one.Position.X + one.Position.Y * one.Position.Y) <= 40);
    Equal("neighbours within 40", transaction.Neighbours(0, 0, 40).Count, within);
    Refused(ErrorCode.InvalidArgument, "radius", () => transaction.Neighbours(0, 0, 0));
    Equal("events of a second look", transaction.AllSubscriptionEvents().Length, 0);
  }

  static void ReadColumnsOfOthers(Entity[] seen) {
    var places = new Dictionary<ulong, float>();
    foreach (CoveredColumns other in transaction.Covered(subscription)) {
      EntityColumns columns = other.Columns;
      Column<Place> covered = other.Places;
      for (int place = 0; place < covered.Length; place++) {
        int row = covered[place].Row;
        places.Add(columns.Ids[row], covered[place].X);
        Equal("its place", columns.Positions[row].Y, covered[place].Y);
        Equal("whether it is there", columns.States[row] != 0 && columns.Types[row] >= 512, true);
      }
      Equal("values of a field of nobody", columns.Field(unused).Length, 0);
      Equal("presence of a field of nobody", columns.Presence(unused).Length, 0);
    }
    Equal("entities that are covered", places.Count, seen.Length);
    foreach (Entity entity in seen)
      Equal("its place", places[entity.Id], transaction.LoadEntityIndexKey(entity).X);
    Neighbourhood all = transaction.Neighbourhood(1e5f, false);
    Equal("a list that was not asked for", all.Starts.Length + all.List.Length, 0);
    var entries = new List<int>();
    Equal("entries", all.At(0, 0, 1e5f, entries), entries.Count);
    Equal("entries near", entries.Count, transaction.Neighbours(0, 0, 1e5f).Count);
    foreach (int entry in entries)
      if (places.ContainsKey(all.Ids[entry]))
        Equal("a place", all.Positions[entry].X, places[all.Ids[entry]]);
    Refused(ErrorCode.InvalidArgument, "radius", () => transaction.Neighbourhood(-1));
  }

  static void Talk() {
    Transaction now = transaction;
    foreach (Message message in now.ReceiveMessages())
      if (message.Sender.Equals(echo) && Text(message.Payload) == "echo heard ping") answers++;
    Equal("messages of a second call", now.ReceiveMessages().Length, 0);
    echo = now.ResolveEndpointByAppName("Echoes", "echo");
    Refused(
        ErrorCode.NotFound, "no app 'nobody'",
        () => now.ResolveEndpointByAppName("Echoes", "nobody"));
    Endpoint cell = now.ResolveEndpointByPosition("Cells", 1, 1);
    Refused(
        ErrorCode.InvalidArgument, "no partition",
        () => now.ResolveEndpointByPosition("Cells", 1e9f, 1));
    Refused(
        ErrorCode.InvalidArgument, "no area", () => now.ResolveEndpointByPosition("Echoes", 1, 1));
    now.SendMessage(echo, Encoding.UTF8.GetBytes("ping"));
    var own = new Endpoint(application.AssignedPartitions()[0].Id);
    Refused(ErrorCode.InvalidArgument, "own partition", () => now.SendMessage(own, new byte[4]));
    var none = new Endpoint(9999);
    Refused(ErrorCode.NotFound, "no partition 9999", () => now.SendMessage(none, new byte[4]));
    Refused(
        ErrorCode.CapacityExceeded, "a message holds",
        () => now.SendMessage(echo, new byte[70000]));
    Refused(ErrorCode.InvalidArgument, "null", () => now.SendMessage(echo, null));
    now.SendMessage(cell, new byte[0]);
  }

  static void AfterAll() {
    Transaction old = transaction;
    Refused(ErrorCode.InvalidState, "committed", () => old.Commit());
    Refused(ErrorCode.InvalidState, "committed", () => Equal("rows", old.Owned.Rows, 0));
    RuntimeMetrics metrics = application.RuntimeMetrics();
    Equal("committed ticks", metrics.TotalCommittedTicks, (ulong)UpdateCount);
    Equal("created entities", metrics.CreatedEntity, 12u);
    Equal("deleted entities", metrics.DeletedEntity, 11u);
    Equal("entities that left", metrics.ExitedEntity, 1u);
    application.ResetRuntimeMetrics();
    Equal("created after a reset", application.RuntimeMetrics().CreatedEntity, 0u);
    Equal("entities handed over", departed, 1);
    Equal("whether the echo answered", answers > UpdateCount / 2, true);
    // The last two are those of a process without a worker, and of the end.
    var others = new[] { ErrorCode.Ok, ErrorCode.NotConnected, ErrorCode.ShuttingDown };
    foreach (ErrorCode code in Enum.GetValues(typeof(ErrorCode)))
      if (seenCodes.Contains(code) == others.Contains(code))
        Fault("a call that was refused with " + code, seenCodes.Contains(code), "the other");
    Console.WriteLine("all calls made, " + faults + " faults");
  }

  static string Text(byte[] bytes) {
    return Encoding.UTF8.GetString(bytes);
  }

  static void Refused(ErrorCode code, string message, Action call) {
    try {
      call();
      Fault("a call with " + message, "not refused", code);
    } catch (HeddleException error) {
      seenCodes.Add(error.Code);
      bool isSaid = error.Message.StartsWith(code + ": ") && error.Message.Contains(message);
      if (error.Code != code || !isSaid) Fault("a call", error.Message, code + " with " + message);
    }
  }

  static void Equal<T>(string what, T got, T wanted) {
    if (!EqualityComparer<T>.Default.Equals(got, wanted)) Fault(what, got, wanted);
  }

  static void Fault(string what, object got, object wanted) {
    faults++;
    Console.WriteLine("fault: " + what + " is " + got + ", not " + wanted);
  }
}
