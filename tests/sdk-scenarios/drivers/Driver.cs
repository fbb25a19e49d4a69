// The driver in C#: makes an app's calls of the scenarios, tick by tick, and prints each answer as
// `<line>: <answer>`. Owns how calls are spelled in this language; ../README.md says what each call
// does and answers. Never knows what is expected.
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using Heddle;

static class Driver {
  const int NoRow = 1000000;
  static readonly Entity Nobody = new Entity(12345678);
  static readonly Dictionary<string, AnyField> Fields = new Dictionary<string, AnyField> {
    { "velocity", new FieldOf<Velocity>(9, 900, "f32x2", Velocity.Read, Velocity.Made) },
    { "body", new FieldOf<Body>(10, 901, null, Body.Read, Body.Made) },
    { "wide", new FieldOf<Wide>(11, 902, "u8x100", _ => new double[100], _ => new Wide()) },
  };
  static readonly Dictionary<string, Entity> Entities = new Dictionary<string, Entity>();
  static readonly Dictionary<ulong, uint> TypeOfId = new Dictionary<ulong, uint>();
  static readonly Dictionary<string, Subscription> Subscriptions =
      new Dictionary<string, Subscription>();
  // Deleted ones: scenarios ask of them once more.
  static readonly Dictionary<string, Subscription> Ended = new Dictionary<string, Subscription>();
  static readonly Dictionary<string, Endpoint> Endpoints = new Dictionary<string, Endpoint> {
    { "nobody", new Endpoint(9999) },
  };
  static Application application;
  static uint ownPartition;
  internal static Transaction Transaction;
  static Neighbourhood picture;

  static OwnedColumns Owned {
    get { return Transaction.Owned; }
  }

  static int Main(string[] words) {
    try {
      application = Application.Create();
    } catch (HeddleException refused) {
      Print(0, refused.Code.ToString());
      return 1;
    }
    Partition own = application.AssignedPartitions()[0];
    ownPartition = own.Id;
    Dictionary<ulong, Tick> ticks = ReadTicks(words[0], own.AppName);
    for (;;) {
      try {
        Transaction = application.BeginUpdate();
      } catch (HeddleException refused) {
        Print(0, refused.Code.ToString());
        break;
      }
      Tick tick;
      if (ticks.TryGetValue(Transaction.Tick, out tick)) {
        if (tick.Clean) CleanUp();
        foreach (Line line in tick.Lines) Answer(line);
      }
      if (!Transaction.IsCommitted) Transaction.Commit();
    }
    application.Dispose();
    return 0;
  }

  struct Line {
    public int Number;
    public string Name;
    public string[] Words;
  }

  sealed class Tick {
    public bool Clean;
    public readonly List<Line> Lines = new List<Line>();
  }

  static Dictionary<ulong, Tick> ReadTicks(string file, string app) {
    var found = new Dictionary<ulong, Tick>();
    ulong tick = 0;
    int number = 0;
    foreach (string text in File.ReadLines(file)) {
      number++;
      string[] words = text.Split(new[] { " -> " }, StringSplitOptions.None)[0].Split(' ');
      if (words[0] == "scenario" || words[0] == "tick")
        found[++tick] = new Tick { Clean = words[0] == "scenario" };
      else if (words[0] == app)
        found[tick].Lines.Add(
            new Line { Number = number, Name = words[1], Words = words.Skip(2).ToArray() });
    }
    return found;
  }

  static void Print(int line, string text) {
    Console.WriteLine(line + ": " + text);
  }

  static void Answer(Line line) {
    Func<string[], string> call;
    try {
      Print(
          line.Number, Calls.TryGetValue(line.Name, out call) ? call(line.Words) : "unsupported");
    } catch (HeddleException refused) {
      Print(line.Number, refused.Code.ToString());
    } catch (KeyNotFoundException) {
      Print(line.Number, "unmet");
    }
  }

  /// <summary>Nothing of a scenario is left for the next one.</summary>
  static void CleanUp() {
    Transaction.OwnershipChanges();
    Transaction.ReceiveMessages();
    foreach (Subscription subscription in Subscriptions.Values)
      Transaction.DeleteSubscription(subscription);
    foreach (Entity entity in Transaction.OwnedEntities().ToArray())
      Transaction.DeleteEntity(entity);
    Subscriptions.Clear();
    Ended.Clear();
    Entities.Clear();
    application.ResetRuntimeMetrics();
  }

  // --- words and answers

  static string Known(Entity entity) {
    string name = entity.Type.ToString();
    if (!Entities.ContainsKey(name)) Entities.Add(name, entity);
    TypeOfId[entity.Id] = entity.Type;
    return name;
  }

  static Entity EntityOf(string word) {
    return word == "nobody" ? Nobody : Entities[word];
  }

  static Subscription SubscriptionOf(string word) {
    Subscription found;
    return Subscriptions.TryGetValue(word, out found) ? found : Ended[word];
  }

  internal static double Real(string word) {
    return double.Parse(word, NumberStyles.Float, CultureInfo.InvariantCulture);
  }

  static float Number(string word) {
    return (float)Real(word);
  }

  static Position PositionOf(string[] words, int from) {
    return new Position(Number(words[from]), Number(words[from + 1]), Number(words[from + 2]));
  }

  static Box BoxOf(string[] words, int from) {
    float[] edges = words.Skip(from).Select(Number).ToArray();
    return new Box(edges[0], edges[1], edges[2], edges[3]);
  }

  // `hello`, `x*20` for 20 times x, `-` for no bytes.
  static byte[] BytesOf(string word) {
    if (word.Length > 2 && word[1] == '*') word = new string(word[0], int.Parse(word.Substring(2)));
    return Encoding.UTF8.GetBytes(word == "-" ? "" : word);
  }

  static string TextOf(byte[] bytes) {
    string text = Encoding.UTF8.GetString(bytes);
    if (text.Length > 8 && text == new string(text[0], text.Length))
      return text[0] + "*" + text.Length;
    return text == "" ? "-" : text;
  }

  static string Join(IEnumerable<string> items) {
    string joined = string.Join(", ", items);
    return joined == "" ? "none" : joined;
  }

  internal static string Spaced(params double[] numbers) {
    return string.Join(" ", numbers.Select(Text));
  }

  internal static string Text(double number) {
    return number.ToString("R", CultureInfo.InvariantCulture);
  }

  static string Text(bool value) {
    return value ? "true" : "false";
  }

  static string Text(Position at) {
    return Spaced(at.X, at.Y, at.Z);
  }

  static string AppOf(uint partition) {
    return application.AllPartitions().First(found => found.Id == partition).AppName;
  }

  static string Describe(Partition partition) {
    string words = partition.AppName + " " + partition.Domain + " " + partition.DomainType;
    if (partition.Bounds == null) return words;
    Box edges = partition.Bounds.Value;
    return words + " " + Spaced(edges.MinX, edges.MinY, edges.MaxX, edges.MaxY);
  }

  static int RowOf(string word) {
    for (int row = 0; row < Owned.Rows; row++)
      if (Owned.States[row] != 0 && Owned.Types[row].ToString() == word) return row;
    return NoRow;
  }

  static int[] RowsOf(IEnumerable<string> words) {
    return words.Select(RowOf).ToArray();
  }

  // An own entity's name for each row that holds one, with more behind it.
  internal static string Each(Func<int, string> more) {
    var items = new List<string>();
    for (int row = 0; row < Owned.Rows; row++)
      if (Owned.States[row] != 0) items.Add(Owned.Types[row] + more(row));
    return Join(items);
  }

  static string TypesAt(int[] rows) {
    return Join(rows.Select(row => Owned.Types[row].ToString()));
  }

  static string Metrics() {
    RuntimeMetrics counts = application.RuntimeMetrics();
    return string.Join(
        " ", typeof(RuntimeMetrics).GetFields()
                 .Where(field => field.Name != "TotalCommittedTicks")
                 .Select(field => char.ToLower(field.Name[0]) + field.Name.Substring(1) + "=" +
                                  field.GetValue(counts)));
  }

  static string Limit(string word) {
    RuntimeLimitKind kind;
    if (!Enum.TryParse(word, out kind)) kind = (RuntimeLimitKind)99;
    return application.RuntimeLimit(kind).ToString();
  }

  static string Fill(string type) {
    for (int made = 0;; made++)
      try {
        Transaction.CreateEntity(uint.Parse(type));
      } catch (HeddleException refused) {
        return made + " " + refused.Code;
      }
  }

  static string CoveredAt(CoveredColumns covered, Place place) {
    EntityColumns columns = covered.Columns;
    string app = columns.States[place.Row] != 0 ? AppOf(columns.Partition) : "nowhere";
    return app + " " + columns.Types[place.Row] + " " +
           Spaced(place.X, place.Y, columns.Positions[place.Row].Z);
  }

  static string CoveredEach(string name, Func<CoveredColumns, Place, string> more) {
    var items = new List<string>();
    foreach (CoveredColumns covered in Transaction.Covered(SubscriptionOf(name)))
      for (int at = 0; at < covered.Places.Length; at++) items.Add(more(covered, covered.Places[at]));
    return Join(items);
  }

  static string EachNeighbour(string radius, Func<int, string> more) {
    Neighbourhood near = Transaction.Neighbourhood(Number(radius));
    picture = near;
    return Each(row => {
      var items = new List<string>();
      for (int place = near.Starts[row]; place < near.Starts[row + 1]; place++)
        items.Add(" " + near.Types[near.List[place]] + more(near.List[place]));
      items.Sort(string.CompareOrdinal);
      return string.Concat(items);
    });
  }

  static string NeighbourhoodAt(string[] words) {
    Neighbourhood near = Transaction.Neighbourhood(Number(words[0]), false);
    var found = new List<int>();
    near.At(Number(words[1]), Number(words[2]), Number(words[3]), found);
    return Join(found.Select(entry => near.Types[entry].ToString()));
  }

  static string Resolved(string name, Endpoint endpoint) {
    Endpoints[name] = endpoint;
    return AppOf(endpoint.Partition);
  }

  static string Done(Action call) {
    call();
    return "ok";
  }

  // --- the calls: w[0] is the first argument

  static readonly Dictionary<string, Func<string[], string>> Calls =
      new Dictionary<string, Func<string[], string>> {
    { "create-application", w => Done(() => Application.Create()) },
    { "attempt", w => application.Attempt.ToString() },
    { "assigned", w => Join(application.AssignedPartitions().Select(Describe)) },
    { "partitions", w => Join(application.AllPartitions().Select(Describe)) },
    { "port", w => application.IngressPort(int.Parse(w[0])) > 0 ? "ok" : "none" },
    { "limit", w => Limit(w[0]) },
    { "metrics", w => Metrics() },
    { "committed-ticks", w => application.RuntimeMetrics().TotalCommittedTicks.ToString() },
    { "reset-metrics", w => Done(() => application.ResetRuntimeMetrics()) },
    { "current-tick", w => Text(application.CurrentTick == Transaction.Tick) },
    { "has-error", w => Text(application.LastErrorMessage != "") },
    { "will-block", w => Text(application.BeginUpdateWillBlock()) },
    { "begin", w => Done(() => application.BeginUpdate()) },
    { "commit", w => Done(() => Transaction.Commit()) },
    { "crash", w => {
      if (application.Attempt.ToString() == w[0]) Process.GetCurrentProcess().Kill();
      return "survived";
    } },
    { "create", w => Known(
        w.Length > 1 ? Transaction.CreateEntity(uint.Parse(w[0]), PositionOf(w, 1))
                     : Transaction.CreateEntity(uint.Parse(w[0]))) },
    { "fill", w => Fill(w[0]) },
    { "delete", w => Done(() => Transaction.DeleteEntity(EntityOf(w[0]))) },
    { "owned", w => Join(Transaction.OwnedEntities().Select(Known)) },
    { "owned-count", w => Transaction.OwnedEntityCount.ToString() },
    { "store-position", w => Done(
        () => Transaction.StoreEntityIndexKey(EntityOf(w[0]), PositionOf(w, 1))) },
    { "load-position", w => Text(Transaction.LoadEntityIndexKey(EntityOf(w[0]))) },
    { "store-field", w => Done(() => Transaction.StoreEntityField(
        EntityOf(w[0]), int.Parse(w[1]), uint.Parse(w[2]), BytesOf(w[3]))) },
    { "load-field", w => {
      EntityField field = Transaction.LoadEntityField(EntityOf(w[0]), int.Parse(w[1]));
      return field.TypeId + " " + TextOf(field.Data);
    } },
    { "load-bytes", w => string.Concat(
        Transaction.LoadEntityField(EntityOf(w[0]), int.Parse(w[1]))
            .Data.Select(one => one.ToString("x2"))) },
    { "remove-field", w => Done(
        () => Transaction.RemoveEntityField(EntityOf(w[0]), int.Parse(w[1]))) },
    { "modify-domain", w => Done(() => Transaction.ModifyEntityDomain(EntityOf(w[0]), w[1])) },
    { "ownership", w => Join(Transaction.OwnershipChanges().Select(
        change => change.Kind + " " + Known(change.Entity))) },
    { "subscribe", w => Done(() => Subscriptions[w[0]] =
        Transaction.CreateSubscriptionBoundingBox2F32(w[1], BoxOf(w, 2))) },
    { "move-subscription", w => Done(() => Subscriptions[w[0]] =
        Transaction.ModifySubscriptionBoundingBox2F32(SubscriptionOf(w[0]), BoxOf(w, 1))) },
    { "unsubscribe", w => Done(() => {
      Transaction.DeleteSubscription(SubscriptionOf(w[0]));
      Ended[w[0]] = SubscriptionOf(w[0]);
      Subscriptions.Remove(w[0]);
    }) },
    { "events", w => Join(Transaction.AllSubscriptionEvents().Select(
        change => Subscriptions.First(one => one.Value.Id == change.Subscription.Id).Key + " " +
                  change.Kind + " " + Known(change.Entity))) },
    { "subscribed", w => Join(
        Transaction.SubscribedEntities(SubscriptionOf(w[0])).Select(Known)) },
    { "covered", w => CoveredEach(w[0], CoveredAt) },
    { "covered-values", w => CoveredEach(w[0], (covered, place) =>
        covered.Columns.Types[place.Row] + " " + Fields[w[1]].Of(covered.Columns, place.Row)) },
    { "neighbours", w => Join(
        Transaction.Neighbours(Number(w[0]), Number(w[1]), Number(w[2])).Select(
            near => near.Type + " " + Text(near.Position) + " " + AppOf(near.Partition))) },
    { "neighbourhood", w => EachNeighbour(w[0], entry => "") },
    { "neighbourhood-values", w => {
      Neighbourhood near = Transaction.Neighbourhood(Number(w[0]), false);
      return EachNeighbour(w[0], entry => "=" + Fields[w[1]].Of(near, entry).Replace(' ', ','));
    } },
    { "last-picture", w => Done(() => Fields[w[0]].Of(picture, 0)) },
    { "neighbourhood-at", NeighbourhoodAt },
    { "resolve-position", w => Resolved(
        w[0], Transaction.ResolveEndpointByPosition(w[1], Number(w[2]), Number(w[3]))) },
    { "resolve-name", w => Resolved(w[0], Transaction.ResolveEndpointByAppName(w[1], w[2])) },
    { "send", w => Done(() => Transaction.SendMessage(
        w[0] == "self" ? new Endpoint(ownPartition) : Endpoints[w[0]], BytesOf(w[1]))) },
    { "receive", w => Join(Transaction.ReceiveMessages().Select(
        message => AppOf(message.Sender.Partition) + " " + TextOf(message.Payload))) },
    { "reply", w => {
      Message[] messages = Transaction.ReceiveMessages();
      foreach (Message message in messages) Transaction.SendMessage(message.Sender, BytesOf(w[0]));
      return messages.Length.ToString();
    } },
    { "columns", w => Each(row => " " + Text(Owned.Positions[row])) },
    { "columns-count", w => Owned.Count.ToString() },
    { "create-many", w => {
      int[] rows = Owned.Create(uint.Parse(w[0]), int.Parse(w[1]));
      foreach (int row in rows) Known(Owned.Entity(row));
      return rows.Length.ToString();
    } },
    { "delete-many", w => Done(() => Owned.Delete(RowsOf(w))) },
    { "entity-at", w => Owned.Entity(RowOf(w[0])).Type.ToString() },
    { "rows-of", w => {
      int[] rows = Owned.RowsOf(w.Select(word => EntityOf(word).Id).ToArray());
      return string.Join(" ", w.Select((word, at) => Text(rows[at] >= 0 && rows[at] == RowOf(word))));
    } },
    { "arrived", w => TypesAt(Owned.ArrivedRows) },
    { "departed", w => Join(Owned.DepartedIds.Select(id => TypeOfId[id].ToString())) },
    { "rejected", w => TypesAt(Owned.RejectedRows) },
    { "write-position", w => Done(() => {
      Column<Position> positions = Owned.Positions;
      positions[RowOf(w[0])] = PositionOf(w, 1);
    }) },
    { "moved", w => Done(() => {
      if (w.Length == 0) Owned.Moved();
      else Owned.Moved(RowOf(w[0]), RowOf(w[0]) + 1);
    }) },
    { "moved-rows", w => Done(() => Owned.Moved(int.Parse(w[0]), int.Parse(w[1]))) },
    { "touched", w => Done(() => Owned.Touched(RowsOf(w))) },
    { "sweep", w => {
      Position by = PositionOf(w, 0);
      return Done(() => Owned.Sweep((positions, from, to) => {
        for (int row = from; row < to; row++) {
          positions[row].X += by.X;
          positions[row].Y += by.Y;
          positions[row].Z += by.Z;
        }
      }));
    } },
    { "write-value", w => Done(
        () => Fields[w[0]].Write(RowOf(w[1]), w.Skip(2).Select(Real).ToArray())) },
    { "values", w => Fields[w[0]].Values() },
    { "presence", w => Fields[w[0]].Presence() },
    { "stored", w => Done(() => {
      if (w.Length == 1) Fields[w[0]].Stored(0, Owned.Rows);
      else Fields[w[0]].Stored(RowOf(w[1]), RowOf(w[1]) + 1);
    }) },
    { "give", w => Done(() => Fields[w[0]].Give(RowsOf(w.Skip(1)))) },
    { "take", w => Done(() => Fields[w[0]].Take(RowsOf(w.Skip(1)))) },
  };
}

struct Velocity {
  public float X, Y;

  internal static double[] Read(Velocity value) {
    return new double[] { value.X, value.Y };
  }

  internal static Velocity Made(double[] from) {
    return new Velocity { X = (float)from[0], Y = (float)from[1] };
  }
}

struct Colour {
  public byte Red, Green, Blue;
}

struct Body {
  public ushort Health;
  public double Heading;
  public Colour Colour;

  internal static double[] Read(Body value) {
    Colour colour = value.Colour;
    return new[] { value.Health, value.Heading, colour.Red, colour.Green, colour.Blue };
  }

  internal static Body Made(double[] from) {
    return new Body {
      Health = (ushort)from[0],
      Heading = from[1],
      Colour = new Colour { Red = (byte)from[2], Green = (byte)from[3], Blue = (byte)from[4] },
    };
  }
}

unsafe struct Wide {
  public fixed byte Values[100];
}

abstract class AnyField {
  internal abstract string Of(EntityColumns columns, int row);
  internal abstract string Of(Neighbourhood near, int entry);
  internal abstract void Write(int row, double[] numbers);
  internal abstract string Values();
  internal abstract string Presence();
  internal abstract void Stored(int from, int to);
  internal abstract void Give(int[] rows);
  internal abstract void Take(int[] rows);
}

sealed class FieldOf<T> : AnyField where T : struct {
  readonly Field<T> field;
  readonly Func<T, double[]> read;
  readonly Func<double[], T> made;

  internal FieldOf(
      int index, uint typeId, string shape, Func<T, double[]> read, Func<double[], T> made) {
    field = new Field<T>(index, typeId, shape);
    this.read = read;
    this.made = made;
  }

  static OwnedColumns Owned {
    get { return Driver.Transaction.Owned; }
  }

  internal override string Of(EntityColumns columns, int row) {
    Column<int> presence = columns.Presence(field);
    bool has = presence.Length > 0 && presence[row] > 0;
    return has ? Driver.Spaced(read(columns.Field(field)[row])) : "lacks";
  }

  internal override string Of(Neighbourhood near, int entry) {
    return Driver.Spaced(read(near.Field(field)[entry]));
  }

  internal override void Write(int row, double[] numbers) {
    Column<T> column = Owned.Field(field);
    column[row] = made(numbers);
  }

  internal override string Values() {
    Column<T> column = Owned.Field(field);
    Column<int> presence = Owned.Presence(field);
    return Driver.Each(
        row => " " + (presence[row] > 0 ? Driver.Spaced(read(column[row])) : "lacks"));
  }

  internal override string Presence() {
    Column<int> presence = Owned.Presence(field);
    return Driver.Each(row => " " + presence[row]);
  }

  internal override void Stored(int from, int to) {
    Owned.Stored(field, from, to);
  }

  internal override void Give(int[] rows) {
    Owned.Give(field, rows);
  }

  internal override void Take(int[] rows) {
    Owned.Take(field, rows);
  }
}
