// An app's life: attached to its partition, tick by tick, until it shuts down.
// Owns the handle of libheddle, and the order of calls; what happens in a tick is the
// transaction's.
using System;
using System.Collections.Generic;

namespace Heddle {
  /// <summary>
  /// This process's part in a simulation. Used by one thread at a time. Refused calls throw a
  /// <see cref="HeddleException"/>.
  /// </summary>
  public sealed unsafe class Application : IDisposable {
    readonly Dictionary<string, uint> domains = new Dictionary<string, uint>();
    internal readonly Dictionary<uint, Subscription> Subscriptions =
        new Dictionary<uint, Subscription>();
    IntPtr handle;
    Transaction open;

    Application(IntPtr handle) {
      this.handle = handle;
      LastErrorMessage = "";
    }

    /// <summary>
    /// Attaches this process to the simulation that started it. Call it once and early: the
    /// simulation is STARTED when all its apps have attached.
    /// </summary>
    /// <exception cref="HeddleException">
    /// NotConnected: no worker started this process, or it is of another version, or libheddle.so
    /// was not found. InvalidState: this app's application was made already.
    /// </exception>
    public static Application Create() {
      return Made(application => Native.CreateApplication((IntPtr*)application));
    }

    /// <summary>
    /// Runs an app alone, for tests: it owns all of a small world in its own process, without a
    /// worker, until the time is up. There are no other apps. A process may have many of these.
    /// Fields hold 1,024 bytes there, and messages 256.
    /// </summary>
    /// <exception cref="HeddleException">
    /// InvalidArgument: a number below 0, or bounds that are no box. NotConnected: libheddle.so was
    /// not found.
    /// </exception>
    public static Application CreateStandalone(StandaloneOptions options) {
      if (options == null)
        throw new HeddleException(
            ErrorCode.InvalidArgument, "InvalidArgument: the options are null");
      return Made(application => {
        fixed (byte* domain = options.Domain == null ? null : Utf8.Bytes(options.Domain)) {
          var config = new Native.StandaloneConfig {
            Seconds = options.Seconds,
            TickRate = options.TickRate,
            Bounds = options.Bounds ?? default(Box),
            Domain = domain,
            EntitiesPerPartition = (uint)options.EntitiesPerPartition,
          };
          return Native.CreateStandaloneApplication(&config, (IntPtr*)application);
        }
      });
    }

    /// <summary>`create` writes the handle to where it is told.</summary>
    static Application Made(Func<IntPtr, ErrorCode> create) {
      IntPtr made = IntPtr.Zero;
      try {
        ErrorCode code = create((IntPtr)(&made));
        if (code == ErrorCode.Ok) return new Application(made);
        throw new HeddleException(code, Utf8.Text(Native.LastErrorMessage(IntPtr.Zero)));
      } catch (DllNotFoundException missing) {
        throw new HeddleException(
            ErrorCode.NotConnected,
            "NotConnected: libheddle.so was not found. Heddle shows its apps where it is; " +
            "elsewhere, name its folder in LD_LIBRARY_PATH. " + missing.Message);
      }
    }

    /// <summary>
    /// Every tick until the simulation shuts down, as a loop that waits between ticks. A
    /// transaction that the body did not commit is committed when the body ends. At shutdown the
    /// application is disposed; <c>break</c> does not dispose it.
    /// </summary>
    /// <exception cref="HeddleException">
    /// What <see cref="BeginUpdate"/> and <see cref="Transaction.Commit"/> throw, but for
    /// ShuttingDown, which ends the loop.
    /// </exception>
    public IEnumerable<Transaction> Updates() {
      for (;;) {
        ErrorCode code = Begin();
        if (code == ErrorCode.ShuttingDown) break;
        Check(code);
        Transaction transaction = open;
        yield return transaction;
        if (!transaction.IsCommitted) transaction.Commit();
      }
      Dispose();
    }

    /// <summary>
    /// Whether <see cref="BeginUpdate"/> would wait now; false while an update is open. Where it
    /// would, this call has slept so long, or until the tick began: programs may call it in a loop.
    /// </summary>
    /// <param name="milliseconds">How long to sleep at most. With 0 it answers at once.</param>
    /// <exception cref="HeddleException">
    /// NotConnected: it has slept for a second or more, and the worker is gone.
    /// </exception>
    public bool BeginUpdateWillBlock(int milliseconds = 1) {
      byte willBlock = 0;
      Check(Native.WaitForUpdate(Handle, (uint)Math.Max(0, milliseconds), &willBlock));
      return willBlock != 0;
    }

    /// <summary>Waits for the next tick and opens it.</summary>
    /// <exception cref="HeddleException">
    /// ShuttingDown: there will be none. InvalidState: an update is open. NotConnected: the worker
    /// is gone.
    /// </exception>
    public Transaction BeginUpdate() {
      Check(Begin());
      return open;
    }

    ErrorCode Begin() {
      ErrorCode code = Native.BeginUpdate(Handle);
      if (code == ErrorCode.Ok) open = new Transaction(this, Native.CurrentTick(handle));
      return code;
    }

    internal void Committed() {
      open = null;
    }

    /// <summary>The tick that is open, or the last one committed.</summary>
    public ulong CurrentTick {
      get { return Native.CurrentTick(Handle); }
    }

    /// <summary>
    /// 1, as a rule. More where processes of this app before this one have failed in the tick that
    /// is to be computed first: 2 after one of them, 3 after two. 1 again after the first commit.
    /// </summary>
    public int Attempt {
      get { return (int)Native.Attempt(Handle); }
    }

    /// <summary>The partition that this app owns, as a list of one.</summary>
    public Partition[] AssignedPartitions() {
      Native.Partition assigned;
      Check(Native.AssignedPartition(Handle, &assigned));
      return new[] { Describe(&assigned) };
    }

    /// <summary>The partitions of all apps of all domains.</summary>
    public Partition[] AllPartitions() {
      Native.Partition* partitions;
      UIntPtr count;
      Check(Native.AllPartitions(Handle, &partitions, &count));
      var described = new Partition[(int)count];
      for (int place = 0; place < described.Length; place++)
        described[place] = Describe(partitions + place);
      return described;
    }

    static Partition Describe(Native.Partition* partition) {
      return new Partition {
        Id = partition->Id,
        Domain = Utf8.Text(partition->DomainName),
        DomainType = partition->DomainType,
        AppName = Utf8.Text(partition->AppName),
        Bounds = partition->HasCell != 0 ? partition->Cell : (Box?)null,
      };
    }

    /// <summary>The port to listen on for a port that the schema declares.</summary>
    /// <exception cref="HeddleException">NotFound: the schema does not declare it.</exception>
    public int IngressPort(int declared) {
      uint port;
      Check(Native.IngressPort(Handle, (uint)declared, &port));
      return (int)port;
    }

    /// <summary>A limit, in entities.</summary>
    /// <exception cref="HeddleException">InvalidArgument: there is no such limit.</exception>
    public int RuntimeLimit(RuntimeLimitKind kind) {
      uint value;
      Check(Native.RuntimeLimit(Handle, kind, &value));
      return (int)value;
    }

    /// <summary>What this application has counted.</summary>
    public RuntimeMetrics RuntimeMetrics() {
      RuntimeMetrics metrics;
      Native.RuntimeMetrics(Handle, &metrics);
      return metrics;
    }

    /// <summary>Counters begin at 0 again; gauges stay.</summary>
    public void ResetRuntimeMetrics() {
      Native.ResetRuntimeMetrics(Handle);
    }

    /// <summary>
    /// The message of the last exception that a call of this application threw; empty where there
    /// was none.
    /// </summary>
    public string LastErrorMessage { get; private set; }

    /// <summary>
    /// Says that this app is done. A process that exits without it has failed. Drops an open
    /// update.
    /// </summary>
    public void Dispose() {
      if (handle == IntPtr.Zero) return;
      Native.DestroyApplication(handle);
      handle = IntPtr.Zero;
      open = null;
    }

    internal bool IsOpen(Transaction transaction) {
      return open == transaction;
    }

    internal IntPtr Handle {
      get {
        if (handle == IntPtr.Zero)
          throw Failure(ErrorCode.InvalidState, "the application is disposed");
        return handle;
      }
    }

    /// <summary>The index of a domain, which libheddle takes instead of its name.</summary>
    internal uint DomainIndex(string name) {
      uint domain;
      if (name == null) throw Failure(ErrorCode.InvalidArgument, "the name of the domain is null");
      if (domains.TryGetValue(name, out domain)) return domain;
      fixed (byte* text = Utf8.Bytes(name)) Check(Native.DomainByName(Handle, text, &domain));
      domains.Add(name, domain);
      return domain;
    }

    internal void Check(ErrorCode code) {
      if (code == ErrorCode.Ok) return;
      LastErrorMessage = Utf8.Text(Native.LastErrorMessage(handle));
      throw new HeddleException(code, LastErrorMessage);
    }

    /// <summary>For what C# itself refuses.</summary>
    internal HeddleException Failure(ErrorCode code, string message) {
      LastErrorMessage = code + ": " + message;
      return new HeddleException(code, LastErrorMessage);
    }
  }
}
