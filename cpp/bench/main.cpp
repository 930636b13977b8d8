#include <cstdlib>
#include <cstring>

#include "bench.h"
#include "cvfast/dispatch.h"
#include "cvfast/parallel.h"

#if defined(CVFAST_BENCH_OPENCV)
#include <opencv2/core.hpp>
#endif
#if defined(CVFAST_BENCH_DLIB)
#include <dlib/revision.h>
#endif

namespace {

int chosen_threads = 1;

void describe() {
  benchmark::AddCustomContext("cvfast", cvfast::isa_name(cvfast::active_isa()));
  benchmark::AddCustomContext("threads", std::to_string(chosen_threads));
#if defined(CVFAST_BENCH_OPENCV)
  benchmark::AddCustomContext("opencv", CV_VERSION " on " + cv::getCPUFeaturesLine());
#endif
#if defined(CVFAST_BENCH_DLIB)
  benchmark::AddCustomContext(
      "dlib", std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION));
#endif
}

}  // namespace

int bench::threads() { return chosen_threads; }

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);  // takes its own arguments out
  for (int i = 1; i < argc; ++i) {
    chosen_threads = std::strncmp(argv[i], "--threads=", 10) == 0 ? std::atoi(argv[i] + 10) : 0;
    if (chosen_threads < 1) {
      std::fprintf(stderr, "%s: expected --threads=N or --benchmark_..., got %s\n", argv[0],
                   argv[i]);
      return 2;
    }
  }
#if defined(CVFAST_BENCH_OPENCV)
  cv::setNumThreads(chosen_threads);
#endif
  try {
    describe();
    bench::add_cases();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
