// What calls throw where they refuse or fail. Owns the code and the text; never decides when.
using System;

namespace Heddle {
  /// <summary>
  /// Thrown by a call that is refused. The call has changed nothing; <see cref="Code"/> says why.
  /// </summary>
  public sealed class HeddleException : Exception {
    /// <summary>Makes one. The message begins with the code, as "NotOwned: ...".</summary>
    public HeddleException(ErrorCode code, string message) : base(message) {
      Code = code;
    }

    /// <summary>Why the call was refused.</summary>
    public ErrorCode Code { get; }
  }
}
