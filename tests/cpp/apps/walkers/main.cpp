// A spatial app in the style of the service's guide, in several translation units. It makes the
// same world as walkers.ts: `walkers COUNT UNTIL`.

#include <aws/weaverruntime/WeaverRuntime.h>

#include "Couriers.h"
#include "Walkers.h"

namespace {

class App {
 public:
  App(Application application, int count, std::uint32_t until)
      : m_application(std::move(application)), m_count(count), m_until(until) {}

  Result<void> Run() {
    for (;;) {
      bool willBlock = true;
      while (willBlock) {
        WEAVERRUNTIME_TRY(willBlock, Api::BeginUpdateWillBlock(m_application));
      }
      WEAVERRUNTIME_TRY(Transaction transaction, Api::BeginUpdate(m_application));
      WEAVERRUNTIME_TRY(Update(transaction));
      WEAVERRUNTIME_TRY(Api::Commit(std::move(transaction)));
    }
  }

  Result<void> Shutdown() { return Api::DestroyApplication(std::move(m_application)); }

 private:
  Result<void> Update(Transaction& transaction) {
    WEAVERRUNTIME_TRY(auto tick, Api::CurrentTick(transaction));
    m_tick = static_cast<std::uint32_t>(tick.value);
    if (m_cell == Api::BoundingBox2F32{}) {
      WEAVERRUNTIME_TRY(Api::PartitionSet partitionSet, Api::AssignedPartitions(transaction));
      m_cell = partitionSet.partitions.front().bounds;
    }
    WEAVERRUNTIME_TRY(m_walkers.ProcessOwnershipChanges(transaction));
    if (m_tick == 1) {
      WEAVERRUNTIME_TRY(m_walkers.Spawn(transaction, m_cell, m_count));
    }
    WEAVERRUNTIME_TRY(const int received, ReceiveCouriers(transaction));
    m_received += received;
    if (m_tick >= m_until) return Success();
    WEAVERRUNTIME_TRY(m_walkers.Move(transaction));
    if (m_tick % 10 == 0) WEAVERRUNTIME_TRY(SendCourier(transaction, m_cell));
    if (m_tick % 20 == 0)
      std::cout << "walkers=" << m_walkers.Count() << " couriers=" << m_received << std::endl;
    return Success();
  }

  Application m_application;
  const int m_count;
  const std::uint32_t m_until;
  std::uint32_t m_tick = 0;
  int m_received = 0;
  Api::BoundingBox2F32 m_cell{};
  Walkers m_walkers{1000};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  Result<Application> made = Api::CreateApplication();
  if (!made) {
    ErrorCode errorCode = WEAVERRUNTIME_EXPECT_ERROR(made);
    std::cerr << static_cast<std::underlying_type_t<ErrorCode>>(errorCode) << ' '
              << Api::LastErrorMessage() << std::endl;
    return 1;
  }
  App app(std::move(made).assume_value(), std::atoi(argv[1]),
          static_cast<std::uint32_t>(std::atoi(argv[2])));
  const Result<void> result = app.Run();
  if (result.assume_error() != ErrorCode::ShuttingDown) {
    std::cout << "failed: " << result.as_failure().error() << ' ' << Api::LastErrorMessage()
              << std::endl;
    return 1;
  }
  WEAVERRUNTIME_EXPECT(app.Shutdown());
  return 0;
}
