// Stand-ins of what the plugin uses of Unreal: enough for a compiler to check the plugin's syntax
// and its use of libheddle. Never shows that the plugin builds with the engine itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#define UCLASS(...)
#define UPROPERTY(...)
#define GENERATED_BODY()
#define HEDDLEMIRROR_API
#define TEXT(text) text
#define TCHAR_TO_UTF8(text) (text)
#define UTF8_TO_TCHAR(text) (text)
#define DEFINE_LOG_CATEGORY_STATIC(name, normal, compiled) static const int name = 0
#define UE_LOG(category, level, ...) Log(category, __VA_ARGS__)
#define IMPLEMENT_MODULE(type, name) \
  [[maybe_unused]] static type* name##Module = nullptr;

using TCHAR = char;
using int64 = int64_t;
using uint64 = uint64_t;

template <class... Arguments>
void Log(int, const TCHAR*, Arguments...) {}

struct FString {
  FString(const TCHAR* InText) : Text(InText) {}
  const TCHAR* operator*() const { return Text.c_str(); }
  std::string Text;
};
struct FVector2D {
  FVector2D(double InX, double InY) : X(InX), Y(InY) {}
  double X, Y;
};
struct FVector {
  FVector(double InX, double InY, double InZ) : X(InX), Y(InY), Z(InZ) {}
  FVector operator*(double By) const { return {X * By, Y * By, Z * By}; }
  double X, Y, Z;
};
struct FRotator {
  static const FRotator ZeroRotator;
};

template <class Key, class Value>
struct TMap {
  const Value* Find(const Key& Wanted) const {
    const auto Found = Map.find(Wanted);
    return Found == Map.end() ? nullptr : &Found->second;
  }
  void Add(const Key& Name, const Value& Item) { Map.insert_or_assign(Name, Item); }
  bool RemoveAndCopyValue(const Key& Wanted, Value& Item) {
    if (const Value* Found = Find(Wanted)) Item = *Found;
    return Map.erase(Wanted) > 0;
  }
  std::map<Key, Value> Map;
};

struct AActor {
  void SetActorLocation(const FVector&) {}
  void Destroy() {}
};
template <class Class>
struct TSubclassOf {};
template <class Object>
struct TObjectPtr {
  TObjectPtr(Object* In = nullptr) : Pointer(In) {}
  Object* operator->() const { return Pointer; }
  Object& operator*() const { return *Pointer; }
  Object* Pointer;
};
inline bool IsValid(const TObjectPtr<AActor>& Actor) { return Actor.Pointer != nullptr; }

struct UWorld {
  template <class Actor>
  Actor* SpawnActor(TSubclassOf<AActor>, const FVector&, const FRotator&) {
    return nullptr;
  }
};
namespace EEndPlayReason {
enum Type { Quit };
}
enum ELevelTick {};
struct FActorComponentTickFunction {
  bool bCanEverTick = false;
};
struct UActorComponent {
  virtual ~UActorComponent() = default;
  virtual void BeginPlay() {}
  virtual void EndPlay(const EEndPlayReason::Type) {}
  virtual void TickComponent(float, ELevelTick, FActorComponentTickFunction*) {}
  UWorld* GetWorld() const { return nullptr; }
  FActorComponentTickFunction PrimaryComponentTick;
  using Super = UActorComponent;
};
struct FPlatformMisc {
  static void RequestExit(bool) {}
};
struct FDefaultModuleImpl {};
