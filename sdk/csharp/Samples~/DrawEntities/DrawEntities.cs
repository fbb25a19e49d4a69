// A view app in Unity: draws the entities that it subscribes to. Owns no entity, and never waits for
// a tick in a frame.
using System.Collections.Generic;
using Heddle;
using UnityEngine;
// Unity has an Application, too.
using Application = Heddle.Application;

/// <summary>
/// Put it on one object of a scene: a process has one application. A Linux build of the scene is a
/// custom app of a simulation.
/// </summary>
public sealed class DrawEntities : MonoBehaviour {
  const int InstancesMax = 1023; // Unity's limit for one call

  [SerializeField] string domain = "Cells";
  [SerializeField] Vector2 min = new Vector2(-1000, -1000);
  [SerializeField] Vector2 max = new Vector2(1000, 1000);
  [SerializeField] Mesh mesh = null;
  [SerializeField] Material material = null;
  [SerializeField] float size = 1;

  readonly List<Matrix4x4> places = new List<Matrix4x4>();
  Application application;
  Subscription subscription;

  void Awake() {
    try {
      application = Application.Create();
    } catch (HeddleException error) {
      Debug.LogError("This process is no app of a simulation. " + error.Message);
      enabled = false;
    }
  }

  void Update() {
    if (!application.BeginUpdateWillBlock(0)) ReadTick();
    var look = new RenderParams(material);
    for (int first = 0; first < places.Count; first += InstancesMax) {
      int count = Mathf.Min(InstancesMax, places.Count - first);
      Graphics.RenderMeshInstanced(look, mesh, 0, places, count, first);
    }
  }

  void ReadTick() {
    try {
      Transaction transaction = application.BeginUpdate();
      if (subscription == null)
        subscription = transaction.CreateSubscriptionBoundingBox2F32(
            domain, new Box(min.x, min.y, max.x, max.y));
      places.Clear();
      foreach (CoveredColumns covered in transaction.Covered(subscription)) {
        Column<Position> positions = covered.Columns.Positions;
        for (int place = 0; place < covered.Places.Length; place++)
          places.Add(Draw(positions[covered.Places[place].Row]));
      }
      transaction.Commit();
    } catch (HeddleException error) when (error.Code == ErrorCode.ShuttingDown) {
      enabled = false;
      UnityEngine.Application.Quit();
    }
  }

  /// <summary>Unity's y points up: it is z in the simulation.</summary>
  Matrix4x4 Draw(Position place) {
    return Matrix4x4.TRS(
        new Vector3(place.X, place.Z, place.Y), Quaternion.identity, size * Vector3.one);
  }

  void OnDestroy() {
    if (application != null) application.Dispose();
  }
}
