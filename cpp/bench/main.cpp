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

#if defined(__unix__) || defined(__APPLE__)
#include <dlfcn.h>
#endif

namespace {

int chosen_threads = 1;

#if defined(CVFAST_BENCH_OPENCV) || defined(CVFAST_BENCH_DLIB)
// The BLAS behind OpenCV and dlib makes most of their time in pca: which one, on which kernels.
std::string blas() {
#if defined(__unix__) || defined(__APPLE__)
  using Text = char* (*)();
  const auto config = reinterpret_cast<Text>(dlsym(RTLD_DEFAULT, "openblas_get_config"));
  const auto core = reinterpret_cast<Text>(dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  if (config != nullptr && core != nullptr) {
    return std::string(config()) + ", kernels for " + core();
  }
#endif
  return "not OpenBLAS, and slow if it is the reference (Debian: apt-get install libopenblas-dev)";
}
#endif

void describe() {
  benchmark::AddCustomContext("cvfast", cvfast::isa_name(cvfast::active_isa()));
  benchmark::AddCustomContext("threads", std::to_string(chosen_threads));
#if defined(CVFAST_BENCH_OPENCV)
  benchmark::AddCustomContext("opencv", CV_VERSION " on " + cv::getCPUFeaturesLine());
#endif
#if defined(CVFAST_BENCH_OPENCV) || defined(CVFAST_BENCH_DLIB)
  benchmark::AddCustomContext("blas", blas());
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
