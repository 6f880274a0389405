#pragma once

#include "kerf/error.h"  // IWYU pragma: export: public, since users of the library catch it
