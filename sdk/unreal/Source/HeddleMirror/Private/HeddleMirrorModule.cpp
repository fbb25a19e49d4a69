// The module as Unreal loads it. It has nothing to start or to end.

#include "Modules/ModuleManager.h"

IMPLEMENT_MODULE(FDefaultModuleImpl, HeddleMirror)
