// One family's inner loops for the instruction set in use.
#pragma once

#include "cvfast/dispatch.h"

#if defined(CVFAST_X86_ISAS)
#define CVFAST_PICK(table)                                   \
  (::cvfast::active_isa() == ::cvfast::Isa::v4   ? v4::table \
   : ::cvfast::active_isa() == ::cvfast::Isa::v3 ? v3::table \
                                                 : baseline::table)
#else
#define CVFAST_PICK(table) (baseline::table)
#endif
