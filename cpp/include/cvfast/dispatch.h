// Which instruction set the inner loops run on: chosen once, at the first use.
#pragma once

#include <string>
#include <vector>

namespace cvfast {

enum class Isa { baseline, v3, v4 };

// The set in use: the best one here, or the one that the environment variable CVFAST_ISA forces.
// Throws std::invalid_argument, naming the choices, where that one is unknown or cannot run here.
Isa active_isa();
std::vector<std::string> available_isas();  // best last
std::string isa_name(Isa isa);

}  // namespace cvfast
