// Messages of the value checks: "name[i]: expected X, got Y".
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace cvfast {

inline std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

[[noreturn]] inline void reject(const std::string& name, std::ptrdiff_t index,
                                const std::string& expected, double got) {
  throw std::invalid_argument(name + "[" + std::to_string(index) + "]: expected " + expected +
                              ", got " + shown(got));
}

// values: count rows of `columns`; the index in the message is the row's.
inline void check_finite(const std::string& name, const double* values, std::ptrdiff_t count,
                         std::ptrdiff_t columns = 1) {
  for (std::ptrdiff_t i = 0; i < count * columns; ++i) {
    if (!std::isfinite(values[i])) reject(name, i / columns, "finite numbers", values[i]);
  }
}

}  // namespace cvfast
