// How Unreal builds the module and finds libheddle: in the clone of Heddle that HEDDLE_HOME names.
// A module of the name Heddle would make Unreal define HEDDLE_API, which heddle.h defines.
using System;
using System.IO;
using UnrealBuildTool;

public class HeddleMirror : ModuleRules {
  public HeddleMirror(ReadOnlyTargetRules Target) : base(Target) {
    PCHUsage = PCHUsageMode.UseExplicitOrSharedPCHs;
    PublicDependencyModuleNames.AddRange(new[] { "Core", "CoreUObject", "Engine" });

    string home = Environment.GetEnvironmentVariable("HEDDLE_HOME");
    if (string.IsNullOrEmpty(home))
      throw new BuildException("HEDDLE_HOME is not set: set it to a clone of Heddle");
    string library = Path.Combine(home, "sdk", "lib", "libheddle.so");
    if (!File.Exists(library))
      throw new BuildException(library + " is missing: run `node scripts/setup.mjs` in the clone");
    PublicIncludePaths.Add(Path.Combine(home, "sdk", "native", "include"));
    // No copy is packaged: the Heddle that starts the app leads it to its own.
    PublicAdditionalLibraries.Add(library);
  }
}
