#include "cvfast/dispatch.h"

#include <cstdlib>
#include <stdexcept>

namespace cvfast {

namespace {

#if defined(CVFAST_X86_ISAS)
#if defined(__clang__)  // knows the levels by name since version 18 only
bool has_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
bool has_v4() {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
#else
bool has_v3() { return __builtin_cpu_supports("x86-64-v3"); }
bool has_v4() { return __builtin_cpu_supports("x86-64-v4"); }
#endif
#endif

bool runs_here(Isa isa) {
#if defined(CVFAST_X86_ISAS)
  __builtin_cpu_init();
  if (isa == Isa::v4) return has_v4();
  if (isa == Isa::v3) return has_v3();
#endif
  return isa == Isa::baseline;
}

Isa choose() {
  const char* forced = std::getenv("CVFAST_ISA");
  Isa best = Isa::baseline;
  std::string names;
  for (Isa isa : {Isa::baseline, Isa::v3, Isa::v4}) {
    if (!runs_here(isa)) continue;
    best = isa;
    names += (names.empty() ? "" : ", ") + isa_name(isa);
    if (forced != nullptr && isa_name(isa) == forced) return isa;
  }
  if (forced != nullptr && *forced != '\0') {
    throw std::invalid_argument("CVFAST_ISA: expected one of " + names + " on this machine, got '" +
                                forced + "'");
  }
  return best;
}

}  // namespace

std::string isa_name(Isa isa) {
  switch (isa) {
    case Isa::v4: return "x86-64-v4";
    case Isa::v3: return "x86-64-v3";
    case Isa::baseline: break;
  }
  return "baseline";
}

std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (Isa isa : {Isa::baseline, Isa::v3, Isa::v4}) {
    if (runs_here(isa)) names.push_back(isa_name(isa));
  }
  return names;
}

Isa active_isa() {
  static const Isa isa = choose();
  return isa;
}

}  // namespace cvfast
