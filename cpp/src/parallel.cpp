#include "cvfast/parallel.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace cvfast {

namespace {

constexpr int kMostThreads = 1024;
// Below this a second thread gains little on idle cores, and on busy ones libgomp's threads wait
// for each other for milliseconds.
std::atomic<double> serial_below_nanoseconds{500e3};

std::atomic<int> chosen_threads{0};
std::atomic<bool> forked_child{false};

#if defined(__unix__) || defined(__APPLE__)
void mark_child() { forked_child.store(true, std::memory_order_relaxed); }
[[maybe_unused]] const int fork_handler = pthread_atfork(nullptr, nullptr, mark_child);
#endif

// CPUs that the control group may use at once (rounded up), or 0 where it sets no quota.
int cgroup_cpus() {
  double quota = -1, period = 0;
  std::ifstream v2("/sys/fs/cgroup/cpu.max");
  std::string text;
  if (v2 >> text >> period) {
    if (text != "max") quota = std::atof(text.c_str());
  } else {
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") >> quota;
    std::ifstream("/sys/fs/cgroup/cpu/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? static_cast<int>(std::ceil(quota / period)) : 0;
}

int usable_cpus() {
  int cpus = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) cpus = CPU_COUNT(&set);
#endif
  const int quota = cgroup_cpus();
  if (quota > 0) cpus = std::min(cpus, quota);
  return std::clamp(cpus, 1, kMostThreads);
}

int environment_cap() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  const int cap = text != nullptr ? std::atoi(text) : 0;
  return cap > 0 ? std::min(cap, kMostThreads) : kMostThreads;
}

int capped(int threads) {
  static const int cap = environment_cap();
  return std::min(threads, cap);
}

}  // namespace

void set_num_threads(int threads) {
  if (threads < 0) {
    throw std::invalid_argument("threads: expected 0 (the default) or more, got " +
                                std::to_string(threads));
  }
  chosen_threads.store(threads, std::memory_order_relaxed);
}

int num_threads() {
  static const int cpus = usable_cpus();
  const int chosen = chosen_threads.load(std::memory_order_relaxed);
  return capped(chosen > 0 ? chosen : cpus);
}

void set_serial_threshold(double nanoseconds) {
  serial_below_nanoseconds.store(nanoseconds, std::memory_order_relaxed);
}

int threads_for(int requested, double nanoseconds) {
  if (nanoseconds < serial_below_nanoseconds.load(std::memory_order_relaxed)) return 1;
  if (forked_child.load(std::memory_order_relaxed)) return 1;
  return requested > 0 ? capped(requested) : num_threads();
}

bool has_openmp() {
#if defined(_OPENMP)
  return true;
#else
  return false;
#endif
}

}  // namespace cvfast
