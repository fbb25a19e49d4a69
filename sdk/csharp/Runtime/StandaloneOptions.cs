// What a standalone application runs in. Owns the defaults' names; their values are libheddle's.
namespace Heddle {
  /// <summary>The small world of an app that runs alone, for tests.</summary>
  public sealed class StandaloneOptions {
    /// <summary>
    /// A tick rate that waits for no tick, and counts 30 ticks as a second.
    /// </summary>
    public const double Unlimited = -1;

    /// <summary>
    /// Seconds of ticks after which the loop ends: 3 seconds of 10 ticks a second are 30 ticks.
    /// </summary>
    public double Seconds { get; set; }

    /// <summary>
    /// Ticks a second, or <see cref="Unlimited"/>. 0, the default, stands for 30.
    /// </summary>
    public double TickRate { get; set; }

    /// <summary>
    /// The world, all of it this app's. Null, the default, stands for -1000 to 1000 on both axes.
    /// </summary>
    public Box? Bounds { get; set; }

    /// <summary>
    /// The name of the domain. Null, the default, stands for "Standalone".
    /// </summary>
    public string Domain { get; set; }

    /// <summary>The limit of entities. 0, the default, stands for 8,192.</summary>
    public int EntitiesPerPartition { get; set; }
  }
}
