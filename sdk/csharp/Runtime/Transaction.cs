// One tick of an app: everything that it reads and writes between begin and commit.
// Owns the calls for single entities; columns, other apps' entities and messages have files of
// their own.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Heddle {
  /// <summary>
  /// One tick of an app. It reads its own entities as it last wrote them, and those of others as
  /// they were committed at the tick before. After the commit, every call throws InvalidState.
  /// </summary>
  public sealed unsafe partial class Transaction {
    readonly Application application;

    internal Transaction(Application application, ulong tick) {
      this.application = application;
      Tick = tick;
      Owned = new OwnedColumns(this);
    }

    /// <summary>The tick that this transaction computes. Ticks count from 1.</summary>
    public ulong Tick { get; }

    /// <summary>This app's entities as columns.</summary>
    public OwnedColumns Owned { get; }

    /// <summary>Whether <see cref="Commit"/> has succeeded.</summary>
    public bool IsCommitted { get; private set; }

    /// <summary>
    /// Ends the update: what was written becomes visible to all at the next tick.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: an entity was moved out of the world through columns. The update is open
    /// then, and the entity can be moved back.
    /// </exception>
    public void Commit() {
      Check(Native.Commit(Handle));
      IsCommitted = true;
      application.Committed();
    }

    // --- entities

    /// <summary>
    /// Makes an entity in the middle of this app's cell, or at 0, 0, 0 where it has none.
    /// </summary>
    /// <param name="typeId">The app's number for its kind: 512 or higher.</param>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the type id is below 512. CapacityExceeded: the partition is at its limit,
    /// or the machine has no room.
    /// </exception>
    public Entity CreateEntity(uint typeId) {
      Native.Entity made;
      Check(Native.CreateEntity(Handle, typeId, null, &made));
      return new Entity(made);
    }

    /// <summary>Makes an entity at a place, in world units.</summary>
    /// <param name="typeId">The app's number for its kind: 512 or higher.</param>
    /// <param name="position">
    /// A place in this app's domain; in any, where its own has no area.
    /// </param>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the type id is below 512, or the place is outside. CapacityExceeded: the
    /// partition is at its limit, or the machine has no room.
    /// </exception>
    public Entity CreateEntity(uint typeId, Position position) {
      Native.Entity made;
      Check(Native.CreateEntity(Handle, typeId, &position.X, &made));
      return new Entity(made);
    }

    /// <summary>Deletes an entity: here at once, for other apps at the next tick.</summary>
    /// <exception cref="HeddleException">NotOwned, NotFound.</exception>
    public void DeleteEntity(Entity entity) {
      fixed (Native.Entity* at = &Of(entity).Handle) Check(Native.DeleteEntity(Handle, at));
    }

    /// <summary>
    /// The entities that this app owns now. Do not create or delete any while you walk through it.
    /// </summary>
    public IEnumerable<Entity> OwnedEntities() {
      Column<byte> states = Owned.States;
      for (int row = 0; row < states.Length; row++)
        if (states[row] != 0) yield return Owned.Entity(row);
    }

    /// <summary>Number of entities that this app owns now.</summary>
    public int OwnedEntityCount {
      get { return Owned.Count; }
    }

    /// <summary>
    /// Moves an entity. One that leaves this app's cell goes to its new owner after the commit.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the place is outside the world, or not a number. NotOwned, NotFound.
    /// </exception>
    public void StoreEntityIndexKey(Entity entity, Position position) {
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.StorePosition(Handle, at, position.X, position.Y, position.Z));
    }

    /// <summary>
    /// Where an entity is that this app owns or is subscribed to, in world units.
    /// </summary>
    /// <exception cref="HeddleException">NotFound: neither owned nor subscribed to.</exception>
    public Position LoadEntityIndexKey(Entity entity) {
      var position = default(Position);
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.LoadPosition(Handle, at, &position.X));
      return position;
    }

    /// <summary>
    /// Hands an entity to a spatial domain: from the next tick on, the app whose cell holds its
    /// position owns it.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the domain has no area, or does not reach to the position. NotOwned,
    /// NotFound.
    /// </exception>
    public void ModifyEntityDomain(Entity entity, string domain) {
      Require();
      uint index = application.DomainIndex(domain);
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.ModifyEntityDomain(Handle, at, index));
    }

    /// <summary>
    /// What happened to this app's ownership since the last call, oldest first. An app that has
    /// just begun, or begun again, gets an Add for all that it owns. Entities that it made or
    /// deleted itself are not listed.
    /// </summary>
    public OwnershipChange[] OwnershipChanges() {
      Native.Change* changes;
      UIntPtr count;
      Check(Native.OwnershipChanges(Handle, &changes, &count));
      var taken = new OwnershipChange[(int)count];
      for (int place = 0; place < taken.Length; place++)
        taken[place] = new OwnershipChange {
          Kind = changes[place].Action,
          Entity = new Entity(changes[place].Entity),
        };
      return taken;
    }

    // --- data fields of single entities

    /// <summary>Writes a data field.</summary>
    /// <param name="entity">An entity that this app owns.</param>
    /// <param name="index">1 to 63.</param>
    /// <param name="typeId">What the bytes are: any number that your apps agree on.</param>
    /// <param name="data">Up to 65,536 bytes.</param>
    /// <exception cref="HeddleException">
    /// InvalidArgument. CapacityExceeded: too long, too many fields, or no room. NotOwned,
    /// NotFound.
    /// </exception>
    public void StoreEntityField(Entity entity, int index, uint typeId, byte[] data) {
      if (data == null)
        throw application.Failure(ErrorCode.InvalidArgument, "the data of the field is null");
      fixed (byte* bytes = data) Store(entity, index, typeId, bytes, data.Length);
    }

    /// <summary>Writes the value of a field with a shape.</summary>
    /// <exception cref="HeddleException">As the call for bytes.</exception>
    public void StoreEntityField<T>(Entity entity, Field<T> field, T value) where T : struct {
      Native.Shape* shape = ShapeOf(field);
      byte* bytes = stackalloc byte[field.Bytes];
      Blittable<T>.At(bytes) = value;
      Store(entity, field.Index, shape->TypeId, bytes, field.Bytes);
    }

    void Store(Entity entity, int index, uint typeId, byte* bytes, int length) {
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.StoreField(Handle, at, (uint)index, typeId, bytes, (UIntPtr)length));
    }

    /// <summary>
    /// A copy of a data field of an entity that this app owns or is subscribed to.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: it has no such field, or cannot be read from here.
    /// </exception>
    public EntityField LoadEntityField(Entity entity, int index) {
      uint typeId;
      int length;
      byte* bytes = Load(entity, index, &typeId, out length);
      var data = new byte[length];
      Marshal.Copy((IntPtr)bytes, data, 0, length);
      return new EntityField { TypeId = typeId, Data = data };
    }

    /// <summary>
    /// The value of a field with a shape, of an entity that this app owns or is subscribed to.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: it has no such field, or cannot be read from here. InvalidState: the field holds a
    /// value of another length.
    /// </exception>
    public T LoadEntityField<T>(Entity entity, Field<T> field) where T : struct {
      int length;
      byte* bytes = Load(entity, (int)ShapeOf(field)->Index, null, out length);
      if (length != field.Bytes)
        throw application.Failure(
            ErrorCode.InvalidState,
            "field " + field.Index + " of entity " + entity.Id + " has " + length +
            " bytes, not the " + field.Bytes + " of its shape");
      return Blittable<T>.At(bytes);
    }

    byte* Load(Entity entity, int index, uint* typeId, out int length) {
      void* bytes;
      UIntPtr count;
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.LoadField(Handle, at, (uint)index, typeId, &bytes, &count));
      length = (int)count;
      return (byte*)bytes;
    }

    /// <summary>Takes a data field away.</summary>
    /// <exception cref="HeddleException">NotFound: the entity has none. NotOwned.</exception>
    public void RemoveEntityField(Entity entity, int index) {
      fixed (Native.Entity* at = &Of(entity).Handle)
        Check(Native.RemoveField(Handle, at, (uint)index));
    }

    // --- what the files of this class share

    internal IntPtr Handle {
      get {
        Require();
        return application.Handle;
      }
    }

    internal void Require() {
      if (application.IsOpen(this)) return;
      throw application.Failure(
          ErrorCode.InvalidState, "this update is committed: begin the next one");
    }

    internal void Check(ErrorCode code) {
      application.Check(code);
    }

    internal Native.Shape* ShapeOf<T>(Field<T> field) where T : struct {
      if (field != null) return field.Declared;
      throw application.Failure(ErrorCode.InvalidArgument, "the field is null");
    }

    internal int EntityLimit {
      get { return application.RuntimeLimit(RuntimeLimitKind.EntitiesPerPartition); }
    }

    internal HeddleException Failure(ErrorCode code, string message) {
      return application.Failure(code, message);
    }

    Entity Of(Entity entity) {
      if (entity != null) return entity;
      throw application.Failure(ErrorCode.InvalidArgument, "the entity is null");
    }
  }
}
