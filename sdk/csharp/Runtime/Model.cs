// The plain things that calls take and give. Owns no call.
using System;
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>A place in world units.</summary>
  [StructLayout(LayoutKind.Sequential)]
  public struct Position {
    /// <summary>World units along x.</summary>
    public float X;

    /// <summary>World units along y.</summary>
    public float Y;

    /// <summary>World units along z.</summary>
    public float Z;

    /// <summary>Makes one; z is 0 where it is not given.</summary>
    public Position(float x, float y, float z = 0) {
      X = x;
      Y = y;
      Z = z;
    }

    /// <summary>The three numbers.</summary>
    public override string ToString() {
      return FormattableString.Invariant($"({X}, {Y}, {Z})");
    }
  }

  /// <summary>
  /// A rectangle in world units. A cell owns its lower edges, and at the world's end its upper ones
  /// too; all edges of a subscription's box are inside.
  /// </summary>
  [StructLayout(LayoutKind.Sequential)]
  public struct Box {
    /// <summary>The lower edge along x, in world units.</summary>
    public float MinX;

    /// <summary>The lower edge along y, in world units.</summary>
    public float MinY;

    /// <summary>The upper edge along x, in world units.</summary>
    public float MaxX;

    /// <summary>The upper edge along y, in world units.</summary>
    public float MaxY;

    /// <summary>Makes one.</summary>
    public Box(float minX, float minY, float maxX, float maxY) {
      MinX = minX;
      MinY = minY;
      MaxX = maxX;
      MaxY = maxY;
    }

    /// <summary>The box that reaches so many world units further on every side.</summary>
    public Box Grown(float margin) {
      return new Box(MinX - margin, MinY - margin, MaxX + margin, MaxY + margin);
    }
  }

  /// <summary>
  /// A handle on an entity. Its id never changes and is never given again. Keep the handle as long
  /// as you like: calls that take it remember in it where the entity was seen last.
  /// </summary>
  public sealed class Entity : IEquatable<Entity> {
    internal Native.Entity Handle;

    /// <summary>A handle from an id alone, such as one that a message named.</summary>
    public Entity(ulong id) {
      Handle.Id = id;
    }

    internal Entity(Native.Entity handle) {
      Handle = handle;
    }

    /// <summary>Unique in the simulation, for ever; below 2^53.</summary>
    public ulong Id {
      get { return Handle.Id; }
    }

    /// <summary>
    /// The app's number for its kind: 512 or higher; 0 in a handle of an id alone.
    /// </summary>
    public uint Type {
      get { return Handle.Type; }
    }

    /// <summary>Whether both are handles on the same entity.</summary>
    public bool Equals(Entity other) {
      return other != null && other.Id == Id;
    }

    /// <summary>Whether the other is a handle on the same entity.</summary>
    public override bool Equals(object other) {
      return Equals(other as Entity);
    }

    /// <summary>Follows from the id.</summary>
    public override int GetHashCode() {
      return Id.GetHashCode();
    }

    /// <summary>The id and the type.</summary>
    public override string ToString() {
      return "entity " + Id + " of type " + Type;
    }
  }

  /// <summary>A copy of a data field.</summary>
  public sealed class EntityField {
    /// <summary>The type id that the field was stored with.</summary>
    public uint TypeId { get; internal set; }

    /// <summary>The bytes.</summary>
    public byte[] Data { get; internal set; }
  }

  /// <summary>The entities that one app owns, and that app.</summary>
  public sealed class Partition {
    /// <summary>Its number, which messages and neighbours name.</summary>
    public uint Id { get; internal set; }

    /// <summary>The name of its domain.</summary>
    public string Domain { get; internal set; }

    /// <summary>The kind of its domain.</summary>
    public DomainType DomainType { get; internal set; }

    /// <summary>
    /// The name of its app; spatial ones are called by column and row: "Cells-2-0".
    /// </summary>
    public string AppName { get; internal set; }

    /// <summary>Its cell; null where its domain is not spatial.</summary>
    public Box? Bounds { get; internal set; }
  }

  /// <summary>What happened to the ownership of an entity.</summary>
  public struct OwnershipChange {
    /// <summary>Add, Remove or Reject.</summary>
    public ChangeKind Kind { get; internal set; }

    /// <summary>The entity.</summary>
    public Entity Entity { get; internal set; }
  }

  /// <summary>A box on a domain whose entities this app hears of.</summary>
  public sealed class Subscription {
    /// <summary>Its number in this process.</summary>
    public uint Id { get; internal set; }

    /// <summary>The name of the domain.</summary>
    public string Domain { get; internal set; }

    /// <summary>The box, in world units.</summary>
    public Box Box { get; internal set; }
  }

  /// <summary>What happened to an entity in a subscribed box.</summary>
  public struct SubscriptionChange {
    /// <summary>Add, Update or Remove.</summary>
    public ChangeKind Kind { get; internal set; }

    /// <summary>The subscription that reports it.</summary>
    public Subscription Subscription { get; internal set; }

    /// <summary>The entity.</summary>
    public Entity Entity { get; internal set; }
  }

  /// <summary>Where messages can be sent: the partition of one app.</summary>
  public struct Endpoint {
    /// <summary>The endpoint of a partition, by its id.</summary>
    public Endpoint(uint partition) {
      Partition = partition;
    }

    /// <summary>The partition's id.</summary>
    public uint Partition { get; }
  }

  /// <summary>Bytes that another app sent.</summary>
  public struct Message {
    /// <summary>Who sent it, for replies.</summary>
    public Endpoint Sender { get; internal set; }

    /// <summary>A copy of the bytes.</summary>
    public byte[] Payload { get; internal set; }
  }

  /// <summary>
  /// Counts of an application. The first two are gauges; the others count since the last reset.
  /// </summary>
  [StructLayout(LayoutKind.Sequential)]
  public struct RuntimeMetrics {
    /// <summary>Ticks that this process has committed.</summary>
    public ulong TotalCommittedTicks;

    /// <summary>Entities that this app owns now.</summary>
    public uint ActiveEntity;

    /// <summary>Ticks since the last reset.</summary>
    public uint TicksSinceReset;

    /// <summary>Values of fields that were read.</summary>
    public uint LoadField;

    /// <summary>Values of fields that were written.</summary>
    public uint StoreField;

    /// <summary>Entities that the app made.</summary>
    public uint CreatedEntity;

    /// <summary>Entities that the app deleted.</summary>
    public uint DeletedEntity;

    /// <summary>Entities that came from other apps.</summary>
    public uint EnteredEntity;

    /// <summary>Entities that went to other apps.</summary>
    public uint ExitedEntity;

    /// <summary>Handoffs to this app that failed.</summary>
    public uint RejectedIncomingTransfer;

    /// <summary>Handoffs from this app that failed.</summary>
    public uint RejectedOutgoingTransfer;
  }
}
