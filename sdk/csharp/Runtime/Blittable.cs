// Values of structures as they lie in memory that C lent.
// Owns how a reference to one is made with each compiler and runtime; never checks where it lies.
using System;

namespace Heddle {
  internal static unsafe class Blittable<T> where T : struct {
#if UNITY_2020_1_OR_NEWER
    internal static ref T At(byte* place) {
      return ref Unity.Collections.LowLevel.Unsafe.UnsafeUtility.AsRef<T>(place);
    }
#elif NETCOREAPP
    internal static ref T At(byte* place) {
      return ref System.Runtime.CompilerServices.Unsafe.AsRef<T>(place);
    }
#else
    static T nothing;

    // Mono's framework has no other way. Its typed references are a type, an address and a class:
    // this one keeps its type, and gets another address.
    internal static ref T At(byte* place) {
      TypedReference reference = __makeref(nothing);
      ((byte**)&reference)[1] = place;
      return ref __refvalue(reference, T);
    }
#endif
  }
}
