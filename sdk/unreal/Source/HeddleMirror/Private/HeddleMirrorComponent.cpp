// One tick of the simulation at most in each frame, and none is waited for.

#include "HeddleMirrorComponent.h"

#include "Engine/World.h"
#include "GameFramework/Actor.h"
#include "HAL/PlatformMisc.h"

DEFINE_LOG_CATEGORY_STATIC(LogHeddle, Log, All);

UHeddleMirrorComponent::UHeddleMirrorComponent() { PrimaryComponentTick.bCanEverTick = true; }

void UHeddleMirrorComponent::BeginPlay() {
  Super::BeginPlay();
  if (heddle_create_application(&Application) != HEDDLE_OK) Fail(TEXT("attach"));
}

void UHeddleMirrorComponent::EndPlay(const EEndPlayReason::Type Reason) {
  Leave();
  Super::EndPlay(Reason);
}

void UHeddleMirrorComponent::TickComponent(float DeltaTime, ELevelTick TickType,
                                           FActorComponentTickFunction* ThisTickFunction) {
  Super::TickComponent(DeltaTime, TickType, ThisTickFunction);
  if (Application == nullptr) return;
  bool bWillBlock = true;
  if (heddle_wait_for_update(Application, 0, &bWillBlock) != HEDDLE_OK) {
    Fail(TEXT("ask for the tick"));
    return;
  }
  if (bWillBlock) return;
  const heddle_error Begun = heddle_begin_update(Application);
  if (Begun == HEDDLE_SHUTTING_DOWN) {
    Leave();
    FPlatformMisc::RequestExit(false);
    return;
  }
  if (Begun != HEDDLE_OK || !Subscribe() || Mirror.Update(Application) != HEDDLE_OK ||
      heddle_commit(Application) != HEDDLE_OK)
    Fail(TEXT("compute the tick"));
}

bool UHeddleMirrorComponent::Subscribe() {
  if (bIsSubscribed) return true;
  const heddle_box Box = {float(Min.X), float(Min.Y), float(Max.X), float(Max.Y)};
  uint32_t Index = 0;
  uint32_t Subscription = 0;
  bIsSubscribed =
      heddle_domain_by_name(Application, TCHAR_TO_UTF8(*Domain), &Index) == HEDDLE_OK &&
      heddle_create_subscription(Application, Index, &Box, &Subscription) == HEDDLE_OK;
  return bIsSubscribed;
}

void UHeddleMirrorComponent::Added(heddle_entity& Entity, const float Position[3]) {
  const TSubclassOf<AActor>* Class = ActorByType.Find(int64(Entity.type));
  if (Class == nullptr) return;
  AActor* Actor =
      GetWorld()->SpawnActor<AActor>(*Class, LocationOf(Position), FRotator::ZeroRotator);
  if (Actor != nullptr) Actors.Add(Entity.id, Actor);
}

void UHeddleMirrorComponent::Updated(heddle_entity& Entity, const float Position[3]) {
  if (const TObjectPtr<AActor>* Actor = Actors.Find(Entity.id))
    (*Actor)->SetActorLocation(LocationOf(Position));
}

void UHeddleMirrorComponent::Removed(uint64_t Id) {
  TObjectPtr<AActor> Actor;
  if (Actors.RemoveAndCopyValue(Id, Actor) && IsValid(Actor)) Actor->Destroy();
}

FVector UHeddleMirrorComponent::LocationOf(const float Position[3]) const {
  return FVector(Position[0], Position[1], Position[2]) * CentimetresPerUnit;
}

void UHeddleMirrorComponent::Fail(const TCHAR* What) {
  const char* Said = heddle_last_error_message(Application);
  UE_LOG(LogHeddle, Error, TEXT("This process could not %s. %s"), What, UTF8_TO_TCHAR(Said));
  // Heddle starts an app again that ends without an orderly end: nothing says here that it is done.
  if (Application != nullptr) FPlatformMisc::RequestExit(true);
}

void UHeddleMirrorComponent::Leave() {
  Mirror.Clear();
  heddle_destroy_application(Application);
  Application = nullptr;
  bIsSubscribed = false;
}
