// What the families share: outputs are compared first, then calls are registered and timed.
#pragma once

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

// Of --threads=N: what ours and OpenCV's calls may use. BLAS, which dlib calls, reads its own from
// OPENBLAS_NUM_THREADS.
int threads();

// Each family's: compares the outputs and adds its cases.
void add_cases();

// Thrown where two outputs are further apart than they may be: nothing is timed then.
struct Disagreement : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Keeps for the JSON how near a contestant's output is to ours.
inline void agreed(const std::string& task, const std::string& who, const std::string& how) {
  benchmark::AddCustomContext("agreement/" + task + "/" + who, how);
}

inline void expect_near(const std::string& task, const std::string& who, double apart,
                        double allowed, const std::string& unit) {
  char figure[32];
  std::snprintf(figure, sizeof figure, "%.2g ", apart);
  if (!(apart <= allowed)) {
    throw Disagreement(task + ": " + who + " and cvfast differ by " + figure + unit +
                       ", expected at most " + std::to_string(allowed));
  }
  agreed(task, who, "within " + (figure + unit));
}

// Levels that two pictures differ by at most; more than `allowed` ends the run.
inline void expect_levels(const std::string& task, const std::string& who,
                          const std::vector<std::uint8_t>& ours, const std::uint8_t* theirs,
                          int allowed) {
  int most = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    const int apart = ours[i] - theirs[i];
    most = apart > most ? apart : -apart > most ? -apart : most;
  }
  const std::string levels = std::to_string(most) + (most == 1 ? " level" : " levels");
  if (most > allowed) {
    throw Disagreement(task + ": " + who + " and cvfast differ by " + levels +
                       ", expected at most " + std::to_string(allowed));
  }
  agreed(task, who, "within " + levels);
}

// Adds a call under task/who. It is warm when it is timed; a very slow one has shown enough in
// three rounds of one call.
template <typename Call>
void add(const std::string& task, const std::string& who, Call call) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  call();
  const bool slow = Clock::now() - start > std::chrono::milliseconds(1500);
  auto* const added = benchmark::RegisterBenchmark((task + "/" + who).c_str(),
                                                   [call](benchmark::State& state) mutable {
                                                     for ([[maybe_unused]] auto _ : state) {
                                                       call();
                                                       benchmark::ClobberMemory();
                                                     }
                                                   });
  added->Unit(benchmark::kMicrosecond);
  if (slow) added->Iterations(1)->Repetitions(3);
}

}  // namespace bench
