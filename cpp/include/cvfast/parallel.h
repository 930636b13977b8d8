// How many threads a call may use, and the one loop that uses them.
#pragma once

#include <cstddef>

namespace cvfast {

// Threads a call gets when it names none: set_num_threads, else the cores this process may use
// (affinity and cgroup quota). OMP_NUM_THREADS caps whatever is asked for.
int num_threads();
void set_num_threads(int threads);  // 0 returns to the default; negative throws

// Threads for one call. `requested` 0 means num_threads(). One where the work (in rough
// nanoseconds on one thread) would not pay for waking others, and one in a forked child, where
// libgomp's threads are gone and waiting for them would never end.
int threads_for(int requested, double nanoseconds);

// Where threads_for() stops staying serial; tests set 0 so that small cases run threaded too.
void set_serial_threshold(double nanoseconds);

bool has_openmp();

// body(i) for i in [0, count), split in equal runs. The body must not throw.
template <typename Body>
void parallel_for(std::ptrdiff_t count, int threads, const Body& body) {
#if defined(_OPENMP)
  if (threads > 1) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::ptrdiff_t i = 0; i < count; ++i) body(i);
    return;
  }
#endif
  (void)threads;
  for (std::ptrdiff_t i = 0; i < count; ++i) body(i);
}

// body(i, thread) for i in [0, count), one run a thread, so that each may have scratch memory of
// its own. The body must not throw.
template <typename Body>
void by_runs(std::ptrdiff_t count, int threads, const Body& body) {
  parallel_for(threads, threads, [&](std::ptrdiff_t thread) {
    const std::ptrdiff_t end = count * (thread + 1) / threads;
    for (std::ptrdiff_t i = count * thread / threads; i < end; ++i) body(i, thread);
  });
}

}  // namespace cvfast
