// What an app sees of others: subscriptions, their events, and who is near a place; and messages.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Heddle {
  public sealed unsafe partial class Transaction {
    /// <summary>
    /// Subscribes to a box on a domain. It may cover many cells, this app's own too; the app's own
    /// entities are reported by <see cref="OwnershipChanges"/>, not here.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: there is no such domain, or the edges are no box.
    /// </exception>
    public Subscription CreateSubscriptionBoundingBox2F32(string domain, Box box) {
      Require();
      uint index = application.DomainIndex(domain);
      uint id;
      Check(Native.CreateSubscription(Handle, index, &box, &id));
      var subscription = new Subscription { Id = id, Domain = domain, Box = box };
      application.Subscriptions.Add(id, subscription);
      return subscription;
    }

    /// <summary>
    /// Moves a subscription's box: the next events tell what is new inside, and what is outside
    /// now. Gives the subscription's new handle.
    /// </summary>
    /// <exception cref="HeddleException">NotFound, InvalidArgument.</exception>
    public Subscription ModifySubscriptionBoundingBox2F32(Subscription subscription, Box box) {
      uint id = IdOf(subscription);
      Check(Native.ModifySubscription(Handle, id, &box));
      var moved = new Subscription { Id = id, Domain = subscription.Domain, Box = box };
      application.Subscriptions[id] = moved;
      return moved;
    }

    /// <summary>Ends a subscription's events, and the access to its entities.</summary>
    /// <exception cref="HeddleException">NotFound.</exception>
    public void DeleteSubscription(Subscription subscription) {
      uint id = IdOf(subscription);
      Check(Native.DeleteSubscription(Handle, id));
      application.Subscriptions.Remove(id);
    }

    /// <summary>
    /// What happened in all subscribed boxes since the last call: a second call in a tick gives
    /// nothing. Several ticks are merged into one event for each entity.
    /// </summary>
    public SubscriptionChange[] AllSubscriptionEvents() {
      Native.Change* changes;
      UIntPtr count;
      Check(Native.SubscriptionEvents(Handle, &changes, &count));
      var taken = new SubscriptionChange[(int)count];
      for (int place = 0; place < taken.Length; place++)
        taken[place] = new SubscriptionChange {
          Kind = changes[place].Action,
          Subscription = application.Subscriptions[changes[place].Subscription],
          Entity = new Entity(changes[place].Entity),
        };
      return taken;
    }

    /// <summary>
    /// The entities in a subscription's box, as of the last <see cref="AllSubscriptionEvents"/>.
    /// </summary>
    /// <exception cref="HeddleException">NotFound.</exception>
    public Entity[] SubscribedEntities(Subscription subscription) {
      Native.Entity* entities;
      UIntPtr count;
      Check(Native.SubscribedEntities(Handle, IdOf(subscription), &entities, &count));
      var seen = new Entity[(int)count];
      for (int place = 0; place < seen.Length; place++) seen[place] = new Entity(entities[place]);
      return seen;
    }

    /// <summary>
    /// What a subscription covers, as columns of each other partition; those without an entity in
    /// the box are left out. As of the tick before, before entities changed owner.
    /// </summary>
    /// <exception cref="HeddleException">NotFound.</exception>
    public CoveredColumns[] Covered(Subscription subscription) {
      Native.Covered* partitions;
      UIntPtr count;
      Check(Native.CoveredColumns(Handle, IdOf(subscription), &partitions, &count));
      var covered = new CoveredColumns[(int)count];
      for (int place = 0; place < covered.Length; place++)
        covered[place] = new CoveredColumns(this, partitions[place]);
      return covered;
    }

    uint IdOf(Subscription subscription) {
      if (subscription != null) return subscription.Id;
      throw application.Failure(ErrorCode.InvalidArgument, "the subscription is null");
    }

    // --- neighbours

    /// <summary>
    /// The entities within a radius of a place, in the plane of x and y: this app's own, and others
    /// as far as subscriptions cover them; each once, in no particular order, as of the tick
    /// before, whatever this app has written since. Good until the next call.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the radius is not above 0, or a number is not finite.
    /// </exception>
    public Nearby Neighbours(float x, float y, float radius) {
      Neighbour* found;
      UIntPtr count;
      Check(Native.Neighbours(Handle, x, y, radius, &found, &count));
      return new Nearby(found, (int)count);
    }

    /// <summary>
    /// A picture of all that this app can see now, and the neighbours within a radius of every own
    /// entity, in the plane of x and y. For questions about most entities in a tick.
    /// </summary>
    /// <param name="radius">In world units.</param>
    /// <param name="list">
    /// Whether to list the neighbours of every own entity; not needed for <see
    /// cref="Heddle.Neighbourhood.At"/>.
    /// </param>
    /// <exception cref="HeddleException">InvalidArgument: the radius is not above 0.</exception>
    public Neighbourhood Neighbourhood(float radius, bool list = true) {
      Native.Neighbourhood picture;
      Check(Native.TakeNeighbourhood(Handle, radius, (byte)(list ? 1 : 0), &picture));
      return new Neighbourhood(this, picture);
    }

    // --- messages

    /// <summary>The endpoint of the app of a spatial domain whose cell holds a place.</summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: the domain has no area, or does not reach to the place.
    /// </exception>
    public Endpoint ResolveEndpointByPosition(string domain, float x, float y) {
      Require();
      uint index = application.DomainIndex(domain);
      uint partition;
      Check(Native.ResolvePosition(Handle, index, x, y, &partition));
      return new Endpoint(partition);
    }

    /// <summary>
    /// The endpoint of the app of that name; spatial ones are called by column and row:
    /// "Cells-2-0".
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotFound: there is no such app. InvalidArgument: there is no such domain.
    /// </exception>
    public Endpoint ResolveEndpointByAppName(string domain, string appName) {
      Require();
      uint index = application.DomainIndex(domain);
      if (appName == null)
        throw application.Failure(ErrorCode.InvalidArgument, "the name of the app is null");
      uint partition;
      fixed (byte* name = Utf8.Bytes(appName))
        Check(Native.ResolveAppName(Handle, index, name, &partition));
      return new Endpoint(partition);
    }

    /// <summary>Sends bytes, which the other app receives at the next tick.</summary>
    /// <exception cref="HeddleException">
    /// CapacityExceeded: too long, or too many messages or bytes in this tick. InvalidArgument:
    /// sent to this app itself. NotFound: there is no such partition.
    /// </exception>
    public void SendMessage(Endpoint endpoint, byte[] payload) {
      if (payload == null)
        throw application.Failure(ErrorCode.InvalidArgument, "the payload is null");
      fixed (byte* bytes = payload)
        Check(Native.SendMessage(Handle, endpoint.Partition, bytes, (UIntPtr)payload.Length));
    }

    /// <summary>
    /// The messages that others sent to this app in the tick before, by sender and then in the
    /// order of sending. A second call in a tick gives none.
    /// </summary>
    public Message[] ReceiveMessages() {
      Native.Message* messages;
      UIntPtr count;
      Check(Native.ReceiveMessages(Handle, &messages, &count));
      var received = new Message[(int)count];
      for (int place = 0; place < received.Length; place++) {
        var payload = new byte[(int)messages[place].Bytes];
        // Where there are none, C may say that they lie at null.
        if (payload.Length > 0)
          Marshal.Copy((IntPtr)messages[place].Data, payload, 0, payload.Length);
        var sender = new Endpoint(messages[place].Sender);
        received[place] = new Message { Sender = sender, Payload = payload };
      }
      return received;
    }
  }
}
