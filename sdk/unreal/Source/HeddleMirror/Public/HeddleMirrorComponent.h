// An actor component that makes this process an app of the simulation that started it, and shows
// the entities of one domain as actors.
#pragma once

#include "Components/ActorComponent.h"
#include "CoreMinimal.h"
#include "HeddleMirror.h"

#include "HeddleMirrorComponent.generated.h"

/** Put it on one actor of a level: a process has one application. */
UCLASS(ClassGroup = (Heddle), meta = (BlueprintSpawnableComponent))
class HEDDLEMIRROR_API UHeddleMirrorComponent : public UActorComponent, public IHeddleMirrorTarget {
  GENERATED_BODY()

 public:
  UHeddleMirrorComponent();

  /** The domain whose entities are shown. */
  UPROPERTY(EditAnywhere, Category = "Heddle")
  FString Domain = TEXT("Cells");

  /** The lower corner of what is shown, in world units of the simulation. */
  UPROPERTY(EditAnywhere, Category = "Heddle")
  FVector2D Min = FVector2D(-1000.0, -1000.0);

  /** The upper corner. */
  UPROPERTY(EditAnywhere, Category = "Heddle")
  FVector2D Max = FVector2D(1000.0, 1000.0);

  /** Centimetres of Unreal for one world unit. */
  UPROPERTY(EditAnywhere, Category = "Heddle")
  double CentimetresPerUnit = 100.0;

  /** What is spawned for an entity, by its type id; other types are not shown. */
  UPROPERTY(EditAnywhere, Category = "Heddle")
  TMap<int64, TSubclassOf<AActor>> ActorByType;

  virtual void BeginPlay() override;
  virtual void EndPlay(const EEndPlayReason::Type Reason) override;
  virtual void TickComponent(float DeltaTime, ELevelTick TickType,
                             FActorComponentTickFunction* ThisTickFunction) override;

  // IHeddleMirrorTarget
  virtual void Added(heddle_entity& Entity, const float Position[3]) override;
  virtual void Updated(heddle_entity& Entity, const float Position[3]) override;
  virtual void Removed(uint64_t Id) override;

 protected:
  /** Null where this process is no app, and after the simulation's end. */
  heddle_application* Application = nullptr;

 private:
  bool Subscribe();
  void Fail(const TCHAR* What);
  void Leave();
  FVector LocationOf(const float Position[3]) const;

  UPROPERTY()
  TMap<uint64, TObjectPtr<AActor>> Actors;

  bool bIsSubscribed = false;
  FHeddleMirror Mirror{*this};
};
