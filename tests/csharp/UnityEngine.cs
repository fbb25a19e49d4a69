// Stand-ins of what the Unity sample uses, and a program that runs it as Unity would, frame by
// frame: it prints how many entities were drawn whenever that is another number. Never shows that
// the sample runs in Unity itself.
using System;
using System.Collections.Generic;
using System.Reflection;

namespace UnityEngine {
  public class MonoBehaviour {
    public bool enabled = true;
  }

  public sealed class SerializeField : Attribute { }

  public sealed class Mesh { }

  public sealed class Material { }

  public struct Vector2 {
    public float x, y;

    public Vector2(float x, float y) {
      this.x = x;
      this.y = y;
    }
  }

  public struct Vector3 {
    public float x, y, z;
    public static readonly Vector3 one = new Vector3(1, 1, 1);

    public Vector3(float x, float y, float z) {
      this.x = x;
      this.y = y;
      this.z = z;
    }

    public static Vector3 operator *(float by, Vector3 vector) {
      return new Vector3(by * vector.x, by * vector.y, by * vector.z);
    }
  }

  public struct Quaternion {
    public static readonly Quaternion identity;
  }

  public struct Matrix4x4 {
    public Vector3 Place;

    public static Matrix4x4 TRS(Vector3 place, Quaternion turn, Vector3 scale) {
      return new Matrix4x4 { Place = place };
    }
  }

  public struct RenderParams {
    public RenderParams(Material material) { }
  }

  public static class Mathf {
    public static int Min(int one, int other) {
      return Math.Min(one, other);
    }
  }

  public static class Graphics {
    public static int Drawn;

    public static void RenderMeshInstanced<T>(
        RenderParams look, Mesh mesh, int part, List<T> instances, int count, int first) {
      if (count > 1023 || first + count > instances.Count) throw new ArgumentException();
      Drawn += count;
    }
  }

  public static class Debug {
    public static void LogError(object message) {
      Console.WriteLine(message);
    }
  }

  public static class Application {
    public static bool HasQuit;

    public static void Quit() {
      HasQuit = true;
    }
  }

  static class Player {
    static void Main() {
      var sample = new DrawEntities();
      Call(sample, "Awake");
      int shown = -1;
      while (!Application.HasQuit && sample.enabled) {
        Graphics.Drawn = 0;
        Call(sample, "Update");
        if (Graphics.Drawn != shown) Console.WriteLine("drawn " + Graphics.Drawn);
        shown = Graphics.Drawn;
        System.Threading.Thread.Sleep(5);
      }
      Call(sample, "OnDestroy");
    }

    static void Call(object target, string method) {
      target.GetType()
          .GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)
          .Invoke(target, null);
    }
  }
}
